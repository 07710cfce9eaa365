package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"vlroles/licensing"
)

// ChangeContact carries out a Change of Contact Information Request (R34): on the License IDs that it names,
// or on all that list the present contact. Inactive agreements are skipped (R37).
func (s *Store) ChangeContact(
	ctx context.Context, ch licensing.ContactChange,
) (licensing.IntakeAnswer, error) {
	ch, form := ch.Check(s.policy)
	q := request{form: form, id: ch.ID, org: ch.Org, action: licensing.AuditChangeContact, who: partner(ch.Partner),
		content: ch}
	return s.fromPartner(ctx, q, ch.InviteFor, func(c *contract) error { return c.changeContact(ch) })
}

// changeContact finds the License IDs of the request and names the contact on each.
func (c *contract) changeContact(ch licensing.ContactChange) error {
	ids, err := c.lockListed(ch)
	if err != nil {
		return err
	}
	found, err := c.existing(ids)
	if err != nil {
		return err
	}
	for n, l := range ids {
		ex := found[l]
		if ex.fresh || ex.Org != c.org {
			missing := licensing.Refuse(licensing.NotFound, "R08", "the organization has no License ID %s", l)
			return inList("license_ids[%d]", n, missing)
		}
		if err := c.name(l, ch.Contact, ex); err != nil {
			return err
		}
	}
	c.answer.Agreements = len(ids)
	return c.decideNamed()
}

// lockListed locks and returns the License IDs of the request. Those that list the present contact are looked
// up once to know what to lock, and again under the lock: another request may have been first.
func (c *contract) lockListed(ch licensing.ContactChange) ([]licensing.LicenseID, error) {
	if ch.From == "" {
		return ch.Licenses, c.lockAgreements(ch.Licenses)
	}
	ids, err := c.listed(ch)
	if err != nil {
		return nil, err
	}
	if err := c.lockAgreements(ids); err != nil {
		return nil, err
	}
	return c.listed(ch)
}

// listed returns the License IDs whose contact of the kind is the person whose place is taken, as the contracts
// have it (R34).
func (c *contract) listed(ch licensing.ContactChange) ([]licensing.LicenseID, error) {
	var ids []licensing.LicenseID
	err := c.all(&ids, `
		SELECT c.license_id
		FROM contacts c
		JOIN agreements a ON a.license_id = c.license_id
		WHERE a.org_id = ? AND c.kind = ? AND c.until IS NULL
		AND (lower(c.sign_in_email) = ? OR lower(c.business_email) = ?)
		ORDER BY c.license_id`, c.org, ch.Contact.Kind, ch.From.Key(), ch.From.Key())
	if err != nil {
		return nil, err
	}
	return ids, licensing.MayReplace(len(ids), ch.Contact.Kind)
}

// named is a contact that takes its place with this request.
type named struct {
	contactRow                  // User "": people[person]
	person     int              // of people: who has the role
	former     licensing.UserID // who had the place, "" for nobody
	verdict    int              // of the answer's contacts
}

// inOrder puts the Bill To contact last: Administrator wins (R19).
func inOrder(in []licensing.Contact) []licensing.Contact {
	billTo := func(c licensing.Contact) bool { return c.Kind == licensing.BillToContact }
	out := slices.DeleteFunc(slices.Clone(in), billTo)
	for _, c := range in {
		if billTo(c) {
			out = append(out, c)
		}
	}
	return out
}

// name notes a contact, and what the contact gets by being named: a role where the contact is a new one (R25,
// R18), nothing where it was the contact before.
func (c *contract) name(l licensing.LicenseID, contact licensing.Contact, ex existingAgreement) error {
	v := licensing.ContactVerdict{License: l, Kind: contact.Kind, Outcome: licensing.ContactNamed}
	was, err := c.present(l, contact.Kind)
	if err != nil {
		return err
	}
	user, holder, err := c.whoIs(contact)
	if err != nil {
		return err
	}
	if was.User != "" && was.contact().Same(contact) {
		user = was.User
	}
	row := contactRow{l, contact.Kind, user, contact.Business, nullString(contact.SignIn)}
	switch {
	case !licensing.MayChangeContact(ex.Active, ex.fresh):
		v.Outcome, v.Rule = licensing.ContactSkipped, "R37"
	case was.User != "" && was.User == user:
		v.Outcome, v.User = licensing.ContactUnchanged, user
		err = c.readdress(was, row)
	default:
		v.Former, v.Rule = was.User, "R34"
		person := c.person(holder, contact)
		c.named = append(c.named, named{row, person, was.User, len(c.answer.Contacts)})
		c.claim(person, l, contact)
		c.give(person, l, contact.Kind.Role())
		if contact.Kind == licensing.BillToContact {
			err = c.leaveBillTo(l, holder)
		}
	}
	c.answer.Contacts = append(c.answer.Contacts, v)
	return err
}

