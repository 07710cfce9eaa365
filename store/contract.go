package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vlroles/licensing"
)

// PutAgreement takes in one agreement with those whom it names, new or changed, of an organization
// that is known (R03, R18, R25, R27, R34, R37). It is one transaction; a refusal is an
// *licensing.Error and writes nothing at all.
func (s *Store) PutAgreement(ctx context.Context, a licensing.AgreementPut) (licensing.IntakeAnswer, error) {
	a, form := a.Check(s.policy)
	q := request{form: form, id: a.ID, org: a.Org, action: licensing.AuditPutAgreement, who: partner(a.Partner),
		license: a.Agreement.License, content: a}
	return s.fromPartner(ctx, q, a.InviteFor, func(c *contract) error {
		c.strict = true
		return c.takeIn([]licensing.ContractAgreement{a.Agreement}, "")
	})
}

// partner is the principal of what a partner says.
func partner(name string) licensing.Principal {
	return licensing.Principal{Kind: licensing.ByPartner, Name: name}
}

// fromPartner carries a partner's request out.
func (s *Store) fromPartner(
	ctx context.Context, q request, inviteFor time.Duration, do func(*contract) error,
) (licensing.IntakeAnswer, error) {
	return carryOut(ctx, s, q, func(t *tx) (licensing.IntakeAnswer, []licensing.OutboxEntry, error) {
		c := t.newContract(q, inviteFor)
		err := do(c)
		return c.answer, c.plan.work, err
	})
}

// contract is what a partner says of agreements, on its way from names to rows: it gathers who gets
// what, and has that decided as a whole.
type contract struct {
	*tx
	mandate
	strict bool // a new agreement must name an administrator

	people []asked        // who gets or loses a role, or is named
	place  map[string]int // of people, by user id or key of the sign-in email
	named  []named
	plan   plan
	answer licensing.IntakeAnswer
}

func (t *tx) newContract(q request, inviteFor time.Duration) *contract {
	m := outsideMandate(licensing.ContractMandate, q, inviteFor)
	return &contract{tx: t, mandate: m, place: map[string]int{}}
}

// takeIn takes agreements in. Field is where they stand in the input.
func (c *contract) takeIn(agreements []licensing.ContractAgreement, field string) error {
	c.answer.Agreements = len(agreements)
	found, err := c.lockContract(agreements)
	if err != nil {
		return err
	}
	var moved []licensing.LicenseID
	for n, a := range agreements {
		was := found[a.License]
		if was.Parent != nullString(a.Parent) {
			moved = append(moved, a.License)
		}
		if err := c.mayTakeIn(a, was); err != nil {
			return inList(field, n, err)
		}
	}
	before, err := c.heirs(moved)
	if err != nil {
		return err
	}
	for n, a := range agreements {
		if err := c.putAgreement(a, found[a.License]); err != nil {
			return inList(field, n, err)
		}
	}
	if err := c.nameAll(agreements, found); err != nil {
		return err
	}
	if err := c.decideNamed(); err != nil {
		return err
	}
	after, err := c.heirs(moved)
	c.plan.tell(c.mandate, append(before, after...)...)
	c.answer.Work = len(c.plan.work)
	return err
}

func (c *contract) mayTakeIn(a licensing.ContractAgreement, was existingAgreement) error {
	if !c.strict {
		return nil
	}
	return licensing.MayTakeIn(a, !was.fresh)
}

// nameAll gathers everybody whom the agreements name.
func (c *contract) nameAll(
	agreements []licensing.ContractAgreement, found map[licensing.LicenseID]existingAgreement,
) error {
	for _, a := range agreements {
		ex := found[a.License]
		ex.Active = !a.Inactive
		for _, contact := range inOrder(a.Contacts) {
			if err := c.name(a.License, contact, ex); err != nil {
				return err
			}
		}
		for _, first := range a.Administrators {
			if err := c.administrator(a.License, first); err != nil {
				return err
			}
		}
	}
	return nil
}

// person returns the place of a person among those of the request.
func (c *contract) person(user licensing.UserID, contact licensing.Contact) int {
	signIn := contact.SignIn
	if signIn == "" {
		signIn = contact.Business
	}
	key, change := string(user), licensing.PersonChange{User: user}
	if user == "" {
		key, change = signIn.Key(),
			licensing.PersonChange{SignIn: signIn, Business: contact.Business, Name: contact.Name}
	}
	n, known := c.place[key]
	if !known {
		n = len(c.people)
		c.place[key] = n
		c.people = append(c.people, asked{PersonChange: change})
	}
	return n
}

// give asks for a role. Administrator takes the place of Invoice Reader, which
// is skipped beside it and audited (R19).
func (c *contract) give(person int, l licensing.LicenseID, r licensing.Role) {
	if r == "" {
		return
	}
	ch := c.access(person, l)
	if slices.Contains(ch.Add, r) {
		return
	}
	both := len(ch.Add) > 0
	if r == licensing.Administrator {
		ch.Add, ch.Remove = []licensing.Role{r}, []licensing.Role{licensing.InvoiceReader}
	} else if !both {
		ch.Add = append(ch.Add, r)
	}
	if both {
		line := c.line(c.people[person].User, l)
		line.refused, line.rule = true, "R19"
		c.plan.audit = append(c.plan.audit, line)
	}
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

// decideNamed has everybody judged in the contract's name, and writes
// that together with who is a contact now.
func (c *contract) decideNamed() error {
	for _, n := range c.named {
		c.people[n.person].contact = true
	}
	d, err := c.decide(c.mandate, c.people)
	if err != nil {
		return err
	}
	p := d.planned()
	p.audit, p.work = append(c.plan.audit, p.audit...), append(c.plan.work, p.work...)
	p.readdressed = c.plan.readdressed
	c.answer.People = d.verdicts()
	for _, n := range c.named {
		if err := c.replace(p, n, d.people[n.person]); err != nil {
			return err
		}
	}
	for _, n := range c.named {
		if n.former == "" {
			continue
		}
		if err := c.leave(p, n); err != nil {
			return err
		}
	}
	c.plan = *p
	c.answer.Work = len(p.work)
	return p.write(c.tx)
}

// inList puts the place in a list of the input before the field of a refusal; "" is no list.
func inList(list string, n int, err error) error {
	if e := licensing.RefusalOf(err); e != nil && list != "" {
		return e.In(fmt.Sprintf(list, n))
	}
	return err
}
