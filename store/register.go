package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// Register claims an invitation for an identity, first come first served, and puts everything that the
// person was given so far in progress with its due time (R23, R28, R29, R60, R61). Where somebody else than
// the addressee of a forwardable invitation registers, that person gets what the contract gave instead.
// Refusals are *licensing.Error and audited. The registration's proof was verified before (L09).
func (s *Store) Register(ctx context.Context, r licensing.Registration) (licensing.Registered, error) {
	who, form := r.Identity.Check()
	org, err := s.organizationOfInvitation(ctx, r.Invitation)
	if err != nil {
		return licensing.Registered{}, cmp.Or(form, err)
	}
	r.Identity = who
	q := registration(org, r)
	q.form = form
	return carryOut(ctx, s, q, func(t *tx) (licensing.Registered, []licensing.OutboxEntry, error) {
		a, err := t.loadAcceptance(r)
		if err != nil {
			return licensing.Registered{}, nil, err
		}
		p, err := a.accept(q)
		if err != nil {
			return licensing.Registered{}, nil, err
		}
		return a.answer, nil, p.write(t)
	})
}

// registration is an acceptance as a request. Nobody is its caller: the link speaks for who holds it.
func registration(org licensing.OrgID, r licensing.Registration) request {
	r.Proof = "" // it is no content: another key proves the same
	return request{id: r.Request, org: org, action: licensing.AuditRegister,
		who: licensing.Principal{Kind: licensing.ByPerson}, content: r}
}

// organizationOfInvitation returns whose invitation it is; NotFound where there is none.
func (s *Store) organizationOfInvitation(
	ctx context.Context, id licensing.InvitationID,
) (org licensing.OrgID, err error) {
	none := licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
	if !ids(string(id)) {
		return "", none
	}
	err = s.read(ctx, "register",
		func(t *tx) error { return t.get(&org, `SELECT org_id FROM invitations WHERE id = ?`, id) })
	if errors.Is(err, sql.ErrNoRows) {
		return "", none
	}
	return org, err
}

// acceptance is a registration on its way: what the invitation holds, and who registers.
type acceptance struct {
	*tx
	registration licensing.Registration
	invitation   invitationRow
	addressee    userRow
	moves        []licensing.AccessChange // what goes to whoever registers by the link
	contract     licensing.Email          // to which the mail with the link went, "" for another link
	answer       licensing.Registered
}

// loadAcceptance locks the addressee and the invitation.
func (t *tx) loadAcceptance(r licensing.Registration) (*acceptance, error) {
	a := &acceptance{tx: t, registration: r}
	if err := t.get(&a.invitation, selectInvitation+` WHERE i.id = ?`, r.Invitation); err != nil {
		return nil, err
	}
	rows, err := t.lockUsers(a.invitation.OrgID, []string{string(a.invitation.UserID)},
		[]string{r.Identity.Email.Key()})
	if err != nil {
		return nil, err
	}
	for _, u := range rows {
		if u.ID == a.invitation.UserID {
			a.addressee = u
		}
	}
	// if, under the lock
	err = t.get(&a.invitation, t.lock(selectInvitation+` WHERE i.id = ?`, "i"), r.Invitation)
	if err != nil {
		return nil, err
	}
	if err := a.findContract(); err != nil {
		return nil, err
	}
	return a, licensing.MayRegister(a.rule(), r.Identity, r.Generation, t.now)
}

// rule is the invitation as the rules see it.
func (a *acceptance) rule() licensing.Invitation {
	i := ruleOf(&a.invitation)
	i.SignIn, i.ObjectID = licensing.Email(a.addressee.SignInEmail), licensing.ObjectID(a.addressee.ObjectID)
	i.Left = a.addressee.ObjectID != "" && !a.addressee.InTenant
	i.Moves = len(a.moves) > 0
	return i
}

