package store

import (
	"slices"
	"time"

	"vlroles/licensing"
)

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
	save licensing.Save

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

// paste turns a change that copies roles into one that adds and removes them.
func (d *decision) paste(s *subject, c licensing.AccessChange) (licensing.AccessChange, *licensing.Error) {
	if c.From == nil {
		return c, nil
	}
	source := d.sources.Grants[s.source(c)][c.From.License]
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
	if s.user.Person().Registered() {
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
	c, refusal := d.paste(s, c)
	if refusal == nil && d.purpose == handing && f.Administers {
		mine := len(without(d.admins[c.License], d.save.Admin)) < len(d.admins[c.License])
		refusal = licensing.MayHandOver(c.License, mine, f.Self)
	}
	if refusal != nil {
		return c, licensing.Judgement{}, refusal
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
		Person:      s.user.Person(),
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

// imported plans a profile that exists elsewhere already: registered then, and Administrator effective at once where nothing
// was held before. Everything else is judged as for anybody.
func (p *plan) imported(d *decision, s *subject, since time.Time) licensing.PersonVerdict {
	if s.known && !s.user.Person().Registered() {
		return d.judgePerson(s) // invited meanwhile: the invitation decides
	}
	v := licensing.PersonVerdict{User: s.user.ID}
	if !s.known {
		s.user.RegisteredAt = at(since)
		p.users = append(p.users, s.user)
	}
	var later []licensing.Verdict
	for _, c := range s.change.Access {
		fresh := s.assignments[c.License] == nil
		one, j := d.judgeChange(s, c)
		switch {
		case one.Outcome == licensing.Refused || one.Outcome == licensing.Unchanged:
		case fresh && slices.Equal(one.Added, []licensing.Role{licensing.Administrator}):
			one.DueAt, one.After = time.Time{}, licensing.StatusOf(s.user.Person(), licensing.Settled, "")
			j.Next, j.DueAt = licensing.Settled, time.Time{}
			p.change(d, s, one, j)
			p.grants[len(p.grants)-1].Effective = true
		default:
			p.change(d, s, one, j)
			later = append(later, one)
		}
		v.Verdicts = append(v.Verdicts, one)
	}
	p.follow(d, s, later)
	return v
}
