package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// Register claims an invitation for an identity, first come first served, and puts everything that the person was given
// so far in progress with its due time (R23, R28, R29, R60, R61). Where somebody else than the addressee of a forwardable
// invitation registers, that person gets the roles instead. Refusals are *licensing.Error and audited.
func (s *Store) Register(ctx context.Context, r licensing.Registration, p licensing.Policy, now time.Time) (licensing.Registered, error) {
	var out licensing.Registered
	who, err := r.Identity.Check()
	if err != nil {
		return out, err
	}
	r.Identity = who
	var org licensing.OrgID
	err = s.write(ctx, "register", func(t *tx) error {
		out = licensing.Registered{}
		g, err := t.readAcceptance(r)
		if err != nil {
			return err
		}
		org = g.invitation.OrgID
		known, err := t.claimRequest(r.Request, org, "", "register", r, &out, now)
		if err != nil || known {
			return err
		}
		if err := licensing.MayRegister(g.rule(), r.Identity, r.Generation, now); err != nil {
			return err
		}
		g.policy, g.now, g.request = p, now, r.Request
		if err := g.accept(r.Identity); err != nil {
			return err
		}
		out = g.out
		return t.answerRequest(r.Request, out, []string{})
	})
	if err != nil {
		s.refused(ctx, err, auditRow{At: at(now), OrgID: org, Action: "register", RequestID: opt(r.Request)})
	}
	return out, err
}

// Registered returns the answer that the same registration got before; NotFound where there was none.
func (s *Store) Registered(ctx context.Context, r licensing.Registration) (licensing.Registered, error) {
	var out licensing.Registered
	none := licensing.Refuse(licensing.NotFound, "R29", "there was no such registration")
	who, err := r.Identity.Check()
	if err != nil || !ids(string(r.Request), string(r.Invitation)) {
		return out, none
	}
	r.Identity = who
	var row struct {
		Org    licensing.OrgID `db:"org_id"`
		Digest string          `db:"digest"`
		Answer string          `db:"answer"`
	}
	err = s.reads.GetContext(ctx, &row, s.reads.Rebind(`
		SELECT q.org_id, q.digest, q.answer
		FROM invitations i
		JOIN requests q ON q.id = i.accepted_request AND q.kind = 'register'
		WHERE i.id = ? AND i.accepted_request = ?`), r.Invitation, r.Request)
	if errors.Is(err, sql.ErrNoRows) {
		return out, none
	}
	if err != nil {
		return out, fmt.Errorf("read registration: %w", err)
	}
	if digest, err := digestOf(row.Org, "", "register", r); err != nil || digest != row.Digest {
		return out, either(err, none)
	}
	return out, json.Unmarshal([]byte(row.Answer), &out)
}

// refused writes the audit line of a refusal in a transaction of its own, since the one that refused wrote nothing.
func (s *Store) refused(ctx context.Context, err error, row auditRow) {
	var e *licensing.Error
	if !errors.As(err, &e) || row.OrgID == "" {
		return
	}
	row.Outcome, row.Rule = "refused", opt(e.Rule)
	if row.Detail == "" {
		row.Detail = "{}"
	}
	// The refusal is the answer; an audit line that can't be written must not hide it, and the database says why in its log.
	_ = s.write(ctx, "audit refusal", func(t *tx) error { return t.audit(row) })
}

// acceptance is a registration on its way.
type acceptance struct {
	*tx
	invitation invitationRow
	addressee  userRow
	policy     licensing.Policy
	now        time.Time
	request    licensing.RequestID
	moved      []licensing.LicenseID // from the addressee to somebody else
	bound      bool                  // something stays with the addressee
	out        licensing.Registered
}

func (t *tx) readAcceptance(r licensing.Registration) (*acceptance, error) {
	notFound := licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
	if uuid.Validate(string(r.Invitation)) != nil {
		return nil, notFound
	}
	g := &acceptance{tx: t}
	if err := t.get(&g.invitation, selectInvitation+` WHERE i.id = ?`, r.Invitation); err != nil {
		if missing(err, "") != err {
			return nil, notFound
		}
		return nil, err
	}
	rows, err := t.lockUsers(g.invitation.OrgID, []string{string(g.invitation.UserID)}, []string{r.Identity.Email.Key()})
	if err != nil {
		return nil, err
	}
	for _, u := range rows {
		if u.ID == g.invitation.UserID {
			g.addressee = u
		}
	}
	return g, t.get(&g.invitation, t.lock(selectInvitation+` WHERE i.id = ?`, "i"), r.Invitation) // again, under the lock
}

