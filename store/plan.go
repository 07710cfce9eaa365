package store

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// plan is what a decision writes.
type plan struct {
	users       []userRow
	updates     []userRow
	invitations []invitationRow // new ones
	renewals    []invitationRow
	withdrawn   []licensing.InvitationID
	accepted    []acceptedRow
	assignments []assignmentRow
	gone        []assignmentRow
	grants      []grantRow
	cleared     []grantRow
	mails       []mailRow
	audit       []auditRow
	work        []licensing.Work
}

// acceptedRow is an invitation that a registration took up.
type acceptedRow struct {
	ID      licensing.InvitationID
	At      moment
	By      licensing.UserID
	Request licensing.RequestID
}

// changed is what an audit line says of roles: added ones wait until they are activated, removed ones are gone.
type changed struct {
	Added   []licensing.Role  `json:"added,omitempty"`
	Removed []licensing.Role  `json:"removed,omitempty"`
	Outcome licensing.Outcome `json:"outcome,omitempty"`
	Reason  string            `json:"reason,omitempty"`
}

// person plans a new profile, or a corrected name or business e-mail.
func (p *plan) person(d *decision, s *subject) (updated bool) {
	if !s.known {
		p.users = append(p.users, s.user)
		return false
	}
	if b := s.change.Business; b != "" && string(b) != s.user.BusinessEmail {
		s.user.BusinessEmail, updated = string(b), true
	}
	// A directory's name comes from the directory (R44).
	if n := s.change.Name; n != "" && n != s.user.Name && s.user.Kind == licensing.External {
		s.user.Rename(n)
		updated = true
	}
	if updated || s.byAssignment {
		p.updates = append(p.updates, s.user)
	}
	if updated {
		p.audit = append(p.audit, auditRow{
			At: at(d.now), OrgID: d.save.Org, Actor: opt(d.save.Admin), Action: "user.update", Outcome: "done",
			UserID: opt(s.user.ID), RequestID: opt(d.save.ID), Rule: "R48", Detail: "{}",
		})
	}
	return updated
}

// change plans what an accepted change writes on its License ID.
func (p *plan) change(d *decision, s *subject, v licensing.Verdict, j licensing.Judgement) {
	a := assignmentRow{
		UserID: s.user.ID, LicenseID: v.License, OrgID: d.save.Org, State: j.Next, DueAt: at(j.DueAt),
		Attempts: j.Attempts, AddedBy: opt(d.save.Admin), ChangedAt: at(d.now),
	}
	if j.Next == licensing.Propagating {
		a.ChangeID = opt(d.save.ID)
	}
	if old := s.assignments[v.License]; old != nil {
		a.AddedBy = old.AddedBy
		if j.Next != licensing.Settled {
			a.Reference = old.Reference
		}
		if j.Next == licensing.Broken {
			a.Reason = old.Reason
		}
	}
	if j.Next == licensing.NotAssigned {
		p.gone = append(p.gone, a)
		if old := s.assignments[v.License]; old != nil && old.State == licensing.Propagating {
			s.stopped = append(s.stopped, licensing.ChangeID(old.ChangeID))
		}
		delete(s.assignments, v.License)
	} else {
		p.assignments = append(p.assignments, a)
		s.assignments[v.License] = &a
	}
	for _, r := range j.Add {
		p.grants = append(p.grants, grantRow{
			LicenseID: v.License, UserID: s.user.ID, Role: r, Origin: d.origin(r),
			GrantedBy: opt(d.save.Admin), GrantedAt: at(d.now),
		})
	}
	for _, r := range j.Remove {
		p.cleared = append(p.cleared, grantRow{LicenseID: v.License, UserID: s.user.ID, Role: r})
	}
	p.audit = append(p.audit, auditRow{
		At: at(d.now), OrgID: d.save.Org, Actor: opt(d.save.Admin), Action: d.action(), Outcome: "done", UserID: opt(s.user.ID),
		LicenseID: opt(v.License), RequestID: opt(d.save.ID), Rule: d.rule(s, v), Before: opt(v.Before), After: opt(v.After),
		Detail: detail(changed{Added: v.Added, Removed: v.Removed, Outcome: v.Outcome, Reason: d.reason}),
	})
}

