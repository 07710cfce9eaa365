package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// Register claims an invitation for an identity, first come first served, and puts everything that the person was given
// so far in progress with its due time (R23, R28, R29, R60, R61). Where somebody else than the addressee of a forwardable
// invitation registers, that person gets the roles instead. Refusals are *licensing.Error and audited.
func (s *Store) Register(ctx context.Context, r licensing.Registration) (licensing.Registered, error) {
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
		known, err := t.claimRequest(r.Request, org, "", "register", r, &out)
		if err != nil || known {
			return err
		}
		if err := licensing.MayRegister(g.rule(), r.Identity, r.Generation, t.now); err != nil {
			return err
		}
		g.request = r.Request
		if err := g.accept(r.Identity); err != nil {
			return err
		}
		out = g.out
		return t.answerRequest(r.Request, out, []string{})
	})
	if err != nil {
		s.refused(ctx, err, auditRow{OrgID: org, Action: "register", RequestID: opt(r.Request)})
	}
	return out, err
}

// acceptance is a registration on its way.
type acceptance struct {
	*tx
	invitation invitationRow
	addressee  userRow
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
	if !acceptor.Person().Registered() {
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
	mail := g.invitation.Mail(licensing.MailRegistered, g.now)
	mail.UserID = acceptor.ID
	g.out.User = acceptor.ID
	g.out.Propagation.Change, g.out.Propagation.Mail = g.invitation.Change(), mail.ID
	mails := []mailRow{mail}
	if acceptor.ID != g.addressee.ID {
		notice := g.invitation.Mail(licensing.MailForwarded, g.now)
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
		case !u.Person().InTenant():
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
	h, err := g.Holdings([]licensing.UserID{g.addressee.ID, to.ID})
	if err != nil {
		return err
	}
	all := sorted(h.Assignments[g.addressee.ID])
	inherited, err := g.Inheritance(to.OrgID, []licensing.UserID{to.ID}, all)
	if err != nil {
		return err
	}
	var p plan
	for _, l := range all {
		var given []licensing.Grant
		for _, grant := range h.Grants[g.addressee.ID][l] {
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
		if len(given) == len(h.Grants[g.addressee.ID][l]) {
			p.gone = append(p.gone, *h.Assignments[g.addressee.ID][l])
		}
		g.take(&p, to, h, l, given, inherited[to.ID][l] != "")
	}
	return p.write(g.tx)
}

// take plans what the acceptor gets on one License ID.
func (g *acceptance) take(p *plan, to *userRow, h holdings, l licensing.LicenseID, given []licensing.Grant, inherits bool) {
	mine := h.Grants[to.ID][l]
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
	a := *h.Assignments[g.addressee.ID][l]
	a.UserID = to.ID
	if own := h.Assignments[to.ID][l]; own != nil {
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
	i.Renew(g.policy, g.now)
	mail := i.Mail(licensing.MailWelcome, g.now)
	g.out.Again = i.Sending(mail.ID)
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
			WHERE user_id = ? AND license_id = ?`, g.invitation.Change(), due, at(g.now), u.ID, r.LicenseID)
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
	h, err := g.Holdings([]licensing.UserID{user})
	if err != nil {
		return err
	}
	for n, e := range g.out.Access {
		for _, grant := range h.Grants[user][e.License] {
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
