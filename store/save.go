package store

import (
	"context"
	"crypto/sha256"
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

// Save decides a request of an admin and writes what was accepted: users, invitations, assignments, grants, mails in the
// ledger and audit, in one transaction (R05–R76 as package licensing judges them). A refusal of one person or License ID
// writes its audit line only. The same request gives the same answer again; other content under the same id is a
// Conflict. A request as a whole is refused with an *licensing.Error where its form is wrong or the caller is nobody.
func (s *Store) Save(ctx context.Context, sv licensing.Save, p licensing.Policy, now time.Time) (licensing.SaveAnswer, error) {
	sv, err := sv.Check(p)
	if err != nil {
		return licensing.SaveAnswer{}, err
	}
	var answer licensing.SaveAnswer
	err = s.write(ctx, "save", func(t *tx) error {
		answer = licensing.SaveAnswer{}
		known, err := t.claimRequest(sv.ID, sv.Org, sv.Admin, "save", sv, &answer, now)
		if err != nil || known {
			return err
		}
		d := &decision{tx: t, save: sv, policy: p, now: now}
		if err := d.read(); err != nil {
			return err
		}
		d.judge()
		if err := d.write(); err != nil {
			return err
		}
		answer = d.answer
		return t.answerRequest(sv.ID, answer, d.plan.work)
	})
	if err != nil {
		s.refused(ctx, err, auditRow{At: at(now), OrgID: sv.Org, Actor: opt(sv.Admin), Action: "save", RequestID: opt(sv.ID)})
	}
	return answer, err
}

// errVerified rolls back what was decided for its verdicts alone.
var errVerified = errors.New("verified")

// Verify returns what Save would answer now, with no effect (R67). It takes the same locks for a moment.
func (s *Store) Verify(ctx context.Context, sv licensing.Save, p licensing.Policy, now time.Time) (licensing.SaveAnswer, error) {
	sv, err := sv.Check(p)
	if err != nil {
		return licensing.SaveAnswer{}, err
	}
	var answer licensing.SaveAnswer
	err = s.write(ctx, "verify", func(t *tx) error {
		d := &decision{tx: t, save: sv, policy: p, now: now}
		if err := d.read(); err != nil {
			return err
		}
		d.judge()
		answer = d.answer
		for n, person := range d.people {
			if !person.known {
				answer.People[n].User = "" // there is no such profile yet
			}
		}
		return errVerified
	})
	if errors.Is(err, errVerified) {
		err = nil
	}
	return answer, err
}

// Work returns what has to be started or ended for a request, in the order of its people.
func (s *Store) Work(ctx context.Context, id licensing.RequestID) ([]licensing.Work, error) {
	var text string
	if err := s.reads.GetContext(ctx, &text, s.reads.Rebind(`SELECT work FROM requests WHERE id = ?`), id); err != nil {
		return nil, fmt.Errorf("read work of request: %w", missing(err, "request"))
	}
	var work []licensing.Work
	if err := json.Unmarshal([]byte(text), &work); err != nil {
		return nil, fmt.Errorf("read work of request: %w", err)
	}
	return work, nil
}

// claimRequest makes the request's row. known says that the request was answered before: answer holds that answer.
func (t *tx) claimRequest(id licensing.RequestID, org licensing.OrgID, by licensing.UserID, kind string, content, answer any, now time.Time) (known bool, err error) {
	if uuid.Validate(string(id)) != nil {
		return false, licensing.Refuse(licensing.Invalid, "", "the request id must be a UUID").In("id")
	}
	if uuid.Validate(string(org)) != nil || by != "" && uuid.Validate(string(by)) != nil {
		return false, licensing.Refuse(licensing.Forbidden, "R05", "there is no such organization or user")
	}
	var found int
	if err := t.get(&found, `SELECT COUNT(*) FROM organizations WHERE id = ?`, org); err != nil {
		return false, err
	}
	if found == 0 {
		return false, licensing.Refuse(licensing.Forbidden, "R05", "there is no such organization or user")
	}
	digest, err := digestOf(org, by, kind, content)
	if err != nil {
		return false, err
	}
	n, err := t.exec(`
		INSERT INTO requests (id, org_id, by_user, kind, digest, created_at)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, id, org, opt(by), kind, digest, at(now))
	if err != nil || n == 1 {
		return false, err
	}
	var row struct{ Digest, Answer string }
	if err := t.get(&row, `SELECT digest, answer FROM requests WHERE id = ?`, id); err != nil {
		return false, err
	}
	if row.Digest != digest {
		return false, licensing.Refuse(licensing.Conflict, "", "this request id was used for another request: take a new one")
	}
	return true, json.Unmarshal([]byte(row.Answer), answer)
}

// digestOf tells a request from another one under the same id.
func digestOf(org licensing.OrgID, by licensing.UserID, kind string, content any) (string, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(kind+"\x00"+string(org)+"\x00"+string(by)+"\x00"), text...))
	return hex.EncodeToString(sum[:]), nil
}

func (t *tx) answerRequest(id licensing.RequestID, answer, work any) error {
	a, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	w, err := json.Marshal(work)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE requests SET answer = ?, work = ? WHERE id = ?`, string(a), string(w), id)
	return err
}

// purpose is in whose name and what for people's roles are decided.
type purpose int

const (
	saving      purpose = iota // an admin's save
	contracting                // in the contract's name: no confirmation, invitations may be forwarded (R03, R28)
	deleting                   // the people's roles go, all of them that the caller administers (R80)
	seating                    // support makes somebody admin where there is none (R33)
	handing                    // the caller hands License IDs over to the one person (R30, R32)
	taking                     // the successor takes over: the one person's Administrator goes (R31)
)

// decision is one save on its way from facts to verdicts to rows.
type decision struct {
	*tx
	save   licensing.Save
	policy licensing.Policy
	now    time.Time

	purpose purpose
	reason  string // of seating

	people     []*subject // in the order of the request
	agreements map[licensing.LicenseID]licensing.Agreement
	authority  map[licensing.LicenseID]bool                                     // License IDs that the caller administers
	admins     map[licensing.LicenseID][]licensing.UserID                       // active admins, where one may be removed
	above      map[licensing.UserID]map[licensing.LicenseID]licensing.LicenseID // where the people inherit Administrator, and from where (R88)
	sources    holdings                                                         // what roles are copied from (R72)
	parents    map[licensing.LicenseID]bool                                     // License IDs with others below them, of those that roles are copied to

	answer licensing.SaveAnswer
	plan   plan
}

// subject is one person of a request.
type subject struct {
	change      licensing.PersonChange
	user        userRow
	known       bool // has a row already
	invitation  *invitationRow
	assignments map[licensing.LicenseID]*assignmentRow
	grants      map[licensing.LicenseID][]licensing.Grant
	processed   map[licensing.LicenseID]time.Time // when the agreements of its assignments were processed
	refusal     *licensing.Error

	stopped      []licensing.ChangeID // in progress, and taken away
	byAssignment bool                 // registers by this request (R76)
	visible      bool                 // the caller may see the person (R43)
	stay         bool                 // a profile is made for the person even where nothing is given: a contact
}

func (d *decision) read() error {
	for _, read := range []func() error{d.readCaller, d.readAgreements, d.readPeople, d.readHoldings, d.readSources, d.readAuthority, d.readInheritance} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (d *decision) readCaller() error {
	u, err := d.user(d.save.Org, d.save.Admin)
	if err != nil {
		return err
	}
	if u == nil || !u.person().Registered() || !u.person().InTenant() {
		return licensing.Refuse(licensing.Forbidden, "R05", "only a registered administrator of the License IDs can assign roles")
	}
	return nil
}

// readAgreements locks those that may lose an admin (R33), all in one order.
func (d *decision) readAgreements() error {
	if err := d.lockAgreements(d.losing()); err != nil {
		return err
	}
	var all []licensing.LicenseID
	for _, p := range d.save.People {
		for _, c := range p.Access {
			all = append(all, c.License)
		}
	}
	d.agreements = map[licensing.LicenseID]licensing.Agreement{}
	for part := range slices.Chunk(unique(all), batch) {
		var rows []agreementRow
		if err := d.in(&rows, `SELECT license_id, processed_at, invitation FROM agreements WHERE org_id = ? AND license_id IN (?)`, d.save.Org, part); err != nil {
			return err
		}
		for _, r := range rows {
			d.agreements[r.LicenseID] = licensing.Agreement{License: r.LicenseID, ProcessedAt: r.ProcessedAt.Time, NoInvitation: r.Invitation == "none"}
		}
	}
	return nil
}

// losing returns the License IDs that may lose an admin by the request, or must have none for it.
func (d *decision) losing() []licensing.LicenseID {
	var out []licensing.LicenseID
	for _, p := range d.save.People {
		for _, c := range p.Access {
			if slices.Contains(c.Remove, licensing.Administrator) || c.From != nil && c.From.Replace || d.purpose == seating {
				out = append(out, c.License)
			}
		}
	}
	return unique(out)
}

// readPeople finds and locks the users, and works out who the new ones are.
func (d *decision) readPeople() error {
	ids, keys := []string{""}, []string{""} // IN () is no SQL; no id and no key is empty
	for _, p := range d.save.People {
		if p.User != "" {
			ids = append(ids, string(p.User))
		} else {
			keys = append(keys, p.SignIn.Key())
		}
	}
	byID, byKey := map[licensing.UserID]userRow{}, map[string]userRow{}
	rows, err := d.lockUsers(d.save.Org, ids, keys)
	if err != nil {
		return err
	}
	for _, u := range rows {
		byID[u.ID], byKey[u.SignInKey] = u, u
	}
	known := map[licensing.UserID]int{}
	for n, p := range d.save.People {
		s := &subject{change: p, assignments: map[licensing.LicenseID]*assignmentRow{}, grants: map[licensing.LicenseID][]licensing.Grant{}}
		if p.User != "" {
			s.user, s.known = byID[p.User]
		} else {
			s.user, s.known = byKey[p.SignIn.Key()]
		}
		if p.User != "" && !s.known {
			s.refusal = licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
		}
		if first, twice := known[s.user.ID]; s.known && twice {
			s.refusal = licensing.Refuse(licensing.Invalid, "R66", "the same person stands at people[%d] already", first)
		} else if s.known {
			known[s.user.ID] = n
		}
		d.people = append(d.people, s)
	}
	return d.readNewcomers()
}

// readNewcomers works out kind, name and directory object of people without a row (R44, R63, R64).
func (d *decision) readNewcomers() error {
	var keys []string
	for _, s := range d.people {
		if !s.known && s.refusal == nil {
			keys = append(keys, s.change.SignIn.Key())
		}
	}
	dir, err := d.directory(d.save.Org, keys)
	if err != nil {
		return err
	}
	for _, s := range d.people {
		if s.known || s.refusal != nil {
			continue
		}
		s.user, s.refusal = dir.newcomer(s.change.SignIn, s.change.Business, s.change.Name, d.now)
		s.user.OrgID = d.save.Org
		if d.purpose == contracting && s.refusal != nil && s.refusal.Rule == "R63" {
			s.refusal = nil // a contact whom the directory doesn't know shows as User not found (R57)
		}
	}
	return nil
}

func (d *decision) readHoldings() error {
	by := map[licensing.UserID]*subject{}
	var ids []licensing.UserID
	for _, s := range d.people {
		if s.known && s.refusal == nil {
			by[s.user.ID] = s
			ids = append(ids, s.user.ID)
		}
	}
	h, err := d.holdings(ids)
	if err != nil {
		return err
	}
	for id, s := range by {
		s.invitation, s.assignments, s.grants, s.processed = h.invitation[id], h.assignments[id], h.grants[id], h.processed[id]
	}
	return nil
}

// readAuthority finds on which License IDs the caller may decide, and who else could (R05, R33, R69).
func (d *decision) readAuthority() error {
	var ids []licensing.LicenseID
	for id := range d.agreements {
		ids = append(ids, id)
	}
	for _, s := range d.people {
		for id := range s.assignments {
			ids = append(ids, id)
		}
	}
	for _, s := range d.people {
		for _, c := range s.change.Access {
			if c.From != nil {
				ids = append(ids, c.From.License)
			}
		}
	}
	var err error
	if d.authority, err = d.administers(d.save.Org, d.save.Admin, ids); err != nil {
		return err
	}
	d.admins, err = d.activeAdmins(d.losing())
	return err
}

// readInheritance finds who of the people is Administrator by inheritance where something changes (R87, R92).
func (d *decision) readInheritance() error {
	var users []licensing.UserID
	for _, s := range d.people {
		if s.known {
			users = append(users, s.user.ID)
		}
	}
	var ids []licensing.LicenseID
	for id := range d.agreements {
		ids = append(ids, id)
	}
	var err error
	d.above, err = d.inheritance(d.save.Org, users, ids)
	return err
}

// readSources reads what roles are copied from (R72, R77).
func (d *decision) readSources() error {
	var users []licensing.UserID
	var targets []licensing.LicenseID
	for _, s := range d.people {
		for _, c := range s.change.Access {
			if c.From == nil {
				continue
			}
			targets = append(targets, c.License)
			if uuid.Validate(string(s.source(c))) == nil {
				users = append(users, s.source(c))
			}
		}
	}
	var err error
	if d.sources, err = d.holdings(unique(users)); err != nil {
		return err
	}
	d.parents = map[licensing.LicenseID]bool{}
	for part := range slices.Chunk(unique(targets), batch) {
		var some []licensing.LicenseID
		if err := d.in(&some, `SELECT DISTINCT parent FROM agreements WHERE parent IN (?)`, part); err != nil {
			return err
		}
		for _, id := range some {
			d.parents[id] = true
		}
	}
	return nil
}

// source returns whose roles a change copies.
func (s *subject) source(c licensing.AccessChange) licensing.UserID {
	if c.From.User != "" {
		return c.From.User
	}
	return s.user.ID
}

// paste turns a change that copies roles into one that adds and removes them.
func (d *decision) paste(s *subject, c licensing.AccessChange) (licensing.AccessChange, error) {
	if c.From == nil {
		return c, nil
	}
	source := d.sources.grants[s.source(c)][c.From.License]
	if err := licensing.MayPaste(*c.From, source, d.authority[c.From.License], d.parents[c.License]); err != nil {
		return c, err
	}
	c.Add, c.Remove = licensing.Paste(source, s.grants[c.License], c.From.Replace)
	return c, nil
}

func (d *decision) judge() {
	for _, s := range d.people {
		d.answer.People = append(d.answer.People, d.judgePerson(s))
	}
}

func (d *decision) judgePerson(s *subject) licensing.PersonVerdict {
	v := licensing.PersonVerdict{User: s.user.ID}
	if s.refusal != nil {
		v.Error, v.User = s.refusal, ""
		d.plan.audit = append(d.plan.audit, d.auditRefusal(s, "", s.refusal))
		return v
	}
	d.registerByAssignment(s)
	var accepted []licensing.Verdict
	judged := map[licensing.LicenseID]licensing.Judgement{}
	for _, c := range s.change.Access {
		one, j := d.judgeChange(s, c)
		v.Verdicts = append(v.Verdicts, one)
		if one.Outcome != licensing.Refused && one.Outcome != licensing.Unchanged {
			accepted = append(accepted, one)
			judged[c.License] = j
		}
	}
	s.visible = len(accepted) > 0 || d.mayTouch(s)
	if !s.visible && !s.stay {
		if !s.known || s.user.ID != d.save.Admin {
			v.User = "" // whether there is such a user is not for this caller to know (R43)
		}
		if len(s.change.Access) == 0 {
			v.Error = licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
			d.plan.audit = append(d.plan.audit, d.auditRefusal(s, "", v.Error))
		}
		return v
	}
	v.Updated = d.plan.person(d, s)
	for _, one := range accepted {
		d.plan.change(d, s, one, judged[one.License])
	}
	d.plan.follow(d, s, append(accepted, d.takeUp(s, judged)...))
	return v
}

// registerByAssignment makes the person registered where something is accepted on an agreement that invites nobody (R76).
func (d *decision) registerByAssignment(s *subject) {
	if s.user.person().Registered() {
		return
	}
	for _, c := range s.change.Access {
		if !d.agreements[c.License].NoInvitation {
			continue
		}
		s.user.RegisteredAt = at(d.now)
		if c, j, refusal := d.judgement(s, c); refusal == nil && j.Outcome == licensing.Assigned && len(c.Add) > 0 {
			s.byAssignment = true
			return
		}
		s.user.RegisteredAt = moment{}
	}
}

// withdrawal is the end of the run of an invitation that has nothing left to wait for.
func (d *decision) withdrawal(s *subject) licensing.Work {
	return licensing.Work{Kind: licensing.WorkWithdraw, Org: d.save.Org, Request: d.save.ID, User: s.user.ID,
		Sending: licensing.Sending{Invitation: s.invitation.ID, Generation: s.invitation.Generation}}
}

// takeUp puts everything in progress that waited for the registration of a person who registers by assignment (R23, R76),
// and returns what there was besides the request.
func (d *decision) takeUp(s *subject, judged map[licensing.LicenseID]licensing.Judgement) []licensing.Verdict {
	if !s.byAssignment {
		return nil
	}
	var out []licensing.Verdict
	for _, l := range sorted(s.assignments) {
		a := s.assignments[l]
		if _, done := judged[l]; done || a.State != licensing.Pending {
			continue
		}
		v := licensing.Verdict{License: l, Outcome: licensing.Assigned, Before: licensing.InvitationSent, After: licensing.AssignmentInProgress,
			DueAt: d.policy.DueAt(d.now, s.processed[l])}
		for _, g := range s.grants[l] {
			v.Added = append(v.Added, g.Role)
		}
		v.Added = licensing.SortRoles(v.Added)
		d.plan.change(d, s, v, licensing.Judgement{Outcome: v.Outcome, Next: licensing.Propagating, DueAt: v.DueAt})
		out = append(out, v)
	}
	if s.invitation != nil {
		d.plan.accepted = append(d.plan.accepted, acceptedRow{ID: s.invitation.ID, At: at(d.now), By: s.user.ID, Request: d.save.ID})
		d.plan.work = append(d.plan.work, d.withdrawal(s))
	}
	return out
}

// mayTouch says whether the caller may correct the person's name and business e-mail: where he administers one of the
// person's License IDs (R48).
func (d *decision) mayTouch(s *subject) bool {
	for l := range s.assignments {
		if d.authority[l] {
			return true
		}
	}
	return false
}

func (d *decision) judgeChange(s *subject, c licensing.AccessChange) (licensing.Verdict, licensing.Judgement) {
	f := d.facts(s, c.License)
	v := licensing.Verdict{License: c.License, Before: f.Before()}
	c, j, refusal := d.judgement(s, c)
	if refusal != nil {
		v.Outcome, v.Error, v.After = licensing.Refused, refusal, v.Before
		if !f.Administers {
			v.Before, v.After = "", "" // what the caller may not see
		}
		d.plan.audit = append(d.plan.audit, d.auditRefusal(s, c.License, refusal))
		return v, j
	}
	v.Outcome, v.Added, v.Removed, v.DueAt = j.Outcome, j.Add, j.Remove, j.DueAt
	v.After = v.Before
	if j.Outcome == licensing.Unchanged {
		return v, j
	}
	if a := s.assignments[c.License]; a != nil && a.State == licensing.Broken {
		v.Reference = string(a.Reference)
		if j.Outcome == licensing.Assigned && a.Attempts >= licensing.SupportAfter {
			v.Advice = licensing.Advice(licensing.Failed, a.Attempts, d.policy)
		}
	}
	after := f.Invitation
	if j.Outcome == licensing.Invited {
		after = licensing.InvitationOpen
	}
	v.After = ""
	if j.Next != licensing.NotAssigned {
		v.After = licensing.StatusOf(f.Person, j.Next, after)
	}
	if slices.Contains(j.Remove, licensing.Administrator) {
		d.admins[c.License] = without(d.admins[c.License], s.user.ID)
	}
	return v, j
}

// judgement asks the rules about one change, and returns what it comes to.
func (d *decision) judgement(s *subject, c licensing.AccessChange) (licensing.AccessChange, licensing.Judgement, *licensing.Error) {
	f := d.facts(s, c.License)
	c, err := d.paste(s, c)
	if err == nil && d.purpose == handing && f.Administers {
		mine := len(without(d.admins[c.License], d.save.Admin)) < len(d.admins[c.License])
		err = licensing.MayHandOver(c.License, mine, f.Self)
	}
	if err != nil {
		return c, licensing.Judgement{}, licensing.RefusalOf(err)
	}
	j, refusal := licensing.Judge(f, c)
	return c, j, refusal
}

func (d *decision) facts(s *subject, l licensing.LicenseID) licensing.Facts {
	f := licensing.Facts{
		Now:         d.now,
		Policy:      d.policy,
		Administers: d.authority[l],
		Self:        s.known && s.user.ID == d.save.Admin,
		Person:      s.user.person(),
		Held:        s.grants[l],
		OtherAdmins: len(without(d.admins[l], s.user.ID)),
		Contract:    d.purpose == contracting,
		Deleting:    d.purpose == deleting,
	}
	f.Above, f.AdminAbove = d.above[s.user.ID][l]
	if a, ok := d.agreements[l]; ok {
		f.Agreement = &a
	}
	if i := s.invitation; i != nil {
		f.Invitation = i.State
		if i.State == licensing.InvitationOpen && !d.now.Before(i.ExpiresAt.Time) {
			f.Invitation = licensing.InvitationLapsed // its timer is a moment late: nobody can accept it any more (R56)
		}
	}
	if a := s.assignments[l]; a != nil {
		f.Assignment, f.DueAt, f.Attempts = a.State, a.DueAt.Time, a.Attempts
	}
	return f
}

func (d *decision) auditRefusal(s *subject, l licensing.LicenseID, e *licensing.Error) auditRow {
	row := auditRow{
		At: at(d.now), OrgID: d.save.Org, Actor: opt(d.save.Admin), Action: d.action(), Outcome: "refused",
		LicenseID: opt(l), RequestID: opt(d.save.ID), Rule: opt(e.Rule), Detail: "{}",
	}
	if s.known {
		row.UserID = opt(s.user.ID)
	}
	return row
}

func (d *decision) write() error {
	if d.purpose == saving || d.purpose == handing {
		if err := d.confirm(); err != nil {
			return err
		}
	}
	d.answer.Work = len(d.plan.work)
	return d.plan.write(d.tx)
}

// confirm plans the mail to the admin (R75).
func (d *decision) confirm() error {
	confirm := mailRow{
		ID: licensing.MailID(string(d.save.ID) + ".confirmation"), OrgID: d.save.Org, UserID: d.save.Admin,
		Kind: licensing.MailConfirmation, State: licensing.MailQueued, QueuedAt: at(d.now),
	}
	data := confirmationData{Request: d.save.ID}
	for _, s := range d.people {
		p := personData{Name: s.user.Name, Email: licensing.Email(s.user.SignInEmail)}
		if !s.visible { // what the caller typed, and no more (R35, R43)
			p = personData{Name: s.change.Name, Email: s.change.SignIn}
		}
		data.People = append(data.People, p)
	}
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	confirm.Data = string(text)
	d.plan.mails = append(d.plan.mails, confirm)
	d.answer.Confirmation = confirm.ID
	return nil
}

// confirmationData and personData are the data of a confirmation mail: the request, and who its people are, in its order.
type confirmationData struct {
	Request licensing.RequestID `json:"request"`
	People  []personData        `json:"people"`
}

type personData struct {
	Name  string          `json:"name"`
	Email licensing.Email `json:"email"`
}

func unique[T ~string](in []T) []T {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}

func without(in []licensing.UserID, id licensing.UserID) []licensing.UserID {
	return slices.DeleteFunc(slices.Clone(in), func(u licensing.UserID) bool { return u == id })
}

// nameKey is how the list sorts and finds names.
func nameKey(name string) string { return strings.ToLower(name) }

// FinishWork forgets the work of a request whose workflows have all been started, so that a late repetition of the
// request starts nothing again.
func (s *Store) FinishWork(ctx context.Context, id licensing.RequestID) error {
	return s.write(ctx, "finish work of request", func(t *tx) error {
		_, err := t.exec(`UPDATE requests SET work = '[]' WHERE id = ?`, id)
		return err
	})
}