// claim notes by which address the contract gives a contact's role.
func (c *contract) claim(person int, l licensing.LicenseID, contact licensing.Contact) {
	p := &c.people[person]
	if r := contact.Kind.Role(); r != "" && p.claimed(l, r) == "" {
		p.claims = append(p.claims, claim{l, r, contact.Business})
	}
}

// readdress notes the addresses by which the contract names the same contact now. What waits for the contact's
// registration goes to the new one; the profile keeps its own (R34, R48).
func (c *contract) readdress(was, now contactRow) error {
	if was.Business.Key() == now.Business.Key() && (now.SignIn == "" || was.SignIn == now.SignIn) {
		return nil
	}
	if now.SignIn == "" {
		now.SignIn = was.SignIn
	}
	c.plan.readdressed = append(c.plan.readdressed, now)
	line := c.line(now.User, now.License)
	line.action, line.rule, line.detail = licensing.AuditContactNamed, "R34",
		licensing.ContactChanged{Kind: now.Kind}
	c.plan.audit = append(c.plan.audit, line)
	var holds int
	err := c.get(&holds, `
		SELECT COUNT(*)
		FROM grants
		WHERE license_id = ? AND user_id = ? AND role = ? AND contract_email IS NOT NULL AND NOT effective`,
		now.License, now.User, now.Kind.Role())
	if err != nil || holds == 0 {
		return err
	}
	person := c.person(now.User, licensing.Contact{})
	c.people[person].contact = true
	c.claim(person, now.License, now.contact())
	return nil
}

// present returns who is the contact now, the zero row for nobody.
func (c *contract) present(l licensing.LicenseID, k licensing.ContactKind) (row contactRow, err error) {
	err = c.get(&row, `
		SELECT license_id, kind, user_id, business_email, sign_in_email
		FROM contacts
		WHERE license_id = ? AND kind = ? AND until IS NULL`, l, k)
	if errors.Is(err, sql.ErrNoRows) {
		return contactRow{}, nil
	}
	return row, err
}

// whoIs returns the profile of a contact, "" for none, and the one that has the contact's roles: another one
// where somebody else registered by the contract's link instead (R27, R28). That is whoever registered by the
// link in a mail to the same address on a contract, and the person who signs in with the contact's sign-in
// email. That somebody has the address otherwise, or claims it, is not enough (R34).
func (c *contract) whoIs(contact licensing.Contact) (user, holder licensing.UserID, err error) {
	registered, err := c.registeredBy(contact.Business)
	if err != nil {
		return "", "", err
	}
	signIn := contact.SignIn
	if signIn == "" {
		signIn = contact.Business
		if len(registered) == 1 {
			return registered[0].User, registered[0].Holder, nil
		}
	}
	err = c.get(&user, `SELECT id FROM users WHERE org_id = ? AND sign_in_key = ?`, c.org, signIn.Key())
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	for _, r := range registered {
		if r.User == user {
			return user, r.Holder, err
		}
	}
	return user, user, err
}

// registeredContact is a contact of before, and who registered by the contract's link.
type registeredContact struct {
	User   licensing.UserID `db:"user_id"`
	Holder licensing.UserID `db:"accepted_by"`
}

// registeredBy returns who registered by a contract's link that was mailed to the address: each contact once,
// with himself, or with who did so instead and has neither left nor been deleted since. An address that the
// tenant has given to somebody else says nothing any more (R27, R28, R47, R80).
func (c *contract) registeredBy(address licensing.Email) (out []registeredContact, err error) {
	var found []registeredContact
	err = c.all(&found, `
		SELECT i.user_id, i.accepted_by
		FROM invitations i
		JOIN users u ON u.id = i.user_id
		JOIN users a ON a.id = i.accepted_by AND a.in_tenant AND a.registered_at IS NOT NULL
		WHERE i.org_id = ? AND i.accepted_contract = ? AND i.state = 'accepted'
			AND (a.id = u.id OR u.registered_at IS NULL AND EXISTS (
				SELECT 1 FROM assignments x WHERE x.user_id = a.id))
			AND NOT EXISTS (
				SELECT 1
				FROM directory_people d
				WHERE d.org_id = i.org_id AND d.email_key = i.accepted_contract AND d.present
					AND d.object_id <> COALESCE(u.object_id, ''))
		ORDER BY i.accepted_at DESC, i.id`, c.org, address.Key())
	for _, r := range found {
		if !slices.ContainsFunc(out, func(o registeredContact) bool { return o.User == r.User }) {
			out = append(out, r)
		}
	}
	return out, err
}

