package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vlroles/licensing"
)

// PutAgreement takes in one agreement with those whom it names, new or changed, of an organization that is known (R03, R18,
// R25, R27, R34, R37). It is one transaction; a refusal is an *licensing.Error and writes nothing at all.
func (s *Store) PutAgreement(ctx context.Context, a licensing.AgreementPut) (licensing.IntakeAnswer, error) {
	a, err := a.Check(s.policy)
	if err != nil {
		return licensing.IntakeAnswer{}, err
	}
	return s.contract(ctx, "put agreement", a.ID, a.Org, a, func(c *contract) error {
		c.inviteFor, c.strict = a.InviteFor, true
		return c.takeIn([]licensing.ContractAgreement{a.Agreement}, "")
	})
}

// contract runs f as one request of a partner.
func (s *Store) contract(ctx context.Context, verb string, id licensing.RequestID, org licensing.OrgID, content any, f func(*contract) error) (licensing.IntakeAnswer, error) {
	var out licensing.IntakeAnswer
	err := s.write(ctx, verb, func(t *tx) error {
		out = licensing.IntakeAnswer{}
		known, err := t.claimRequest(id, org, "", verb, content, &out)
		if err != nil || known {
			return err
		}
		c := &contract{tx: t, org: org, request: id}
		if err := f(c); err != nil {
			return err
		}
		out = c.answer
		return t.answerRequest(id, out, c.work)
	})
	if err != nil {
		s.refused(ctx, err, auditRow{OrgID: org, Action: verb, RequestID: opt(id)})
	}
	return out, err
}

// contract is what partners say of agreements, on its way from names to rows.
type contract struct {
	*tx
	org       licensing.OrgID
	request   licensing.RequestID
	inviteFor time.Duration
	strict    bool // a new agreement must name an administrator

	people   []licensing.PersonChange // who gets or loses a role, or is named
	imported []time.Time              // in the same order: when the person registered elsewhere
	place    map[string]int           // of people, by user id or key of the sign-in e-mail
	named    []naming

	answer licensing.IntakeAnswer
	work   []licensing.Work
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

// decide judges everybody as a save would, in the contract's name, and writes.
func (c *contract) decide() error {
	d := &decision{tx: c.tx, purpose: contracting, plan: plan{work: c.work},
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

func (t *tx) noCycle(child, parent licensing.LicenseID) error {
	var hit int
	err := t.get(&hit, `
		WITH RECURSIVE up (license_id) AS (
			SELECT license_id FROM agreements WHERE license_id = ?
			UNION
			SELECT a.parent FROM up JOIN agreements a ON a.license_id = up.license_id WHERE a.parent IS NOT NULL
		)
		SELECT COUNT(*) FROM up WHERE license_id = ?`, parent, child)
	if err == nil && hit > 0 {
		return licensing.Refuse(licensing.Invalid, "R41", "agreement %s can't stand below %s, which stands below it", child, parent)
	}
	return err
}
