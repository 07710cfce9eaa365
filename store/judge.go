package store

import (
	"slices"

	"vlroles/licensing"
)

// judge asks the rules about everything that was asked for one person.
func (d *decision) judge(s *subject) {
	s.verdict = licensing.PersonVerdict{User: s.user.ID}
	if s.refusal != nil {
		d.refuse(s, s.refusal)
		s.verdict.User = ""
		return
	}
	d.registerByAssignment(s)
	for _, c := range s.Access {
		d.judgeChange(s, c)
	}
	s.visible = len(s.changes) > 0 || d.touches(s)
	if !s.visible && !s.contact {
		d.hide(s)
		return
	}
	s.updates = s.known && d.corrects(s)
	s.verdict.Updated = s.updates
	if s.registers {
		d.takeUp(s, d.Mandate)
	}
}

// hide keeps from the caller whether there is such a person (R43).
func (d *decision) hide(s *subject) {
	if !s.known || s.user.ID != d.by {
		s.verdict.User = ""
	}
	if len(s.Access) == 0 {
		d.refuse(s, licensing.Hidden())
	}
}

// refuse refuses the person as a whole.
func (d *decision) refuse(s *subject, e *licensing.Error) {
	s.verdict.Error = e
	s.refused = append(s.refused,
		change{Verdict: licensing.Verdict{Outcome: licensing.Refused, Error: e}, under: d.Mandate})
}

// corrects says whether the request brings another name or business email (R44, R48). A directory's name
// comes from the directory, and an import doesn't change the profile of somebody who has one (R25).
func (d *decision) corrects(s *subject) bool {
	if !s.registered.IsZero() {
		return false
	}
	name := s.Name != "" && s.Name != s.user.Name && s.user.Kind == licensing.External
	return name || s.Business != "" && string(s.Business) != s.user.BusinessEmail
}

// touches says whether the mandate holds on one of the person's License IDs, so that name and
// business email may be corrected (R48).
func (d *decision) touches(s *subject) bool {
	return slices.ContainsFunc(sorted(s.assignments),
		func(l licensing.LicenseID) bool { return d.authority[l] })
}

// registerByAssignment makes the person registered where something is accepted on
// an agreement that invites nobody (R76).
func (d *decision) registerByAssignment(s *subject) {
	if s.user.Person().Registered() {
		return
	}
	for _, c := range s.Access {
		if !d.agreements[c.License].NoInvitation {
			continue
		}
		s.user.RegisteredAt = ts(d.now)
		if c, j, refusal := d.ask(s, c); refusal == nil && j.Outcome == licensing.Assigned && len(c.Add) > 0 {
			s.registers = true
			return
		}
		s.user.RegisteredAt = timestamp{}
	}
}

// takeUp puts everything in progress that waited for the registration of the person (R23, R60, R76).
func (d *decision) takeUp(s *subject, under licensing.Mandate) {
	for _, l := range sorted(s.assignments) {
		judged := slices.ContainsFunc(s.changes, func(c change) bool { return c.License == l })
		if judged || s.assignments[l].State != licensing.AssignmentPending {
			continue
		}
		due := d.policy.DueAt(d.now, s.processed[l])
		c := change{under: under, Judgement: licensing.Judgement{Outcome: licensing.Assigned,
			Next: licensing.AssignmentPropagating, DueAt: due},
			Verdict: licensing.Verdict{License: l, Outcome: licensing.Assigned, DueAt: due,
				Before: licensing.StatusInvitationSent, After: licensing.StatusAssignmentInProgress}}
		for _, g := range s.grants[l] {
			c.Added = append(c.Added, g.Role)
		}
		c.Added = licensing.SortRoles(c.Added)
		s.changes = append(s.changes, c)
	}
}

