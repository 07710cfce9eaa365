package store

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// plan is what a decision comes to: rows to write, mails to send, runs to tell. It is data: it can be looked
// at, and thrown away where somebody only wants to know (R67).
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
	claimed     []grantRow      // roles that are the contract's from now on, whoever gave them (R18, R28)
	restored    []assignmentRow // whose roles are suspended no more (R86)
	contacts    []contactRow
	former      []contactRow
	readdressed []contactRow // the same contact by other addresses
	preferences []preferenceRow
	endings     []preferenceRow // of contacts who were deleted (R80)
	handovers   []handOverRow
	lines       []handOverLineRow
	mails       []mailRow
	audit       []auditLine
	work        []licensing.OutboxEntry
	fault       error // why something of it can't be written
}

// acceptedRow is an invitation that a registration took up.
type acceptedRow struct {
	ID      licensing.InvitationID
	At      timestamp
	By      licensing.UserID
	Request licensing.RequestID
	// the address on a contract whose link was used, "" for another link (R27)
	Contract licensing.Email
}

// planned is the plan of everything that was accepted, with the audit of what was refused.
func (d *decision) planned() *plan {
	p := &plan{}
	p.refusals(d, d.people...)
	for _, s := range d.people {
		if s.refusal != nil || !s.visible && !s.contact {
			continue
		}
		p.person(d, s)
		after := p.change(d, s)
		p.claim(d, s)
		p.follow(d, s, after)
	}
	return p
}

// claim plans that what an admin gave before belongs to the contract that gives it too: the contact may
// forward that as anything else of the contract (R18, R28).
func (p *plan) claim(d *decision, s *subject) {
	for _, c := range s.claims {
		for _, g := range s.grants[c.license] {
			if g.Role == c.role && (!g.Effective && !g.Suspended || g.Role == licensing.InvoiceReader) {
				p.claimed = append(p.claimed, grantRow{LicenseID: c.license, UserID: s.user.ID, Role: g.Role,
					Origin: d.Origin(g.Role), Contract: nullString(c.address)})
			}
		}
	}
}

// waiting returns what waits for the person's registration where the assignments are these.
func (s *subject) waiting(assignments map[licensing.LicenseID]*assignmentRow) (out []licensing.Grant) {
	for _, l := range sorted(assignments) {
		if !pending(assignments[l]) {
			continue
		}
		held := slices.Clone(s.grants[l])
		for _, c := range s.changes {
			if c.License == l {
				held = slices.DeleteFunc(held, func(g licensing.Grant) bool { return slices.Contains(c.Remove, g.Role) })
				for _, r := range c.Add {
					held = append(held, licensing.Grant{Role: r})
				}
			}
		}
		for _, g := range held {
			if address := s.claimed(l, g.Role); address != "" {
				g.Contract = address
			}
			out = append(out, g)
		}
	}
	return out
}

// refusals plans the audit of what was refused: a line each where the caller has a say, and one for all the
// rest together, which names nobody and no License ID, so that nobody writes into a history that is not his
// to change (L03, L04).
func (p *plan) refusals(d *decision, people ...*subject) {
	rest := d.line("", "")
	var refused licensing.RolesChanged
	for _, s := range people {
		for _, c := range s.refused {
			line := d.line("", c.License)
			line.refused, line.rule, line.action = true, c.Error.Rule, c.under.Action
			if !d.authority[c.License] {
				rest.refused, rest.rule, rest.action = true, c.Error.Rule, c.under.Action
				refused.Refused++
				continue
			}
			if s.known {
				line.user = s.user.ID
			}
			p.audit = append(p.audit, line)
		}
	}
	if rest.refused {
		rest.detail = refused
		p.audit = append(p.audit, rest)
	}
}