// follow plans what the person's accepted changes need besides: an invitation, a propagation, or an end.
func (p *plan) follow(d *decision, s *subject, accepted []licensing.Verdict) {
	if len(accepted) == 0 {
		return
	}
	p.stop(d, s)
	if s.user.Person().Registered() {
		p.propagate(d, s, accepted)
		return
	}
	pending := len(s.assignments) > 0
	switch {
	case slices.ContainsFunc(accepted, func(v licensing.Verdict) bool { return v.Outcome == licensing.Invited }):
		period, err := d.policy.InvitePeriod(d.save.InviteFor)
		if err != nil {
			period = d.policy.InviteFor // Check has refused this already
		}
		p.invite(s, invitationTerms{
			org: d.save.Org, request: d.save.ID, by: d.save.Admin, binding: d.binding(), period: period,
			policy: d.policy, now: d.now,
		})
	case !pending && s.invitation != nil:
		p.withdrawn = append(p.withdrawn, s.invitation.ID)
		p.work = append(p.work, d.withdrawal(s))
	}
}

// stop plans the end of the runs that have nothing left to make effective (R82).
func (p *plan) stop(d *decision, s *subject) {
	for _, c := range unique(s.stopped) {
		left := slices.ContainsFunc(sorted(s.assignments), func(l licensing.LicenseID) bool {
			a := s.assignments[l]
			return a.State == licensing.Propagating && licensing.ChangeID(a.ChangeID) == c
		})
		if !left {
			p.work = append(p.work, licensing.Work{Kind: licensing.WorkStop, Org: d.save.Org, Request: d.save.ID, User: s.user.ID,
				Propagation: licensing.Propagation{Change: c}})
		}
	}
}

// propagate plans the assignment run of a registered person: one mail a save, whatever the number of License IDs (R70).
func (p *plan) propagate(d *decision, s *subject, accepted []licensing.Verdict) {
	run := licensing.Propagation{
		Change: licensing.ChangeID(d.save.ID),
		Mail:   licensing.MailID(string(d.save.ID) + "." + string(s.user.ID) + ".changes"),
	}
	for _, v := range accepted {
		run.Removed = run.Removed || len(v.Removed) > 0
		run.Dues = append(run.Dues, v.DueAt)
	}
	run.Dues = dues(run.Dues)
	p.mails = append(p.mails, mailRow{
		ID: run.Mail, OrgID: d.save.Org, UserID: s.user.ID, Kind: licensing.MailChanges, State: licensing.MailQueued,
		Data: detail(map[string]any{"verdicts": accepted}), QueuedAt: at(d.now),
	})
	p.work = append(p.work, licensing.Work{Kind: licensing.WorkAssign, Org: d.save.Org, Request: d.save.ID, User: s.user.ID, Propagation: run})
}

// invite plans a first invitation, or the next generation of one that expired or failed (R62).
func (p *plan) invite(s *subject, terms invitationTerms) {
	kind := licensing.WorkInvite
	i := invitationRow{
		ID: licensing.InvitationID(uuid.NewString()), OrgID: terms.org, UserID: s.user.ID, Generation: 1,
		Binding: terms.binding, CreatedAt: at(terms.now),
	}
	if s.invitation != nil {
		kind, i = licensing.WorkRenew, *s.invitation
		i.Generation++
	}
	i.Binding = terms.binding // an admin's renewal is for the person named, whatever the invitation was before (R28)
	i.InviteSeconds = int64(max(terms.period, time.Second) / time.Second)
	i.InvitedBy = opt(terms.by)
	i.Renew(terms.policy, terms.now)
	if kind == licensing.WorkInvite {
		p.invitations = append(p.invitations, i)
	} else {
		p.renewals = append(p.renewals, i)
	}
	mail := i.Mail(licensing.MailWelcome, terms.now)
	p.mails = append(p.mails, mail)
	p.work = append(p.work, licensing.Work{Kind: kind, Org: terms.org, Request: terms.request, User: s.user.ID, Sending: i.Sending(mail.ID)})
}