// judgeChange judges one change and notes the verdict.
func (d *decision) judgeChange(s *subject, asked licensing.AccessChange) {
	f := d.facts(s, asked.License)
	_, j, refusal := d.ask(s, asked)
	c := change{Judgement: j, under: f.Mandate,
		Verdict: licensing.Verdict{License: asked.License, Before: f.Before()}}
	switch {
	case refusal != nil:
		c.Verdict.Outcome, c.Error, c.After = licensing.Refused, refusal, c.Before
		if !f.Administers {
			c.Before, c.After = "", "" // what the caller may not see
		}
		s.refused = append(s.refused, c)
	case j.Outcome == licensing.Unchanged:
		c.Verdict.Outcome, c.Verdict.DueAt, c.After = j.Outcome, j.DueAt, c.Before
	default:
		d.accept(s, f, &c)
		s.changes = append(s.changes, c)
	}
	s.verdict.Verdicts = append(s.verdict.Verdicts, c.Verdict)
}

// accept fills the verdict of a change that was accepted.
func (d *decision) accept(s *subject, f licensing.Facts, c *change) {
	v, j := &c.Verdict, c.Judgement
	v.Outcome, v.Added, v.Removed, v.DueAt = j.Outcome, j.Add, j.Remove, j.DueAt
	if old := s.assignments[v.License]; old != nil && old.At(d.now).State == licensing.AssignmentFailed {
		a := old.At(d.now)
		v.Reference = string(a.Reference)
		if j.Outcome == licensing.Assigned && a.Attempts >= licensing.SupportAfter {
			v.Advice = licensing.Advice(licensing.StatusFailed, a.Attempts, d.policy)
		}
	}
	after := f.Invitation
	if j.Outcome == licensing.Invited {
		after = licensing.InvitationOpen
	}
	if j.Next != licensing.AssignmentNone {
		v.After = licensing.StatusOf(f.Person.On(f.Suspended && !j.GiveBack), j.Next, after)
	}
	if slices.Contains(j.Remove, licensing.Administrator) {
		d.admins[v.License] = without(d.admins[v.License], s.user.ID)
	}
}

// ask asks the rules about one change; one that copies roles becomes one that adds and removes them.
func (d *decision) ask(
	s *subject, c licensing.AccessChange,
) (licensing.AccessChange, licensing.Judgement, *licensing.Error) {
	if err := d.facts(s, c.License).MayDecide(); err != nil {
		return c, licensing.Judgement{}, err
	}
	if c.From != nil {
		source := d.sources.Grants[s.source(c)][c.From.License]
		err := licensing.MayPaste(*c.From, source, d.authority[c.From.License], d.parents[c.License])
		if err != nil {
			return c, licensing.Judgement{}, licensing.RefusalOf(err)
		}
		c.Add, c.Remove = licensing.Paste(source, s.grants[c.License], c.From.Replace)
	}
	j, refusal := licensing.Judge(d.facts(s, c.License), c)
	return c, j, refusal
}

// facts is what the rules must know of one person on one License ID.
func (d *decision) facts(s *subject, l licensing.LicenseID) licensing.Facts {
	f := licensing.Facts{
		Now:         d.now,
		Policy:      d.policy,
		Mandate:     d.Mandate,
		Administers: d.authority[l],
		Self:        s.known && s.user.ID == d.by,
		OwnAdmin:    slices.Contains(d.admins[l], d.by),
		Person:      s.user.Person(),
		Held:        s.grants[l],
		OtherAdmins: len(without(d.admins[l], s.user.ID)),
	}
	if s.imported {
		f.Mandate = licensing.ImportMandate
	}
	f.Above, f.AdminAbove = d.above[s.user.ID][l]
	if a, ok := d.agreements[l]; ok {
		f.Agreement = &a
	}
	if i := s.invitation; i != nil {
		f.Invitation = i.State.At(i.ExpiresAt.Time, d.now)
	}
	if a := s.assignments[l]; a != nil {
		f.Assignment, f.DueAt, f.Attempts = a.State, a.DueAt.Time, a.Attempts
		f.Suspended = a.Suspended
	}
	return f
}
