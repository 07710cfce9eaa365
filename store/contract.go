package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"vlroles/licensing"
)

// PutAgreement takes in one agreement with those whom it names, new or changed, of an organization that is known (R03, R18,
// R25, R27, R34, R37). It is one transaction; a refusal is an *licensing.Error and writes nothing at all.
func (s *Store) PutAgreement(ctx context.Context, a licensing.AgreementPut, p licensing.Policy, now time.Time) (licensing.IntakeAnswer, error) {
	a, err := a.Check(p)
	if err != nil {
		return licensing.IntakeAnswer{}, err
	}
	return s.contract(ctx, "put agreement", a.ID, a.Org, a, now, func(c *contract) error {
		c.policy, c.inviteFor, c.strict = p, a.InviteFor, true
		return c.takeIn([]licensing.ContractAgreement{a.Agreement}, "")
	})
}

// ChangeContact carries out a Change of Contact Information Request (R34): on the License IDs that it names, or on all that
// list the present contact. Inactive agreements are skipped (R37).
func (s *Store) ChangeContact(ctx context.Context, c licensing.ContactChange, p licensing.Policy, now time.Time) (licensing.IntakeAnswer, error) {
	c, err := c.Check(p)
	if err != nil {
		return licensing.IntakeAnswer{}, err
	}
	return s.contract(ctx, "change contact", c.ID, c.Org, c, now, func(t *contract) error {
		t.policy, t.inviteFor = p, c.InviteFor
		return t.changeContact(c)
	})
}

// contract runs f as one request of a partner.
func (s *Store) contract(ctx context.Context, verb string, id licensing.RequestID, org licensing.OrgID, content any, now time.Time, f func(*contract) error) (licensing.IntakeAnswer, error) {
	var out licensing.IntakeAnswer
	err := s.write(ctx, verb, func(t *tx) error {
		out = licensing.IntakeAnswer{}
		known, err := t.claimRequest(id, org, "", verb, content, &out, now)
		if err != nil || known {
			return err
		}
		c := &contract{tx: t, org: org, request: id, now: now}
		if err := f(c); err != nil {
			return err
		}
		out = c.answer
		return t.answerRequest(id, out, c.work)
	})
	if err != nil {
		s.refused(ctx, err, auditRow{At: at(now), OrgID: org, Action: verb, RequestID: opt(id)})
	}
	return out, err
}

