package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"vlroles/licensing"
)

// ChangeContact carries out a Change of Contact Information Request (R34): on the License IDs that it names, or on all that
// list the present contact. Inactive agreements are skipped (R37).
func (s *Store) ChangeContact(ctx context.Context, c licensing.ContactChange) (licensing.IntakeAnswer, error) {
	c, err := c.Check(s.policy)
	if err != nil {
		return licensing.IntakeAnswer{}, err
	}
	return s.contract(ctx, "change contact", c.ID, c.Org, c, func(t *contract) error {
		t.inviteFor = c.InviteFor
		return t.changeContact(c)
	})
}

// naming is a contact that takes its place with this request.
type naming struct {
	license licensing.LicenseID
	contact licensing.Contact
	user    licensing.UserID // "": people[person]
	person  int              // of people: who has the role
	former  licensing.UserID
	verdict int // of the answer's contacts
}

// inOrder puts the Bill To contact last: Administrator wins (R19).
func inOrder(in []licensing.Contact) []licensing.Contact {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b licensing.Contact) int {
		return btoi(a.Kind == licensing.BillToContact) - btoi(b.Kind == licensing.BillToContact)
	})
	return out
}

// name takes note of a contact, and of what the contact gets by being named: a role where the contact is a new one (R25, R18),
// nothing where it was the contact before.
func (c *contract) name(l licensing.LicenseID, contact licensing.Contact, st standing) error {
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
		user = licensing.UserID(former)
	}
	switch {
	case !licensing.MayChangeContact(st.Active, st.fresh):
		v.Outcome, v.Rule = licensing.ContactSkipped, "R37"
	case former != "" && licensing.UserID(former) == user:
		v.Outcome, v.User = licensing.ContactUnchanged, user
	}
	if v.Outcome == licensing.ContactNamed {
		v.Former, v.Rule = licensing.UserID(former), "R34"
		person := c.person(holder, contact)
		c.named = append(c.named, naming{license: l, contact: contact, user: user, person: person, former: v.Former, verdict: len(c.answer.Contacts)})
		if err := c.give(person, l, contact.Kind.Role()); err != nil {
			return err
		}
		if contact.Kind == licensing.BillToContact {
			if err := c.leaveBillTo(l, holder); err != nil {
				return err
			}
		}
	}
	c.answer.Contacts = append(c.answer.Contacts, v)
	return nil
}