// person plans a new profile, one that registers, or a corrected name or business email.
func (p *plan) person(d *decision, s *subject) {
	if !s.known {
		p.users = append(p.users, s.user)
		return
	}
	if s.updates {
		if s.Business != "" {
			s.user.BusinessEmail = string(s.Business)
		}
		if s.Name != "" && s.user.Kind == licensing.External {
			s.user.Rename(s.Name)
		}
		line := d.line(s.user.ID, "")
		line.action, line.rule = licensing.AuditUpdateUser, "R48"
		p.audit = append(p.audit, line)
	}
	if s.updates || s.registers || s.binds {
		p.updates = append(p.updates, s.user)
	}
}

// change plans what the accepted changes of one person write, and returns his assignments as they are then.
func (p *plan) change(d *decision, s *subject) map[licensing.LicenseID]*assignmentRow {
	after := maps.Clone(s.assignments)
	for _, c := range s.changes {
		a := d.assignment(s, c)
		if c.Next == licensing.AssignmentNone {
			p.gone = append(p.gone, a)
			delete(after, c.License)
		} else {
			p.assignments = append(p.assignments, a)
			after[c.License] = &a
		}
		if c.GiveBack {
			p.restored = append(p.restored, a)
		}
		for _, r := range c.Add {
			p.grants = append(p.grants,
				grantRow{LicenseID: c.License, UserID: s.user.ID, Role: r, Origin: c.under.Origin(r),
					Effective: c.AtOnce, Contract: nullString(s.claimed(c.License, r)), GrantedBy: d.giver(),
					GrantedAt: ts(d.now)})
		}
		for _, r := range c.Remove {
			p.cleared = append(p.cleared, grantRow{LicenseID: c.License, UserID: s.user.ID, Role: r})
		}
		p.audit = append(p.audit, d.changed(s, c))
	}
	return after
}

// giver is the admin who gives; "": the contract, or support.
func (d *decision) giver() nullString {
	if d.Contract {
		return ""
	}
	return nullString(d.by)
}

// assignment is the row that a change leaves on its License ID.
func (d *decision) assignment(s *subject, c change) assignmentRow {
	a := assignmentRow{
		UserID: s.user.ID, LicenseID: c.License, OrgID: d.org, State: c.Next, DueAt: ts(c.Judgement.DueAt),
		Attempts: c.Attempts, AddedBy: d.giver(), ChangedAt: ts(d.now),
	}
	if c.Next == licensing.AssignmentPropagating {
		a.ChangeID = nullString(d.mandate.change)
	}
	if s.assignments[c.License] == nil {
		return a
	}
	old := s.assignments[c.License].At(d.now)
	a.AddedBy, a.Suspended = old.AddedBy, old.Suspended && !c.GiveBack
	if c.Next != licensing.AssignmentActive {
		a.Reference = old.Reference
	}
	if c.Next == licensing.AssignmentFailed {
		a.Reason = old.Reason
	}
	return a
}

// changed is the audit line of an accepted change.
func (d *decision) changed(s *subject, c change) auditLine {
	line := d.line(s.user.ID, c.License)
	line.action, line.rule, line.before, line.after = c.under.Action, c.under.Explains(c.Verdict.Outcome),
		c.Before, c.After
	switch {
	case c.under.Rule != "":
	case s.known && s.user.ID == d.by && slices.Contains(c.Added, licensing.Administrator):
		line.rule = "R42"
	case s.registers:
		line.rule = "R76"
	}
	line.detail = licensing.RolesChanged{Added: c.Add, Removed: c.Remove, Outcome: c.Verdict.Outcome,
		Reason: d.reason, Other: s.other, AtOnce: c.AtOnce, Back: c.GiveBack}
	if c.under.Action == licensing.AuditRegister {
		line.detail = nil
	}
	return line
}

// follow plans what a person's accepted changes need besides: an invitation, a propagation, or an end.
func (p *plan) follow(d *decision, s *subject, after map[licensing.LicenseID]*assignmentRow) {
	p.stop(d, s, after)
	invited := func(c change) bool { return c.Verdict.Outcome == licensing.Invited }
	switch {
	case len(s.changes) == 0 && len(s.claims) == 0:
	case s.user.Person().Registered():
		p.propagate(d, s)
		p.takenUp(d, s)
	case slices.ContainsFunc(s.changes, invited):
		p.invite(d, s, after)
	case len(after) == 0 && s.invitation != nil:
		p.withdrawn = append(p.withdrawn, s.invitation.ID)
		p.work = append(p.work, d.withdrawal(s))
	case s.invitation != nil && s.invitation.State == licensing.InvitationOpen:
		p.join(d, s, after)
	}
}