// accept plans the registration: the acceptor's profile, what he gets, what is
// left of the invitation, and the mails.
func (a *acceptance) accept(q request) (*plan, error) {
	dir, err := a.directory(a.invitation.OrgID, []string{a.registration.Identity.Email.Key()})
	if err != nil {
		return nil, err
	}
	var acceptor asked
	if a.rule().Addresses(a.registration.Identity) {
		acceptor, err = a.asAddressee(dir)
	} else {
		acceptor, err = a.asStranger(dir)
	}
	if err != nil {
		return nil, err
	}
	m := mandate{Mandate: licensing.ForwardMandate, org: q.org, request: q.id, everywhere: true,
		change: a.invitation.Change()}
	d, err := a.judgeAcceptance(m, acceptor)
	if err != nil {
		return nil, err
	}
	return a.planAcceptance(d)
}

// judgeAcceptance has judged what the acceptor registers, and what moves to him where he is not the
// addressee. He is the first person of the decision, the addressee the second.
func (a *acceptance) judgeAcceptance(m mandate, acceptor asked) (*decision, error) {
	people := []asked{acceptor}
	forwarded := acceptor.User != a.addressee.ID
	if forwarded {
		people[0].Access, people[0].other = a.moves, a.addressee.ID
		for _, c := range a.moves {
			for _, r := range c.Add {
				people[0].claims = append(people[0].claims, claim{c.License, r, a.contract})
			}
		}
		people = append(people, asked{PersonChange: licensing.PersonChange{User: a.addressee.ID}})
	}
	d, err := a.load(m, people)
	if err != nil {
		return nil, err
	}
	s := d.people[0]
	if acceptor.newcomer == nil && !forwarded {
		s.user = a.addressee
	}
	d.by = s.user.ID
	s.registers = !s.user.Person().Registered()
	if s.registers {
		s.user.RegisteredAt = ts(a.now)
	}
	if err := a.bind(&s.user); err != nil {
		return nil, err
	}
	s.binds = true
	for _, c := range s.Access {
		d.judgeChange(s, c)
	}
	if forwarded {
		s.changes = slices.DeleteFunc(s.changes, func(c change) bool { return len(c.Add) == 0 }) // he has it all
		if err := licensing.MayForward(len(s.changes)); err != nil {
			return nil, err
		}
		if err := d.takeFrom(d.people[1], s); err != nil {
			return nil, err
		}
	}
	d.takeUp(s, licensing.RegisterMandate)
	return d, nil
}

// findContract finds what the link can move: the addressee's roles that a contract gave by the address to
// which the mail with this link went. The addressee's own link moves nothing (R28).
func (a *acceptance) findContract() error {
	h, err := a.Holdings([]licensing.UserID{a.addressee.ID})
	if err != nil {
		return err
	}
	for _, l := range sorted(h.Assignments[a.addressee.ID]) {
		c := licensing.AccessChange{License: l}
		for _, g := range h.Grants[a.addressee.ID][l] {
			if g.Contract != "" && licensing.ContractLink(a.invitation.ID, g.Contract) == a.registration.Link {
				c.Add, a.contract = append(c.Add, g.Role), g.Contract
			}
		}
		if len(c.Add) > 0 {
			a.moves = append(a.moves, c)
		}
	}
	return nil
}

// takeFrom takes from the addressee what the acceptor was given: that, and nothing else (R28). Where a rule
// refuses that, nothing moves at all.
func (d *decision) takeFrom(addressee, acceptor *subject) error {
	addressee.other = acceptor.user.ID
	for _, c := range acceptor.changes {
		d.judgeChange(addressee, licensing.AccessChange{License: c.License, Remove: c.Add})
	}
	if len(addressee.refused) > 0 {
		return addressee.refused[0].Error
	}
	return nil
}