// leaveBillTo asks to take Invoice Reader from whoever has it as the Bill To contact of before (R18).
func (c *contract) leaveBillTo(l licensing.LicenseID, holder licensing.UserID) error {
	var before []licensing.UserID
	err := c.all(&before, `
		SELECT user_id
		FROM grants
		WHERE license_id = ? AND role = 'invoice_reader' AND origin = 'bill_to'
		ORDER BY user_id`, l)
	for _, u := range before {
		if u != holder {
			c.access(c.person(u, licensing.Contact{}), l).Remove = []licensing.Role{licensing.InvoiceReader}
		}
	}
	return err
}

// administrator notes a first administrator (R25).
func (c *contract) administrator(l licensing.LicenseID, first licensing.ContractAdministrator) error {
	contact := licensing.Contact{SignIn: first.SignIn, Business: first.Business, Name: first.Name}
	if contact.Business == "" {
		contact.Business = first.SignIn
	}
	contact.Kind = licensing.PrimaryContact // what comes of it is the same (R25)
	_, holder, err := c.whoIs(contact)
	if err != nil {
		return err
	}
	n := c.person(holder, contact)
	if !first.Registered.IsZero() {
		c.people[n].registered = first.Registered
	}
	c.claim(n, l, contact)
	c.give(n, l, licensing.Administrator)
	return nil
}

// replace plans the new contact in the place of the former one, who keeps Administrator and
// inherits nothing any more (R34, R90).
func (c *contract) replace(p *plan, n named, holder *subject) error {
	if holder.refusal != nil {
		return holder.refusal.In("contacts")
	}
	if n.User == "" {
		n.User = holder.user.ID
	}
	c.answer.Contacts[n.verdict].User = n.User
	if n.former != "" {
		p.former = append(p.former, contactRow{License: n.License, Kind: n.Kind, User: n.former})
	}
	p.contacts = append(p.contacts, n.contactRow)
	line := c.line(n.User, n.License)
	line.action, line.rule, line.detail = licensing.AuditContactNamed, "R34",
		licensing.ContactChanged{Kind: n.Kind}
	p.audit = append(p.audit, line)
	return nil
}

// leave plans what it means for the former contact that somebody else has his place: he inherits nothing
// there any more, unless the contract still names him (R90). All places of the request are taken by then, in
// whatever order they were named.
func (c *contract) leave(p *plan, n named) error {
	still, err := c.contactKinds(n.License, n.former)
	if err != nil {
		return err
	}
	still = slices.DeleteFunc(still, func(k licensing.ContactKind) bool {
		return slices.Contains(p.former, contactRow{License: n.License, Kind: k, User: n.former})
	})
	for _, r := range p.contacts {
		if r.License == n.License && r.User == n.former {
			still = append(still, r.Kind)
		}
	}
	line := c.line(n.former, n.License)
	line.action, line.rule = licensing.AuditContactFormer, "R34"
	ends := false
	if !slices.ContainsFunc(still, licensing.ContactKind.MayInherit) {
		if ends, err = c.hasOptedIn(n.License, n.former); err != nil {
			return err
		}
		p.preferences = append(p.preferences, preferenceRow{User: n.former, License: n.License})
	}
	if ends {
		p.tell(c.mandate, n.former)
	}
	line.detail = licensing.ContactChanged{Kind: n.Kind, Ended: ends}
	p.audit = append(p.audit, line)
	return nil
}

// hasOptedIn says whether a person has opted in to inherit below the License ID.
func (t *tx) hasOptedIn(l licensing.LicenseID, user licensing.UserID) (bool, error) {
	var n int
	err := t.get(&n, `SELECT COUNT(*) FROM preferences WHERE license_id = ? AND user_id = ? AND inherit`, l, user)
	return n > 0, err
}

// contactKinds returns as what the contract names a person.
func (t *tx) contactKinds(l licensing.LicenseID, user licensing.UserID) ([]licensing.ContactKind, error) {
	var out []licensing.ContactKind
	err := t.all(&out, `
		SELECT kind
		FROM contacts
		WHERE license_id = ? AND user_id = ? AND until IS NULL
		ORDER BY kind`, l, user)
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	return out, nil
}