// join plans the mail to a contract's address that the open invitation has not gone to: who has it may register
// by a link of its own. What an admin adds needs no second mail (R27, R28, R62).
func (p *plan) join(d *decision, s *subject, after map[licensing.LicenseID]*assignmentRow) {
	var before []licensing.Email
	for _, grants := range s.grants {
		for _, g := range grants {
			before = append(before, licensing.Email(g.Contract.Key()))
		}
	}
	fresh := slices.DeleteFunc(licensing.Channels("", s.waiting(after)),
		func(e licensing.Email) bool { return e == "" || slices.Contains(before, licensing.Email(e.Key())) })
	if len(fresh) == 0 {
		return
	}
	mails := s.invitation.Welcomes(fresh, d.now)
	run := s.invitation.Run()
	for _, m := range mails {
		run.Also = append(run.Also, m.ID)
	}
	p.mails = append(p.mails, mails...)
	p.work = append(p.work, licensing.OutboxEntry{Kind: licensing.OutboxRenew, Org: d.org, Request: d.request,
		User: s.user.ID, Run: run})
}

// stop plans the end of the runs that have nothing left to make effective (R82).
func (p *plan) stop(d *decision, s *subject, after map[licensing.LicenseID]*assignmentRow) {
	running := func(in map[licensing.LicenseID]*assignmentRow) (out []licensing.ChangeID) {
		for _, l := range sorted(in) {
			if in[l].State == licensing.AssignmentPropagating {
				out = append(out, licensing.ChangeID(in[l].ChangeID))
			}
		}
		return unique(out)
	}
	var ended []licensing.ChangeID // of what was taken away; what is in progress anew has another run
	for _, c := range s.changes {
		old := s.assignments[c.License]
		if c.Next == licensing.AssignmentNone && old != nil && old.State == licensing.AssignmentPropagating {
			ended = append(ended, licensing.ChangeID(old.ChangeID))
		}
	}
	left := running(after)
	for _, c := range unique(ended) {
		if !slices.Contains(left, c) {
			p.work = append(p.work, licensing.OutboxEntry{Kind: licensing.OutboxStop, Org: d.org,
				Request: d.request, User: s.user.ID, Propagation: licensing.Propagation{Change: c}})
		}
	}
}

// propagate plans the run of a registered person: one mail a request, whatever the number of License IDs
// (R70). What is effective at once needs neither.
func (p *plan) propagate(d *decision, s *subject) {
	run := licensing.Propagation{
		Change: licensing.ChangeID(d.request),
		Mail:   licensing.MailID(string(d.request) + "." + string(s.user.ID) + ".changes"),
	}
	var told []licensing.Verdict
	for _, c := range s.changes {
		if c.AtOnce {
			continue
		}
		told = append(told, c.Verdict)
		run.Removed = run.Removed || len(c.Removed) > 0
		run.Dues = append(run.Dues, c.Verdict.DueAt)
	}
	if len(told) == 0 {
		return
	}
	run.Dues = dues(run.Dues)
	row := mailRow{ID: run.Mail, OrgID: d.org, UserID: s.user.ID, Kind: licensing.MailChanges, QueuedAt: ts(d.now)}
	if len(s.claims) > 0 { // a contract tells its contact at the address there (R27)
		row.Address = nullString(s.claims[0].address)
	}
	p.mail(row, changesData{told})
	p.work = append(p.work, licensing.OutboxEntry{Kind: licensing.OutboxAssign, Org: d.org,
		Request: d.request, User: s.user.ID, Propagation: run})
}