func (g *acceptance) rule() licensing.Invitation {
	i := g.invitation
	return licensing.Invitation{
		State: i.State, Binding: i.Binding, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time, LastSentAt: i.LastSentAt.Time,
		SignIn: licensing.Email(g.addressee.SignInEmail), ObjectID: licensing.ObjectID(g.addressee.ObjectID),
		Left: g.addressee.ObjectID != "" && !g.addressee.InTenant,
	}
}

func (g *acceptance) accept(who licensing.Identity) error {
	acceptor, err := g.acceptor(who)
	if err != nil {
		return err
	}
	if acceptor.ID != g.addressee.ID {
		if err := g.move(acceptor); err != nil {
			return err
		}
	}
	if !acceptor.person().Registered() {
		acceptor.RegisteredAt = at(g.now)
		if err := g.updateUser(*acceptor); err != nil {
			return err
		}
	}
	if err := g.close(acceptor.ID); err != nil {
		return err
	}
	if g.bound {
		if err := g.again(); err != nil {
			return err
		}
	}
	if err := g.start(acceptor); err != nil {
		return err
	}
	mail := g.invitation.mail(licensing.MailRegistered, g.now)
	mail.UserID = acceptor.ID
	g.out.User = acceptor.ID
	g.out.Propagation.Change, g.out.Propagation.Mail = g.invitation.change(), mail.ID
	mails := []mailRow{mail}
	if acceptor.ID != g.addressee.ID {
		notice := g.invitation.mail(licensing.MailForwarded, g.now)
		notice.Data = detail(map[string]any{"licenses": g.moved})
		g.out.Notice = notice.ID
		mails = append(mails, notice)
	}
	return insert(g.tx, insertMail, mails)
}

// acceptor returns the profile that registers: the addressee's, or that of whoever got a forwarded invitation (R28).
func (g *acceptance) acceptor(who licensing.Identity) (*userRow, error) {
	dir, err := g.directory(g.invitation.OrgID, []string{who.Email.Key()})
	if err != nil {
		return nil, err
	}
	u := g.addressee
	if !g.rule().Addresses(who) {
		return g.stranger(who, dir)
	}
	if p, ok := dir.people[u.SignInKey]; ok && u.ObjectID == "" {
		var other int
		if err := g.get(&other, `SELECT COUNT(*) FROM users WHERE org_id = ? AND object_id = ?`, u.OrgID, p.ObjectID); err != nil {
			return nil, err
		}
		if other > 0 {
			return nil, licensing.Refuse(licensing.Conflict, "R47", "you have another profile here: ask the person who invited you to assign the roles to that one")
		}
		u.Kind, u.ObjectID, u.InTenant = licensing.Internal, opt(p.ObjectID), true
	}
	return &u, nil
}

// stranger returns the profile of somebody who is not the addressee: by object id first, since addresses are given to others
// (R47). Nobody who has left the tenant gets anything (R84).
func (g *acceptance) stranger(who licensing.Identity, dir directory) (*userRow, error) {
	foreign := licensing.Refuse(licensing.Forbidden, "R47", "your sign-in e-mail belongs to another account here: ask your organization's help desk")
	rows, err := g.lockUsers(g.invitation.OrgID, nil, []string{who.Email.Key()})
	if err != nil {
		return nil, err
	}
	if who.ObjectID != "" {
		var same []licensing.UserID
		if err := g.all(&same, `SELECT id FROM users WHERE org_id = ? AND object_id = ?`, g.invitation.OrgID, who.ObjectID); err != nil {
			return nil, err
		}
		if len(same) == 1 {
			if rows, err = g.lockUsers(g.invitation.OrgID, []string{string(same[0])}, nil); err != nil {
				return nil, err
			}
		}
	}
	if len(rows) == 1 {
		u := rows[0]
		switch {
		case u.ObjectID != "" && who.ObjectID != "" && u.ObjectID != opt(who.ObjectID):
			return nil, foreign
		case !u.person().InTenant():
			return nil, licensing.Refuse(licensing.Forbidden, "R84", "you are not in the organization's directory: ask your organization's help desk")
		}
		return &u, nil
	}
	if p, ok := dir.people[who.Email.Key()]; ok && who.ObjectID != "" && p.ObjectID != string(who.ObjectID) {
		return nil, foreign
	}
	name := licensing.CleanName(who.Name)
	if name == "" {
		name = string(who.Email)
	}
	u, refusal := dir.newcomer(who.Email, "", name, g.now)
	if refusal != nil {
		return nil, refusal
	}
	u.OrgID = g.invitation.OrgID
	return &u, insert(g.tx, insertUser, []userRow{u})
}

