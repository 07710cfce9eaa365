package store

import (
	"context"
	"fmt"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// Apply takes in what is known of an organization from outside: domains, directory, agreements and their
// first administrators, with origin contract (R03, R25, R27). It is one transaction and changes nothing the
// second time. A refusal is an *licensing.Error and writes nothing at all.
func (s *Store) Apply(ctx context.Context, in licensing.Intake) (licensing.IntakeAnswer, error) {
	in, form := in.Check(s.policy)
	if form == nil && !ids(string(in.Org)) {
		return licensing.IntakeAnswer{}, licensing.Refuse(licensing.Invalid, "",
			"the organization's id must be a UUID in lower case").In("org")
	}
	q := request{form: form, id: in.ID, org: in.Org, action: licensing.AuditApply, who: partner(in.Partner), content: in}
	q.first = func(t *tx) error { return t.makeOrganization(in) }
	return carryOut(ctx, s, q, func(t *tx) (licensing.IntakeAnswer, []licensing.OutboxEntry, error) {
		if err := t.applyOrganization(in); err != nil {
			return licensing.IntakeAnswer{}, nil, err
		}
		people := t.newDirectoryImport(q)
		if err := people.take(in.Directory); err != nil {
			return licensing.IntakeAnswer{}, nil, err
		}
		c := t.newContract(q, in.InviteFor)
		c.plan.work = people.work
		if err := c.takeIn(in.Agreements, "agreements[%d]"); err != nil {
			return licensing.IntakeAnswer{}, nil, err
		}
		c.answer.Domains, c.answer.Directory = len(in.Domains), len(in.Directory)
		c.answer.Orphaned, c.answer.Odd = people.answer.Orphaned, people.answer.Odd
		return c.answer, c.plan.work, nil
	})
}

// makeOrganization makes the organization where there is none. What is new about one that there is waits for
// the claim: the same intake again must not take back what later ones said.
func (t *tx) makeOrganization(in licensing.Intake) error {
	_, err := t.exec(`
		INSERT INTO organizations (id, name, created_at)
		VALUES (?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, in.Org, in.Name, ts(t.now))
	return err
}

// applyOrganization gives the organization its name and its domains.
func (t *tx) applyOrganization(in licensing.Intake) error {
	if _, err := t.exec(`UPDATE organizations SET name = ? WHERE id = ?`, in.Name, in.Org); err != nil {
		return err
	}
	for n, d := range in.Domains {
		_, err := t.exec(`INSERT INTO organization_domains (domain, org_id) VALUES (?, ?) ON CONFLICT (domain)
			DO NOTHING`, d, in.Org)
		if err != nil {
			return err
		}
		var owner licensing.OrgID
		if err := t.get(&owner, `SELECT org_id FROM organization_domains WHERE domain = ?`, d); err != nil {
			return err
		}
		if owner != in.Org {
			return licensing.Refuse(licensing.Conflict, "R63",
				"the domain belongs to another organization").In(fmt.Sprintf("domains[%d]", n))
		}
	}
	return nil
}

// OrganizationsAfter returns the ids of at most limit organizations behind
// the one given, "" for the first ones.
func (s *Store) OrganizationsAfter(
	ctx context.Context, after licensing.OrgID, limit int,
) (out []licensing.OrgID, err error) {
	query, args := `SELECT id FROM organizations ORDER BY id LIMIT ?`, []any{limit}
	if after != "" {
		query, args = `SELECT id FROM organizations WHERE id > ? ORDER BY id LIMIT ?`, []any{after, limit}
	}
	err = s.reader.Read(ctx, "list organizations",
		func(q *rows.Query) error { return q.All(&out, query, args...) })
	return out, err
}