func (p *plan) write(t *tx) error {
	steps := []func() error{
		func() error { return insert(t, insertUser, p.users) },
		func() error { return insert(t, insertInvitation, p.invitations) },
		func() error { return p.writeAssignments(t) },
		func() error { return insert(t, insertGrant, p.grants) },
		func() error { return insert(t, insertMail, p.mails) },
		func() error { return insert(t, insertAudit, p.audit) },
	}
	for _, u := range p.updates {
		steps = append(steps, func() error { return t.updateUser(u) })
	}
	for _, i := range p.renewals {
		steps = append(steps, func() error { return t.updateInvitation(i) })
	}
	for _, i := range p.accepted {
		steps = append(steps, func() error {
			_, err := t.exec(`UPDATE invitations SET state = 'accepted', accepted_at = ?, accepted_by = ?, accepted_request = ? WHERE id = ?`, i.At, i.By, i.Request, i.ID)
			return err
		})
	}
	for _, id := range p.withdrawn {
		steps = append(steps, func() error {
			_, err := t.exec(`UPDATE invitations SET state = 'cancelled' WHERE id = ?`, id)
			return err
		})
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// writeAssignments clears grants before others are inserted, since the schema lets no two that exclude each other meet.
func (p *plan) writeAssignments(t *tx) error {
	for _, g := range p.cleared {
		if _, err := t.exec(`DELETE FROM grants WHERE license_id = ? AND user_id = ? AND role = ?`, g.LicenseID, g.UserID, g.Role); err != nil {
			return err
		}
	}
	for _, a := range p.gone {
		if _, err := t.exec(`DELETE FROM assignments WHERE license_id = ? AND user_id = ?`, a.LicenseID, a.UserID); err != nil {
			return err
		}
	}
	return insert(t, upsertAssignment, p.assignments)
}

func (d *decision) origin(r licensing.Role) licensing.Origin {
	switch {
	case d.purpose == contracting && r == licensing.InvoiceReader:
		return licensing.ByBillTo
	case d.purpose == contracting:
		return licensing.ByContract
	}
	return licensing.ByAdmin
}

func (d *decision) binding() licensing.Binding {
	if d.purpose == contracting {
		return licensing.Forwardable
	}
	return licensing.Bound
}

func (d *decision) action() string {
	switch d.purpose {
	case contracting:
		return "contract"
	case deleting:
		return "delete"
	case seating:
		return "support.seat"
	case handing, taking:
		return "handover"
	}
	return "save"
}

// rule is the rule under which an accepted change was made.
func (d *decision) rule(s *subject, v licensing.Verdict) opt {
	switch {
	case d.purpose == deleting:
		return "R80"
	case d.purpose == seating:
		return "R33"
	case d.purpose == handing:
		return "R30"
	case d.purpose == taking:
		return "R31"
	case s.known && s.user.ID == d.save.Admin && slices.Contains(v.Added, licensing.Administrator):
		return "R42"
	case s.byAssignment:
		return "R76"
	}
	return outcomeRule(v.Outcome)
}

func outcomeRule(o licensing.Outcome) opt {
	switch o {
	case licensing.Invited:
		return "R73"
	case licensing.Joined, licensing.Assigned:
		return "R62"
	}
	return "R71"
}

// dues returns the distinct due times in order, without the zero time.
func dues(in []time.Time) []time.Time {
	out := slices.DeleteFunc(slices.Clone(in), time.Time.IsZero)
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// invitationTerms is under which terms a person is invited.
type invitationTerms struct {
	org     licensing.OrgID
	request licensing.RequestID
	by      licensing.UserID // "": by contract
	binding licensing.Binding
	period  time.Duration
	policy  licensing.Policy
	now     time.Time
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