// planAcceptance plans the rows and mails of the registration.
func (a *acceptance) planAcceptance(d *decision) (*plan, error) {
	p, s := &plan{}, d.people[0]
	p.refusals(d, s)
	p.person(d, s)
	after := p.change(d, s)
	accepted := a.accepted(s, a.invitation.ID)
	accepted.Contract = a.contract
	p.accepted = append(p.accepted, accepted)
	if s.invitation != nil && s.invitation.ID != a.invitation.ID { // registering takes everything up (R23)
		p.accepted = append(p.accepted, a.accepted(s, s.invitation.ID))
	}
	mail := a.invitation.Mail(licensing.MailRegistered, a.now)
	mail.UserID = s.user.ID
	p.mails = append(p.mails, mail)
	a.answer.User = s.user.ID
	a.answer.Propagation = licensing.Propagation{Change: a.invitation.Change(), Mail: mail.ID}
	for _, c := range s.changes {
		a.answer.Propagation.Dues = append(a.answer.Propagation.Dues, after[c.License].DueAt.Time)
		a.answer.Access = append(a.answer.Access,
			licensing.AccessEntry{License: c.License, Roles: s.rolesAfter(c),
				DueAt: after[c.License].DueAt.Time, Status: licensing.StatusAssignmentInProgress})
	}
	a.answer.Propagation.Dues = dues(a.answer.Propagation.Dues)
	slices.SortFunc(a.answer.Access,
		func(x, y licensing.AccessEntry) int { return cmp.Compare(x.License, y.License) })
	if len(d.people) == 1 {
		return p, nil
	}
	return p, a.planForward(p, d)
}

func (a *acceptance) accepted(s *subject, id licensing.InvitationID) acceptedRow {
	return acceptedRow{ID: id, At: ts(a.now), By: s.user.ID, Request: a.registration.Request}
}

// rolesAfter returns the person's roles on the License ID of a change, as they are with it.
func (s *subject) rolesAfter(c change) []licensing.Role {
	out := slices.Clone(c.Add)
	for _, g := range s.grants[c.License] {
		if !slices.Contains(c.Remove, g.Role) {
			out = append(out, g.Role)
		}
	}
	return licensing.SortRoles(out)
}

// planForward plans what a forwarded acceptance means for the addressee: he is told,
// and invited anew to what stays with him.
func (a *acceptance) planForward(p *plan, d *decision) error {
	addressee := d.people[1]
	p.refusals(d, addressee)
	left := p.change(d, addressee)
	var moved []licensing.LicenseID
	for _, c := range addressee.changes {
		moved = append(moved, c.License)
	}
	notice := a.invitation.Mail(licensing.MailForwarded, a.now)
	var err error
	if notice.Address, err = a.firstAddress(); err != nil {
		return err
	}
	a.answer.Notice = notice.ID
	p.mail(notice, licensesData{moved})
	if len(left) == 0 {
		return nil
	}
	a.inviteAnew(p, addressee.waiting(left), left)
	return nil
}

// firstAddress is where the first mail of the invitation went, whatever anybody typed since (R28); of several at
// once that on the contract. "" is the person's business email: that mail has not been sent.
func (a *acceptance) firstAddress() (address nullString, err error) {
	err = a.get(&address, `
		SELECT COALESCE(address, recipient)
		FROM mails
		WHERE invitation_id = ? AND kind = 'welcome'
		ORDER BY queued_at, CASE WHEN address IS NULL THEN 1 ELSE 0 END, id
		LIMIT 1`, a.invitation.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return address, err
}

// inviteAnew plans an invitation of the addressee to what stays with him (R28). Who gave him the latest of that
// invites him.
func (a *acceptance) inviteAnew(
	p *plan, waiting []licensing.Grant, left map[licensing.LicenseID]*assignmentRow,
) {
	var latest assignmentRow
	for _, l := range sorted(left) {
		if r := left[l]; r.AddedBy != "" && r.ChangedAt.After(latest.ChangedAt.Time) {
			latest = *r
		}
	}
	i := invitationRow{
		ID: licensing.InvitationID(uuid.NewString()), OrgID: a.invitation.OrgID, UserID: a.addressee.ID,
		Generation: 1, InviteSeconds: a.invitation.InviteSeconds, InvitedBy: latest.AddedBy, CreatedAt: ts(a.now),
	}
	i.Renew(a.policy, a.now)
	mails := i.Welcomes(licensing.Channels(licensing.Email(a.addressee.BusinessEmail), waiting), a.now)
	a.answer.Again = i.Run(mails...)
	p.invitations, p.mails = append(p.invitations, i), append(p.mails, mails...)
}