// move gives what the contract gave the addressee to the acceptor, beside what that person has already (R28). A role that
// excludes one of those stays behind, audited (R19, R92). What an admin gave is bound to the addressee and stays.
func (g *acceptance) move(to *userRow) error {
	h, err := g.holdings([]licensing.UserID{g.addressee.ID, to.ID})
	if err != nil {
		return err
	}
	all := sorted(h.assignments[g.addressee.ID])
	inherited, err := g.inheritance(to.OrgID, []licensing.UserID{to.ID}, all)
	if err != nil {
		return err
	}
	var p plan
	for _, l := range all {
		var given []licensing.Grant
		for _, grant := range h.grants[g.addressee.ID][l] {
			if grant.Origin == licensing.ByAdmin {
				g.bound = true
				continue
			}
			given = append(given, grant)
			p.cleared = append(p.cleared, grantRow{LicenseID: l, UserID: g.addressee.ID, Role: grant.Role})
		}
		if len(given) == 0 {
			continue
		}
		g.moved = append(g.moved, l)
		if len(given) == len(h.grants[g.addressee.ID][l]) {
			p.gone = append(p.gone, *h.assignments[g.addressee.ID][l])
		}
		g.take(&p, to, h, l, given, inherited[to.ID][l] != "")
	}
	return p.write(g.tx)
}

// take plans what the acceptor gets on one License ID.
func (g *acceptance) take(p *plan, to *userRow, h holdings, l licensing.LicenseID, given []licensing.Grant, inherits bool) {
	mine := h.grants[to.ID][l]
	var added []grantRow
	for _, grant := range given {
		held := slices.ContainsFunc(mine, func(o licensing.Grant) bool { return o.Role == grant.Role })
		row := g.line("register.forwarded", to.ID, l)
		row.Rule = "R28"
		d := map[string]any{"addressee": g.addressee.ID, "acceptor": to.ID, "role": grant.Role}
		switch {
		case held:
		case licensing.Exclude(grant.Role, mine):
			row.Rule, row.Outcome = "R19", "refused"
		case grant.Role == licensing.InvoiceReader && inherits:
			row.Rule, row.Outcome = "R92", "refused"
		default:
			d["added"] = []licensing.Role{grant.Role}
			added = append(added, grantRow{LicenseID: l, UserID: to.ID, Role: grant.Role, Origin: grant.Origin, GrantedBy: g.invitation.InvitedBy, GrantedAt: at(g.now)})
		}
		row.Detail = detail(d)
		p.audit = append(p.audit, row)
	}
	if len(added) == 0 {
		return
	}
	a := *h.assignments[g.addressee.ID][l]
	a.UserID = to.ID
	if own := h.assignments[to.ID][l]; own != nil {
		a = *own
	}
	// Pending, even where something of the acceptor's was in progress: its due time can't be later than the one that start
	// gives it in a moment, and the fence moves to this change.
	a.State, a.ChangeID, a.DueAt, a.Attempts, a.Reason = licensing.Pending, "", moment{}, 0, ""
	p.assignments, p.grants = append(p.assignments, a), append(p.grants, added...)
}