// takenUp plans the end of the invitation of a person who registers without it (R76).
func (p *plan) takenUp(d *decision, s *subject) {
	if s.registers && s.invitation != nil {
		p.accepted = append(p.accepted,
			acceptedRow{ID: s.invitation.ID, At: ts(d.now), By: s.user.ID, Request: d.request})
		p.work = append(p.work, d.withdrawal(s))
	}
}

// withdrawal is the end of the run of an invitation that has nothing left to wait for.
func (d *decision) withdrawal(s *subject) licensing.OutboxEntry {
	return licensing.OutboxEntry{Kind: licensing.OutboxWithdraw, Org: d.org, Request: d.request,
		User: s.user.ID,
		Run:  licensing.InvitationRun{Invitation: s.invitation.ID, Generation: s.invitation.Generation}}
}

// dues returns the distinct due times in order, without the zero time.
func dues(in []time.Time) []time.Time {
	out := slices.DeleteFunc(slices.Clone(in), time.Time.IsZero)
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// invite plans a first invitation, or the next generation of one that expired or failed (R62).
func (p *plan) invite(d *decision, s *subject, after map[licensing.LicenseID]*assignmentRow) {
	kind := licensing.OutboxInvite
	i := invitationRow{ID: licensing.InvitationID(uuid.NewString()), OrgID: d.org, UserID: s.user.ID,
		Generation: 1, CreatedAt: ts(d.now)}
	if s.invitation != nil {
		kind, i = licensing.OutboxRenew, *s.invitation
		i.Generation++
	}
	i.InviteSeconds, i.InvitedBy = int64(max(d.period(), time.Second)/time.Second), nullString(d.by)
	i.Renew(d.policy, d.now)
	if kind == licensing.OutboxInvite {
		p.invitations = append(p.invitations, i)
	} else {
		p.renewals = append(p.renewals, i)
	}
	mails := i.Welcomes(licensing.Channels(licensing.Email(s.user.BusinessEmail), s.waiting(after)), d.now)
	for n := range mails {
		mails[n].AskedBy = d.giver()
	}
	p.mails = append(p.mails, mails...)
	p.work = append(p.work, licensing.OutboxEntry{Kind: kind, Org: d.org, Request: d.request, User: s.user.ID,
		Run: i.Run(mails...)})
}

// period is the time to register; one that can't be was refused before.
func (d *decision) period() time.Duration {
	period, err := d.policy.InvitePeriod(d.inviteFor)
	if err != nil {
		return d.policy.InviteFor
	}
	return period
}

// mail plans a mail with the data that it is made of.
func (p *plan) mail(m mailRow, data any) {
	text, err := json.Marshal(data)
	m.State, m.Data, p.fault = licensing.MailQueued, string(text), errors.Join(p.fault, err)
	p.mails = append(p.mails, m)
}

// confirm plans the mail to whoever asked, with a verdict for each person (R75).
func (p *plan) confirm(d *decision) licensing.MailID {
	data := confirmationData{Request: d.request}
	for _, s := range d.people {
		c := licensing.ConfirmedPerson{Verdict: s.verdict} // name and address are read when it is sent (L10)
		if s.verdict.User == "" {                          // what the caller typed, and no more (R35, R43)
			c.Name, c.Email = s.Name, s.SignIn
		}
		data.People = append(data.People, c)
	}
	id := licensing.MailID(string(d.request) + ".confirmation")
	p.mail(mailRow{ID: id, OrgID: d.org, UserID: d.by, Kind: licensing.MailConfirmation, QueuedAt: ts(d.now)},
		data)
	return id
}

// tell has the downstream system told what these people have now, where nothing else does.
func (p *plan) tell(m mandate, users ...licensing.UserID) {
	for _, u := range unique(users) {
		told := func(w licensing.OutboxEntry) bool { return w.User == u && w.Kind == licensing.OutboxAssign }
		if !slices.ContainsFunc(p.work, told) {
			p.work = append(p.work, tell(m.org, m.request, u))
		}
	}
}
