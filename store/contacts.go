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

// listed returns the License IDs whose contact of the kind is the person whose place is taken.
func (c *contract) listed(ch licensing.ContactChange) ([]licensing.LicenseID, error) {
	var ids []licensing.LicenseID
	err := c.all(&ids, `
		SELECT c.license_id
		FROM contacts c
		JOIN users u ON u.id = c.user_id
		JOIN agreements a ON a.license_id = c.license_id
		WHERE a.org_id = ? AND c.kind = ? AND c.until IS NULL
		AND (u.sign_in_key = ? OR lower(u.business_email) = ?)
		ORDER BY c.license_id`, c.org, ch.Contact.Kind, ch.From.Key(), ch.From.Key())
	if err != nil {
		return nil, err
	}
	return ids, licensing.MayReplace(len(ids), ch.Contact.Kind)
}

// named is a contact that takes its place with this request.
type named struct {
	license licensing.LicenseID
	kind    licensing.ContactKind
	user    licensing.UserID // "": people[person]
	person  int              // of people: who has the role
	former  licensing.UserID
	verdict int // of the answer's contacts
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
	user, holder, err := c.find(contact)
	if err != nil {
		return err
	}
	former, same, err := c.present(l, contact)
	if err != nil {
		return err
	}
	if same {
		user = former
	}
	switch {
	case !licensing.MayChangeContact(ex.Active, ex.fresh):
		v.Outcome, v.Rule = licensing.ContactSkipped, "R37"
	case former != "" && former == user:
		v.Outcome, v.User = licensing.ContactUnchanged, user
	default:
		v.Former, v.Rule = former, "R34"
		person := c.person(holder, contact)
		c.named = append(c.named,
			named{license: l, kind: contact.Kind, user: user, person: person, former: former,
				verdict: len(c.answer.Contacts)})
		c.give(person, l, contact.Kind.Role())
		if contact.Kind == licensing.BillToContact {
			err = c.leaveBillTo(l, holder)
		}
	}
	c.answer.Contacts = append(c.answer.Contacts, v)
	return err
}

// present returns who is the contact now, "" for nobody, and whether the partner names the same person again:
// by the sign-in email, or by the address on the contract.
func (c *contract) present(
	l licensing.LicenseID, contact licensing.Contact,
) (former licensing.UserID, same bool, err error) {
	var row struct {
		User     licensing.UserID `db:"user_id"`
		SignIn   string           `db:"sign_in_key"`
		Business licensing.Email  `db:"business_email"`
		Left     bool             `db:"left_tenant"`
	}
	err = c.get(&row, `
		SELECT c.user_id, u.sign_in_key, u.business_email, NOT u.in_tenant AS left_tenant
		FROM contacts c
		JOIN users u ON u.id = c.user_id
		WHERE c.license_id = ? AND c.kind = ? AND c.until IS NULL`, l, contact.Kind)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if contact.SignIn != "" {
		return row.User, row.SignIn == contact.SignIn.Key(), err
	}
	key := contact.Business.Key()
	return row.User, row.SignIn == key || !row.Left && row.Business.Key() == key, err
}

// find returns the profile of a contact, "" for none, and the one that has the contact's roles: another one
// where somebody else accepted the contact's invitation instead (R27, R28). Where the partner gives no
// sign-in email, whoever registered by the invitation that was mailed to the business email is that person;
// that somebody claims the address is not enough.
func (c *contract) find(contact licensing.Contact) (user, holder licensing.UserID, err error) {
	key := contact.SignIn.Key()
	if contact.SignIn == "" {
		key = contact.Business.Key()
	}
	var rows []licensing.UserID
	err = c.all(&rows, `SELECT id FROM users WHERE org_id = ? AND sign_in_key = ?`, c.org, key)
	if err != nil {
		return "", "", err
	}
	if len(rows) == 0 && contact.SignIn == "" {
		err := c.all(&rows, `
			SELECT DISTINCT u.id
			FROM mails m
			JOIN invitations i ON i.id = m.invitation_id AND i.state = 'accepted'
			AND i.accepted_by = i.user_id
			JOIN users u ON u.id = i.user_id AND u.in_tenant
			WHERE m.org_id = ? AND m.kind = 'welcome' AND lower(m.recipient) = ?
			LIMIT 2`, c.org, key)
		if err != nil {
			return "", "", err
		}
	}
	if len(rows) != 1 { // nobody; or several with one mailbox, of whom nobody is meant
		return "", "", nil
	}
	holder, err = c.instead(rows[0])
	return rows[0], holder, err
}