// again invites the addressee anew, bound, to what an admin gave and nobody else may take (R28).
func (g *acceptance) again() error {
	var by opt
	err := g.get(&by, `SELECT added_by FROM assignments WHERE user_id = ? AND added_by IS NOT NULL ORDER BY changed_at DESC, license_id LIMIT 1`, g.addressee.ID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	i := invitationRow{
		ID: licensing.InvitationID(uuid.NewString()), OrgID: g.invitation.OrgID, UserID: g.addressee.ID, Generation: 1, Binding: licensing.Bound,
		InviteSeconds: g.invitation.InviteSeconds, InvitedBy: by, CreatedAt: at(g.now),
	}
	i.renew(g.policy, g.now)
	mail := i.mail(licensing.MailWelcome, g.now)
	g.out.Again = i.sending(mail.ID)
	if err := insert(g.tx, insertInvitation, []invitationRow{i}); err != nil {
		return err
	}
	return insert(g.tx, insertMail, []mailRow{mail})
}

// close ends the invitation, and the acceptor's own where there is one: registering takes everything up (R23).
func (g *acceptance) close(acceptor licensing.UserID) error {
	_, err := g.exec(`
		UPDATE invitations
		SET state = 'accepted', accepted_at = ?, accepted_by = ?, accepted_request = ?
		WHERE id = ? OR (user_id = ? AND state NOT IN ('accepted', 'cancelled'))`,
		at(g.now), acceptor, g.request, g.invitation.ID, acceptor)
	return err
}

// start puts every pending assignment of the acceptor in progress (R60).
func (g *acceptance) start(u *userRow) error {
	var rows []struct {
		LicenseID   licensing.LicenseID `db:"license_id"`
		ProcessedAt moment              `db:"processed_at"`
	}
	err := g.all(&rows, `
		SELECT a.license_id, g.processed_at
		FROM assignments a
		JOIN agreements g ON g.license_id = a.license_id
		WHERE a.user_id = ? AND a.state = 'pending'
		ORDER BY a.license_id`, u.ID)
	if err != nil {
		return err
	}
	var times []time.Time
	for _, r := range rows {
		due := at(g.policy.DueAt(g.now, r.ProcessedAt.Time))
		_, err := g.exec(`
			UPDATE assignments
			SET state = 'propagating', change_id = ?, due_at = ?, changed_at = ?
			WHERE user_id = ? AND license_id = ?`, g.invitation.change(), due, at(g.now), u.ID, r.LicenseID)
		if err != nil {
			return err
		}
		times = append(times, due.Time)
		row := g.line("register", u.ID, r.LicenseID)
		row.Rule, row.Before, row.After = "R23", opt(licensing.InvitationSent), opt(licensing.AssignmentInProgress)
		if err := g.audit(row); err != nil {
			return err
		}
		g.out.Access = append(g.out.Access, licensing.AccessEntry{License: r.LicenseID, DueAt: due.Time, Status: licensing.AssignmentInProgress})
	}
	g.out.Propagation.Dues = dues(times)
	return g.readRoles(u.ID)
}

func (g *acceptance) readRoles(user licensing.UserID) error {
	h, err := g.holdings([]licensing.UserID{user})
	if err != nil {
		return err
	}
	for n, e := range g.out.Access {
		for _, grant := range h.grants[user][e.License] {
			g.out.Access[n].Roles = append(g.out.Access[n].Roles, grant.Role)
		}
		g.out.Access[n].Roles = licensing.SortRoles(g.out.Access[n].Roles)
	}
	return nil
}

func (g *acceptance) line(action string, user licensing.UserID, l licensing.LicenseID) auditRow {
	return auditRow{
		At: at(g.now), OrgID: g.invitation.OrgID, Actor: opt(user), Action: action, Outcome: "done",
		UserID: opt(user), LicenseID: opt(l), RequestID: opt(g.request), Detail: "{}",
	}
}

func sorted(m map[licensing.LicenseID]*assignmentRow) []licensing.LicenseID {
	var ids []licensing.LicenseID
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Resend queues the same link once more, after the cool-down (R58).
func (s *Store) Resend(ctx context.Context, c licensing.Command, p licensing.Policy, now time.Time) (licensing.Sending, error) {
	return s.resending(ctx, c, "resend", now, func(_ *tx, i *invitationRow) error {
		if err := licensing.MayResend(ruleOf(i), now, p); err != nil {
			return err
		}
		i.Sendings++
		i.LastSentAt = at(now)
		return nil
	})
}

// Reset opens the next generation of an invitation: a new link, full time; all older links are dead (R58).
func (s *Store) Reset(ctx context.Context, c licensing.Command, p licensing.Policy, now time.Time) (licensing.Sending, error) {
	return s.resending(ctx, c, "reset", now, func(_ *tx, i *invitationRow) error {
		if err := licensing.MayReset(ruleOf(i)); err != nil {
			return err
		}
		i.Generation++
		i.InvitedBy = opt(c.By)
		i.renew(p, now)
		return nil
	})
}

func ruleOf(i *invitationRow) licensing.Invitation {
	if i == nil {
		return licensing.Invitation{}
	}
	return licensing.Invitation{State: i.State, Binding: i.Binding, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time, LastSentAt: i.LastSentAt.Time}
}

// resending is what resend and reset share: lock, authority, rule, row, mail, audit.
func (s *Store) resending(ctx context.Context, c licensing.Command, action string, now time.Time, decide func(*tx, *invitationRow) error) (licensing.Sending, error) {
	var out licensing.Sending
	err := s.write(ctx, action, func(t *tx) error {
		out = licensing.Sending{}
		known, err := t.claimRequest(c.Request, c.Org, c.By, action, c, &out, now)
		if err != nil || known {
			return err
		}
		i, seen, err := t.commandedInvitation(c)
		if err != nil {
			return err
		}
		if err := licensing.MayInvite(seen.user.person()); err != nil {
			return err
		}
		before := i.State
		if err := decide(t, i); err != nil {
			return err
		}
		if err := t.updateInvitation(*i); err != nil {
			return err
		}
		mail := i.mail(licensing.MailWelcome, now)
		if err := insert(t, insertMail, []mailRow{mail}); err != nil {
			return err
		}
		out = i.sending(mail.ID)
		for _, l := range seen.mine {
			err := t.audit(auditRow{
				At: at(now), OrgID: c.Org, Actor: opt(c.By), Action: action, Outcome: "done", UserID: opt(c.User), LicenseID: opt(l),
				RequestID: opt(c.Request), Rule: "R58", Before: opt(statusOfInvitation(before)), After: opt(licensing.InvitationSent),
				Detail: detail(map[string]any{"generation": i.Generation}),
			})
			if err != nil {
				return err
			}
		}
		return t.answerRequest(c.Request, out, []string{})
	})
	if err != nil {
		s.refused(ctx, err, refusal(c, action, now))
	}
	return out, err
}

func refusal(c licensing.Command, action string, now time.Time) auditRow {
	return auditRow{At: at(now), OrgID: c.Org, Actor: opt(c.By), Action: action, RequestID: opt(c.Request)}
}

func statusOfInvitation(s licensing.InvitationState) licensing.Status {
	return licensing.StatusOf(licensing.Person{Kind: licensing.External}, licensing.Pending, s)
}

// commanded is what a command is about: the user, locked, what the user has, and on which License IDs of it the caller may
// decide.
type commanded struct {
	user     userRow
	holdings holdings
	mine     []licensing.LicenseID
}

// command reads what a command is about. A caller who may decide on none of the user's License IDs learns only that there
// is no such user (R05, R43).
func (t *tx) command(c licensing.Command) (commanded, error) {
	hidden := licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
	var out commanded
	rows, err := t.lockUsers(c.Org, []string{string(c.User)}, nil)
	if err != nil {
		return out, err
	}
	if len(rows) == 0 {
		return out, hidden
	}
	out.user = rows[0]
	if out.holdings, err = t.holdings([]licensing.UserID{c.User}); err != nil {
		return out, err
	}
	all := sorted(out.holdings.assignments[c.User])
	may, err := t.administers(c.Org, c.By, all)
	if err != nil {
		return out, err
	}
	out.mine = slices.DeleteFunc(all, func(l licensing.LicenseID) bool { return !may[l] })
	if len(out.mine) == 0 {
		return out, hidden
	}
	return out, nil
}

// commandedInvitation reads what a command on an invitation is about: the newest one.
func (t *tx) commandedInvitation(c licensing.Command) (*invitationRow, commanded, error) {
	seen, err := t.command(c)
	if err != nil {
		return nil, seen, err
	}
	i, err := t.newestInvitation(c.User)
	if err == nil && i == nil {
		err = licensing.Refuse(licensing.Conflict, "R58", "the person has no invitation")
	}
	return i, seen, err
}

// Cancel takes back what the caller administers of a person who has not registered; when nothing is left the invitation
// ends and its links are dead (R82).
func (s *Store) Cancel(ctx context.Context, c licensing.Command, now time.Time) (licensing.Withdrawal, error) {
	var out licensing.Withdrawal
	err := s.write(ctx, "cancel", func(t *tx) error {
		out = licensing.Withdrawal{}
		known, err := t.claimRequest(c.Request, c.Org, c.By, "cancel", c, &out, now)
		if err != nil || known {
			return err
		}
		i, seen, err := t.commandedInvitation(c)
		if err != nil {
			return err
		}
		if i.State == licensing.InvitationAccepted || seen.user.person().Registered() {
			return licensing.Refuse(licensing.Conflict, "R62", "the person has registered already: remove the roles instead")
		}
		if err := t.withdraw(c, i, seen.mine, now, &out); err != nil {
			return err
		}
		return t.answerRequest(c.Request, out, []string{})
	})
	if err != nil {
		s.refused(ctx, err, refusal(c, "cancel", now))
	}
	return out, err
}

func (t *tx) withdraw(c licensing.Command, i *invitationRow, licenses []licensing.LicenseID, now time.Time, out *licensing.Withdrawal) error {
	for _, l := range licenses {
		if _, err := t.exec(`DELETE FROM assignments WHERE user_id = ? AND license_id = ?`, c.User, l); err != nil {
			return err
		}
		err := t.audit(auditRow{
			At: at(now), OrgID: c.Org, Actor: opt(c.By), Action: "cancel", Outcome: "done", UserID: opt(c.User), LicenseID: opt(l),
			RequestID: opt(c.Request), Rule: "R82", Before: opt(statusOfInvitation(i.State)), Detail: "{}",
		})
		if err != nil {
			return err
		}
	}
	out.Withdrawn = len(licenses)
	if err := t.get(&out.Remaining, `SELECT COUNT(*) FROM assignments WHERE user_id = ?`, c.User); err != nil {
		return err
	}
	if out.Remaining > 0 {
		return nil
	}
	out.Ended = true
	_, err := t.exec(`UPDATE invitations SET state = 'cancelled' WHERE id = ? AND state NOT IN ('accepted', 'cancelled')`, i.ID)
	return err
}

// Remind queues the reminder of a generation, once, where the invitation is still open; "" where there is nothing to send.
func (s *Store) Remind(ctx context.Context, id licensing.InvitationID, generation int, now time.Time) (licensing.MailID, error) {
	var mail licensing.MailID
	err := s.write(ctx, "remind", func(t *tx) error {
		mail = ""
		i, err := t.fenced(id, generation, licensing.InvitationOpen)
		if err != nil || i == nil {
			return err
		}
		row := i.mail(licensing.MailReminder, now)
		mail = row.ID
		return t.queueOnce(row)
	})
	return mail, err
}

// Expire ends a generation that nobody accepted in time, and queues the notice to the inviting admin, once (R56). It
// returns "" where there is nobody to tell, or where the generation ended in another way.
func (s *Store) Expire(ctx context.Context, id licensing.InvitationID, generation int, now time.Time) (licensing.MailID, error) {
	var mail licensing.MailID
	err := s.write(ctx, "expire", func(t *tx) error {
		mail = ""
		i, err := t.fenced(id, generation, licensing.InvitationOpen, licensing.InvitationRefused, licensing.InvitationLapsed)
		if err != nil || i == nil {
			return err
		}
		row := i.mail(licensing.MailExpired, now)
		row.UserID = licensing.UserID(i.InvitedBy)
		if i.InvitedBy != "" {
			mail = row.ID
		}
		if i.State == licensing.InvitationLapsed {
			return nil // a second attempt of this step
		}
		before := i.State
		i.State = licensing.InvitationLapsed
		if err := t.updateInvitation(*i); err != nil {
			return err
		}
		licenses, err := t.auditAll(i.UserID, auditRow{
			At: at(now), OrgID: i.OrgID, Action: "expire", Outcome: "done", Rule: "R56",
			Before: opt(statusOfInvitation(before)), After: opt(licensing.InvitationExpired), Detail: "{}",
		})
		if err != nil || mail == "" {
			return err
		}
		row.Data = detail(map[string]any{"person": i.UserID, "licenses": licenses})
		return t.queueOnce(row)
	})
	return mail, err
}

// Break marks a generation Failed with the reason: its mail can't be delivered, or its run was ended from outside. An
// admin can reset it.
func (s *Store) Break(ctx context.Context, id licensing.InvitationID, generation int, reason string, now time.Time) error {
	return s.write(ctx, "mark invitation as failed", func(t *tx) error {
		i, err := t.fenced(id, generation, licensing.InvitationOpen)
		if err != nil || i == nil {
			return err
		}
		i.State, i.Reason = licensing.InvitationRefused, opt(reason)
		if err := t.updateInvitation(*i); err != nil {
			return err
		}
		_, err = t.auditAll(i.UserID, auditRow{
			At: at(now), OrgID: i.OrgID, Action: "invitation.failed", Outcome: "done", Rule: "R55",
			Before: opt(licensing.InvitationSent), After: opt(licensing.Failed), Detail: detail(map[string]any{"reason": reason}),
		})
		return err
	})
}

// fenced locks an invitation and returns it where it is still of this generation and in one of the states, else nil.
func (t *tx) fenced(id licensing.InvitationID, generation int, states ...licensing.InvitationState) (*invitationRow, error) {
	var user licensing.UserID
	if err := t.get(&user, `SELECT user_id FROM invitations WHERE id = ?`, id); err != nil {
		return nil, missing(err, "invitation")
	}
	var one int
	if err := t.get(&one, t.lock(`SELECT 1 FROM users u WHERE u.id = ?`, "u"), user); err != nil {
		return nil, err
	}
	var i invitationRow
	if err := t.get(&i, t.lock(selectInvitation+` WHERE i.id = ?`, "i"), id); err != nil {
		return nil, err
	}
	if i.Generation != generation || !slices.Contains(states, i.State) {
		return nil, nil
	}
	return &i, nil
}

// auditAll writes the line once for each License ID that the user has something on, and returns them.
func (t *tx) auditAll(user licensing.UserID, row auditRow) ([]licensing.LicenseID, error) {
	var ids []licensing.LicenseID
	if err := t.all(&ids, `SELECT license_id FROM assignments WHERE user_id = ? ORDER BY license_id`, user); err != nil {
		return nil, err
	}
	var rows []auditRow
	for _, l := range ids {
		row.UserID, row.LicenseID = opt(user), opt(l)
		rows = append(rows, row)
	}
	return ids, t.audit(rows...)
}

// queueOnce puts a mail in the ledger; a second attempt of the same step finds it there.
func (t *tx) queueOnce(row mailRow) error {
	return insert(t, insertMail+` ON CONFLICT (id) DO NOTHING`, []mailRow{row})
}

// Activate makes what a change put in progress effective, as far as it is due at upTo, and returns how many License IDs
// became active. Rows that another change took over, or that are gone, are not touched (R51, R53).
func (s *Store) Activate(ctx context.Context, user licensing.UserID, change licensing.ChangeID, upTo, now time.Time) (int, error) {
	var ids []licensing.LicenseID
	err := s.write(ctx, "activate", func(t *tx) error {
		ids = nil
		err := t.all(&ids, `
			UPDATE assignments
			SET state = 'active', due_at = NULL, attempts = 0, reason = NULL, reference = NULL, changed_at = ?
			WHERE user_id = ? AND change_id = ? AND state = 'propagating' AND due_at <= ?
			RETURNING license_id`, at(now), user, change, at(upTo))
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, l := range ids {
			if _, err := t.exec(`UPDATE grants SET effective = true WHERE user_id = ? AND license_id = ?`, user, l); err != nil {
				return err
			}
		}
		return t.auditChange(user, ids, auditRow{At: at(now), Action: "activate", Outcome: "done", Rule: "R51",
			Before: opt(licensing.AssignmentInProgress), After: opt(licensing.Active), Detail: "{}"})
	})
	return len(ids), err
}

// Fail marks what a change has due at upTo as Failed with the reason and a reference, and counts the attempt (R54). What
// was effective before stays so.
func (s *Store) Fail(ctx context.Context, user licensing.UserID, change licensing.ChangeID, upTo time.Time, reason string, now time.Time) error {
	return s.write(ctx, "mark assignment as failed", func(t *tx) error {
		var ids []licensing.LicenseID
		err := t.all(&ids, `
			UPDATE assignments
			SET state = 'failed', due_at = NULL, attempts = attempts + 1, reason = ?, reference = ?, changed_at = ?
			WHERE user_id = ? AND change_id = ? AND state = 'propagating' AND due_at <= ?
			RETURNING license_id`, reason, reference(user, change), at(now), user, change, at(upTo))
		if err != nil || len(ids) == 0 {
			return err
		}
		return t.auditChange(user, ids, auditRow{At: at(now), Action: "fail", Outcome: "done", Rule: "R54",
			Before: opt(licensing.AssignmentInProgress), After: opt(licensing.Failed), Detail: detail(map[string]any{"reason": reason})})
	})
}

// reference is what a person quotes to support: short, the same for the same attempt, without meaning.
func reference(user licensing.UserID, change licensing.ChangeID) string {
	sum := sha256.Sum256([]byte(string(user) + "\x00" + string(change)))
	return "VL-" + strings.ToUpper(hex.EncodeToString(sum[:5]))
}

func (t *tx) auditChange(user licensing.UserID, ids []licensing.LicenseID, row auditRow) error {
	if err := t.get(&row.OrgID, `SELECT org_id FROM users WHERE id = ?`, user); err != nil {
		return err
	}
	var rows []auditRow
	for _, l := range ids {
		row.UserID, row.LicenseID = opt(user), opt(l)
		rows = append(rows, row)
	}
	return t.audit(rows...)
}

// Effective returns a user's grants as a downstream system must know them before Activate: what is effective, with what
// is due at upTo by any change, so that of two changes told at once none takes back the other's, and Administrator where it
// is inherited (R88). A person who may use nothing has none (R02, R84).
func (s *Store) Effective(ctx context.Context, user licensing.UserID, upTo time.Time) (licensing.Effective, error) {
	var e licensing.Effective
	err := s.read(ctx, "read effective grants", func(t *tx) error {
		var u userRow
		if err := t.get(&u, selectUser+` WHERE u.id = ?`, user); err != nil {
			return missing(err, "user")
		}
		e = licensing.Effective{Org: u.OrgID, User: u.ID, Email: licensing.Email(u.SignInEmail), Object: licensing.ObjectID(u.ObjectID), Grants: []licensing.EffectiveGrant{}}
		if !u.person().Registered() || !u.person().InTenant() {
			return nil
		}
		var rows []grantRow
		err := t.all(&rows, `
			SELECT g.license_id, g.role
			FROM grants g
			JOIN assignments a ON a.user_id = g.user_id AND a.license_id = g.license_id
			WHERE g.user_id = ? AND (g.effective OR a.state = 'propagating' AND a.due_at <= ?)
			ORDER BY g.license_id, g.role`, user, at(upTo))
		if err != nil {
			return err
		}
		for _, r := range rows {
			e.Grants = append(e.Grants, licensing.EffectiveGrant{License: r.LicenseID, Role: r.Role})
		}
		return t.inheritedBy(&e)
	})
	return e, err
}

// inheritedBy adds Administrator where the user inherits it and doesn't hold it.
func (t *tx) inheritedBy(e *licensing.Effective) error {
	all, err := t.preferences(e.Org, e.User, "")
	if err != nil {
		return err
	}
	for _, p := range all {
		if !p.Inherit {
			continue
		}
		below, err := t.below(p.License)
		if err != nil {
			return err
		}
		for _, l := range below {
			g := licensing.EffectiveGrant{License: l, Role: licensing.Administrator}
			if !slices.Contains(p.Without, l) && !slices.Contains(e.Grants, g) {
				e.Grants = append(e.Grants, g)
			}
		}
	}
	return nil
}

// Standing returns where an invitation stands.
func (s *Store) Standing(ctx context.Context, id licensing.InvitationID) (licensing.Standing, error) {
	if uuid.Validate(string(id)) != nil {
		return licensing.Standing{}, licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
	}
	return s.standing(ctx, selectInvitation+` WHERE i.id = ?`, id)
}

// StandingOf returns where the newest invitation of a user stands.
func (s *Store) StandingOf(ctx context.Context, org licensing.OrgID, user licensing.UserID) (licensing.Standing, error) {
	if uuid.Validate(string(user)) != nil {
		return licensing.Standing{}, licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
	}
	return s.standing(ctx, selectInvitation+` WHERE i.org_id = ? AND i.user_id = ?`+newestFirst, org, user)
}

func (s *Store) standing(ctx context.Context, query string, args ...any) (licensing.Standing, error) {
	var i invitationRow
	if err := s.reads.GetContext(ctx, &i, s.reads.Rebind(query), args...); err != nil {
		return licensing.Standing{}, fmt.Errorf("read invitation: %w", missing(err, "invitation"))
	}
	return licensing.Standing{Org: i.OrgID, User: i.UserID, State: i.State, Sending: i.sending("")}, nil
}