// present returns who is the contact now, "" for nobody, and whether the partner names the same person again: by the sign-in
// e-mail, or by the address on the contract.
func (c *contract) present(l licensing.LicenseID, contact licensing.Contact) (former opt, same bool, err error) {
	var row struct {
		User     opt             `db:"user_id"`
		SignIn   string          `db:"sign_in_key"`
		Business licensing.Email `db:"business_email"`
		Left     bool            `db:"left_tenant"`
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

// find returns the profile of a contact, "" for none, and the one that has the contact's roles: another one where somebody
// else accepted the contact's invitation instead (R27, R28). Where the partner gives no sign-in e-mail, whoever registered by
// the invitation that was mailed to the business e-mail is that person; that somebody claims the address is not enough.
func (c *contract) find(contact licensing.Contact) (user, holder licensing.UserID, err error) {
	key := contact.SignIn.Key()
	if contact.SignIn == "" {
		key = contact.Business.Key()
	}
	var rows []licensing.UserID
	if err := c.all(&rows, `SELECT id FROM users WHERE org_id = ? AND sign_in_key = ?`, c.org, key); err != nil {
		return "", "", err
	}
	if len(rows) == 0 && contact.SignIn == "" {
		err := c.all(&rows, `
			SELECT DISTINCT u.id
			FROM mails m
			JOIN invitations i ON i.id = m.invitation_id AND i.state = 'accepted' AND i.accepted_by = i.user_id
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
	user = rows[0]
	holder, err = c.instead(user)
	return user, holder, err
}

// instead returns who has the roles of a contact: the contact, or whoever accepted the contact's invitation instead and has
// neither left nor been deleted since (R28, R47, R80).
func (c *contract) instead(user licensing.UserID) (licensing.UserID, error) {
	var holder opt
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
	return licensing.UserID(holder), err
}

// leaveBillTo takes Invoice Reader from whoever has it as the Bill To contact of before (R18).
func (c *contract) leaveBillTo(l licensing.LicenseID, holder licensing.UserID) error {
	var before []licensing.UserID
	err := c.all(&before, `SELECT user_id FROM grants WHERE license_id = ? AND role = 'invoice_reader' AND origin = 'bill_to' ORDER BY user_id`, l)
	for _, u := range before {
		if u == holder {
			continue
		}
		ch := c.access(c.person(u, licensing.Contact{}), l)
		ch.Remove = []licensing.Role{licensing.InvoiceReader}
	}
	return err
}

// administrator takes note of a first administrator (R25).
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
		c.imported[n] = first.Registered
	}
	if holder != "" && first.Business != "" {
		c.people[n].Business = first.Business
	}
	return c.give(n, l, licensing.Administrator)
}

// replace writes the new contact in the place of the former one, who keeps Administrator and inherits nothing any more (R34,
// R90).
func (c *contract) replace(n naming, holder *subject) error {
	if holder.refusal != nil {
		return holder.refusal.In("contacts")
	}
	user := n.user
	if user == "" {
		user = holder.user.ID
	}
	c.answer.Contacts[n.verdict].User = user
	if n.former != "" {
		if err := c.leave(n); err != nil {
			return err
		}
	}
	_, err := c.exec(`INSERT INTO contacts (license_id, kind, user_id, since) VALUES (?, ?, ?, ?)`, n.license, n.contact.Kind, user, at(c.now))
	if err != nil {
		return err
	}
	if n.contact.Kind == licensing.BillToContact { // the role is the contact's t.now, whoever gave it (R18)
		_, err := c.exec(`UPDATE grants SET origin = 'bill_to' WHERE license_id = ? AND user_id = ? AND role = 'invoice_reader'`, n.license, holder.user.ID)
		if err != nil {
			return err
		}
	}
	row := c.line("contact.named", "R34", n.license)
	row.UserID, row.Detail = opt(user), detail(map[string]any{"kind": n.contact.Kind})
	return c.audit(row)
}

func (c *contract) leave(n naming) error {
	_, err := c.exec(`UPDATE contacts SET until = ? WHERE license_id = ? AND kind = ? AND until IS NULL`, at(c.now), n.license, n.contact.Kind)
	if err != nil {
		return err
	}
	var still int
	err = c.get(&still, `SELECT COUNT(*) FROM contacts WHERE license_id = ? AND user_id = ? AND until IS NULL AND kind <> 'bill_to'`, n.license, n.former)
	if err != nil {
		return err
	}
	var ended int
	if still == 0 {
		ended, err = c.exec(`UPDATE preferences SET inherit = ?, changed_at = ? WHERE license_id = ? AND user_id = ? AND inherit`, false, at(c.now), n.license, n.former)
		if err != nil {
			return err
		}
		if ended > 0 {
			c.tell(n.former)
		}
	}
	row := c.line("contact.former", "R34", n.license)
	row.UserID, row.Detail = opt(n.former), detail(map[string]any{"kind": n.contact.Kind, "ended": ended > 0})
	return c.audit(row)
}

// changeContact finds the License IDs of a Change of Contact Information Request and names the contact on each.
func (c *contract) changeContact(ch licensing.ContactChange) error {
	ids := ch.Licenses
	for round := range 2 { // once to know what to lock, and again under the lock: another partner may have been first
		if ch.From != "" {
			var err error
			if ids, err = c.listing(ch); err != nil {
				return err
			}
		}
		if round == 0 {
			if err := c.lockAgreements(ids); err != nil {
				return err
			}
		}
	}
	found, err := c.standings(ids)
	if err != nil {
		return err
	}
	for n, l := range ids {
		st := found[l]
		if st.fresh || st.Org != c.org {
			return licensing.Refuse(licensing.NotFound, "R08", "the organization has no License ID %s", l).In(fmt.Sprintf("license_ids[%d]", n))
		}
		if err := c.name(l, ch.Contact, st); err != nil {
			return err
		}
	}
	c.answer.Agreements = len(ids)
	return c.decide()
}

// listing returns the License IDs whose contact of the kind is the person whose place is taken.
func (c *contract) listing(ch licensing.ContactChange) ([]licensing.LicenseID, error) {
	var ids []licensing.LicenseID
	err := c.all(&ids, `
		SELECT c.license_id
		FROM contacts c
		JOIN users u ON u.id = c.user_id
		JOIN agreements a ON a.license_id = c.license_id
		WHERE a.org_id = ? AND c.kind = ? AND c.until IS NULL AND (u.sign_in_key = ? OR lower(u.business_email) = ?)
		ORDER BY c.license_id`, c.org, ch.Contact.Kind, ch.From.Key(), ch.From.Key())
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		return nil, licensing.Refuse(licensing.NotFound, "R34", "no License ID lists that person as its %s contact", ch.Contact.Kind).In("from")
	case len(ids) > licensing.MaxAgreements:
		return nil, licensing.Refuse(licensing.Invalid, "R34", "%d License IDs list that person, at most %d are changed at once: name them in parts", len(ids), licensing.MaxAgreements).In("from")
	}
	return ids, nil
}