// instead returns who has the roles of a contact: the contact, or whoever accepted the contact's invitation
// instead and has neither left nor been deleted since (R28, R47, R80).
func (c *contract) instead(user licensing.UserID) (licensing.UserID, error) {
	var holder licensing.UserID
	err := c.get(&holder, `
		SELECT i.accepted_by
		FROM invitations i
		JOIN users u ON u.id = i.user_id AND u.registered_at IS NULL
		JOIN users a ON a.id = i.accepted_by AND a.in_tenant
		WHERE i.user_id = ? AND i.state = 'accepted' AND i.accepted_by <> i.user_id
			AND EXISTS (SELECT 1 FROM assignments x WHERE x.user_id = a.id)
		ORDER BY i.accepted_at DESC
		LIMIT 1`, user)
	if errors.Is(err, sql.ErrNoRows) {
		return user, nil
	}
	return holder, err
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
	_, holder, err := c.find(contact)
	if err != nil {
		return err
	}
	n := c.person(holder, contact)
	if !first.Registered.IsZero() {
		c.people[n].registered = first.Registered
	}
	if holder != "" && first.Business != "" {
		c.people[n].Business = first.Business
	}
	c.give(n, l, licensing.Administrator)
	return nil
}

// replace plans the new contact in the place of the former one, who keeps Administrator and
// inherits nothing any more (R34, R90).
func (c *contract) replace(p *plan, n named, holder *subject) error {
	if holder.refusal != nil {
		return holder.refusal.In("contacts")
	}
	user := n.user
	if user == "" {
		user = holder.user.ID
	}
	c.answer.Contacts[n.verdict].User = user
	if n.former != "" {
		p.former = append(p.former, contactRow{n.license, n.kind, n.former})
	}
	p.contacts = append(p.contacts, contactRow{n.license, n.kind, user})
	if n.kind == licensing.BillToContact { // the role is the contact's now, whoever gave it (R18)
		p.billTo = append(p.billTo, grantRow{LicenseID: n.license, UserID: holder.user.ID})
	}
	line := c.line(user, n.license)
	line.action, line.rule, line.detail = licensing.AuditContactNamed, "R34",
		licensing.ContactChanged{Kind: n.kind}
	p.audit = append(p.audit, line)
	return nil
}

// leave plans what it means for the former contact that somebody else has his place: he inherits nothing
// there any more, unless the contract still names him (R90). All places of the request are taken by then, in
// whatever order they were named.
func (c *contract) leave(p *plan, n named) error {
	still, err := c.contactKinds(n.license, n.former)
	if err != nil {
		return err
	}
	still = slices.DeleteFunc(still, func(k licensing.ContactKind) bool {
		return slices.Contains(p.former, contactRow{n.license, k, n.former})
	})
	for _, r := range p.contacts {
		if r.License == n.license && r.User == n.former {
			still = append(still, r.Kind)
		}
	}
	line := c.line(n.former, n.license)
	line.action, line.rule = licensing.AuditContactFormer, "R34"
	ends := false
	if !slices.ContainsFunc(still, licensing.ContactKind.MayInherit) {
		if ends, err = c.hasOptedIn(n.license, n.former); err != nil {
			return err
		}
		p.preferences = append(p.preferences, preferenceRow{User: n.former, License: n.license})
	}
	if ends {
		p.tell(c.mandate, n.former)
	}
	line.detail = licensing.ContactChanged{Kind: n.kind, Ended: ends}
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