// contract is what partners say of agreements, on its way from names to rows.
type contract struct {
	*tx
	org       licensing.OrgID
	request   licensing.RequestID
	inviteFor time.Duration
	policy    licensing.Policy
	now       time.Time
	strict    bool // a new agreement must name an administrator

	people   []licensing.PersonChange // who gets or loses a role, or is named
	imported []time.Time              // in the same order: when the person registered elsewhere
	place    map[string]int           // of people, by user id or key of the sign-in e-mail
	named    []naming

	answer licensing.IntakeAnswer
	work   []licensing.Work
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

// standing is an agreement as the request finds it.
type standing struct {
	License licensing.LicenseID `db:"license_id"`
	Org     licensing.OrgID     `db:"org_id"`
	Parent  opt                 `db:"parent"`
	Active  bool                `db:"active"`
	fresh   bool
}

// takeIn takes agreements in. Field is where they stand in the input.
func (c *contract) takeIn(agreements []licensing.ContractAgreement, field string) error {
	c.answer.Agreements = len(agreements)
	at := func(n int) string {
		if field == "" {
			return ""
		}
		return fmt.Sprintf(field, n)
	}
	var all []licensing.LicenseID
	nested := false
	for _, a := range agreements {
		all = append(all, a.License)
		nested = nested || a.Parent != ""
	}
	if nested { // two requests at once must not close a circle of parents
		var one int
		if err := c.get(&one, c.lock(`SELECT 1 FROM organizations o WHERE o.id = ?`, "o"), c.org); err != nil {
			return err
		}
	}
	if err := c.lockAgreements(all); err != nil {
		return err
	}
	found, err := c.standings(all)
	if err != nil {
		return err
	}
	var moved []licensing.LicenseID
	for n, a := range agreements {
		was := found[a.License]
		if was.Parent != opt(a.Parent) {
			moved = append(moved, a.License)
		}
		if err := c.strictly(a, !was.fresh); err != nil {
			return licensing.RefusalOf(err).In(at(n))
		}
	}
	before, err := c.heirs(moved)
	if err != nil {
		return err
	}
	for n, a := range agreements {
		if err := c.agreement(a, found[a.License], at(n)); err != nil {
			return err
		}
	}
	for _, a := range agreements {
		st := found[a.License]
		st.Active = !a.Inactive
		for _, contact := range inOrder(a.Contacts) {
			if err := c.name(a.License, contact, st); err != nil {
				return err
			}
		}
		for _, first := range a.Administrators {
			if err := c.administrator(a.License, first); err != nil {
				return err
			}
		}
	}
	if err := c.decide(); err != nil {
		return err
	}
	after, err := c.heirs(moved)
	if err != nil {
		return err
	}
	c.tell(append(before, after...)...)
	return nil
}

func (c *contract) strictly(a licensing.ContractAgreement, known bool) error {
	if !c.strict {
		return nil
	}
	return licensing.MayTakeIn(a, known)
}

// inOrder puts the Bill To contact last: Administrator wins (R19).
func inOrder(in []licensing.Contact) []licensing.Contact {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b licensing.Contact) int {
		return btoi(a.Kind == licensing.BillToContact) - btoi(b.Kind == licensing.BillToContact)
	})
	return out
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// standings reads agreements whatever organization they belong to; those that there are not are fresh.
func (c *contract) standings(ids []licensing.LicenseID) (map[licensing.LicenseID]standing, error) {
	out := map[licensing.LicenseID]standing{}
	for _, l := range ids {
		out[l] = standing{License: l, Org: c.org, fresh: true}
	}
	for part := range slices.Chunk(ids, batch) {
		var rows []standing
		if err := c.in(&rows, `SELECT license_id, org_id, parent, active FROM agreements WHERE license_id IN (?)`, part); err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.License] = r
		}
	}
	return out, nil
}

// agreement writes one agreement and audits what of it is new.
func (c *contract) agreement(a licensing.ContractAgreement, was standing, field string) error {
	if was.Org != c.org {
		return licensing.Refuse(licensing.Conflict, "R08", "License ID %s belongs to another organization", a.License).In(field)
	}
	if a.Parent != "" {
		var found int
		if err := c.get(&found, `SELECT COUNT(*) FROM agreements WHERE org_id = ? AND license_id = ?`, c.org, a.Parent); err != nil {
			return err
		}
		if found == 0 {
			return licensing.Refuse(licensing.Invalid, "R41", "the organization has no agreement %s: parents come first", a.Parent).In("parent").In(field)
		}
		if err := c.noCycle(a.License, a.Parent); err != nil {
			return err
		}
	}
	invitation := "mail"
	if a.NoInvitation {
		invitation = "none"
	}
	n, err := c.exec(`
		INSERT INTO agreements (license_id, org_id, program, parent, processed_at, active, invitation)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (license_id) DO UPDATE
		SET program = excluded.program, parent = excluded.parent, processed_at = excluded.processed_at, active = excluded.active,
			invitation = excluded.invitation
		WHERE agreements.org_id = excluded.org_id`,
		a.License, c.org, a.Program, opt(a.Parent), at(a.ProcessedAt), !a.Inactive, invitation)
	if err != nil {
		return err
	}
	if n == 0 { // another organization was first
		return licensing.Refuse(licensing.Conflict, "R08", "License ID %s belongs to another organization", a.License).In(field)
	}
	if !was.fresh && was.Parent == opt(a.Parent) && was.Active == !a.Inactive {
		return nil
	}
	row := c.line("agreement", "R03", a.License)
	row.Detail = detail(map[string]any{"new": was.fresh, "parent": a.Parent, "inactive": a.Inactive})
	return c.audit(row)
}

func (c *contract) line(action string, rule opt, l licensing.LicenseID) auditRow {
	return auditRow{At: at(c.now), OrgID: c.org, Action: action, Outcome: "done", LicenseID: opt(l), RequestID: opt(c.request), Rule: rule, Detail: "{}"}
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

// person returns the place of a person among those of the request.
func (c *contract) person(user licensing.UserID, contact licensing.Contact) int {
	signIn := contact.SignIn
	if signIn == "" {
		signIn = contact.Business
	}
	key, change := string(user), licensing.PersonChange{User: user}
	if user == "" {
		key, change = signIn.Key(), licensing.PersonChange{SignIn: signIn, Business: contact.Business, Name: contact.Name}
	}
	n, known := c.place[key]
	if !known {
		if c.place == nil {
			c.place = map[string]int{}
		}
		n = len(c.people)
		c.place[key] = n
		c.people, c.imported = append(c.people, change), append(c.imported, time.Time{})
	}
	return n
}

// give adds a role. Administrator takes the place of Invoice Reader, which is skipped beside it and audited (R19).
func (c *contract) give(person int, l licensing.LicenseID, r licensing.Role) error {
	if r == "" {
		return nil
	}
	ch := c.access(person, l)
	if slices.Contains(ch.Add, r) {
		return nil
	}
	both := len(ch.Add) > 0
	if r == licensing.Administrator {
		ch.Add, ch.Remove = []licensing.Role{r}, []licensing.Role{licensing.InvoiceReader}
	} else if !both {
		ch.Add = append(ch.Add, r)
	}
	if !both {
		return nil
	}
	row := c.line("contract", "R19", l)
	row.Outcome, row.UserID = "refused", opt(c.people[person].User)
	return c.audit(row)
}

// access returns the change of a person on a License ID.
func (c *contract) access(person int, l licensing.LicenseID) *licensing.AccessChange {
	all := &c.people[person].Access
	n := slices.IndexFunc(*all, func(a licensing.AccessChange) bool { return a.License == l })
	if n < 0 {
		n = len(*all)
		*all = append(*all, licensing.AccessChange{License: l})
	}
	return &(*all)[n]
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

// decide judges everybody as a save would, in the contract's name, and writes.
func (c *contract) decide() error {
	d := &decision{tx: c.tx, policy: c.policy, now: c.now, purpose: contracting, plan: plan{work: c.work},
		save: licensing.Save{ID: c.request, Org: c.org, InviteFor: c.inviteFor, People: c.people}}
	for _, read := range []func() error{d.readAgreements, d.readPeople, d.readHoldings, d.readInheritance} {
		if err := read(); err != nil {
			return err
		}
	}
	d.authority = map[licensing.LicenseID]bool{}
	for l := range d.agreements {
		d.authority[l] = true
	}
	for _, n := range c.named {
		d.people[n.person].stay = true
	}
	for n, s := range d.people {
		if since := c.imported[n]; !since.IsZero() && s.refusal == nil {
			d.answer.People = append(d.answer.People, d.plan.imported(d, s, since))
			continue
		}
		d.answer.People = append(d.answer.People, d.judgePerson(s))
	}
	if err := d.write(); err != nil {
		return err
	}
	c.answer.People, c.work = d.answer.People, d.plan.work
	c.answer.Work = len(c.work)
	for _, n := range c.named {
		if err := c.replace(n, d.people[n.person]); err != nil {
			return err
		}
	}
	return nil
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
	if n.contact.Kind == licensing.BillToContact { // the role is the contact's now, whoever gave it (R18)
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

// heirs returns who has opted in above the License IDs.
func (c *contract) heirs(ids []licensing.LicenseID) ([]licensing.UserID, error) {
	var out []licensing.UserID
	for part := range slices.Chunk(unique(ids), batch) {
		var some []licensing.UserID
		err := c.in(&some, ancestors+`
			SELECT DISTINCT p.user_id
			FROM up
			JOIN preferences p ON p.license_id = up.above AND p.inherit
			WHERE up.above <> up.license_id`, c.org, part)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// tell has the downstream system told what these people have now.
func (c *contract) tell(users ...licensing.UserID) {
	for _, u := range unique(users) {
		if !slices.ContainsFunc(c.work, func(w licensing.Work) bool { return w.User == u && w.Kind == licensing.WorkAssign }) {
			c.work = append(c.work, tell(c.org, c.request, u))
		}
	}
	c.answer.Work = len(c.work)
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
