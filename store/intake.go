package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// Apply takes in what is known of an organization from outside: domains, directory, agreements and their first
// administrators, with origin contract (R03, R25, R27). It is one transaction and changes nothing the second time. A
// refusal is an *licensing.Error and writes nothing at all.
func (s *Store) Apply(ctx context.Context, in licensing.Intake, p licensing.Policy, now time.Time) (licensing.IntakeAnswer, error) {
	in, err := in.Check(p)
	if err != nil {
		return licensing.IntakeAnswer{}, err
	}
	if uuid.Validate(string(in.Org)) != nil {
		return licensing.IntakeAnswer{}, licensing.Refuse(licensing.Invalid, "", "the organization's id must be a UUID").In("org")
	}
	var out licensing.IntakeAnswer
	err = s.write(ctx, "apply", func(t *tx) error {
		out = licensing.IntakeAnswer{}
		if err := t.applyOrganization(in, now); err != nil {
			return err
		}
		known, err := t.claimRequest(in.ID, in.Org, "", "apply", in, &out, now)
		if err != nil || known {
			return err
		}
		people := &roll{tx: t, org: in.Org, request: in.ID, now: now, field: "directory"}
		if err := people.take(in.Directory); err != nil {
			return err
		}
		if err := t.applyAgreements(in); err != nil {
			return err
		}
		out, err = t.applyAdministrators(in, p, now, people.work)
		return err
	})
	return out, err
}

func (t *tx) applyOrganization(in licensing.Intake, now time.Time) error {
	_, err := t.exec(`
		INSERT INTO organizations (id, name, created_at)
		VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name`, in.Org, in.Name, at(now))
	if err != nil {
		return err
	}
	for n, d := range in.Domains {
		if _, err := t.exec(`INSERT INTO organization_domains (domain, org_id) VALUES (?, ?) ON CONFLICT (domain) DO NOTHING`, d, in.Org); err != nil {
			return err
		}
		var owner licensing.OrgID
		if err := t.get(&owner, `SELECT org_id FROM organization_domains WHERE domain = ?`, d); err != nil {
			return err
		}
		if owner != in.Org {
			return licensing.Refuse(licensing.Conflict, "R63", "the domain belongs to another organization").In(fmt.Sprintf("domains[%d]", n))
		}
	}
	return nil
}

func (t *tx) applyAgreements(in licensing.Intake) error {
	for n, a := range in.Agreements {
		field := fmt.Sprintf("agreements[%d]", n)
		if a.Parent != "" {
			var found int
			if err := t.get(&found, `SELECT COUNT(*) FROM agreements WHERE org_id = ? AND license_id = ?`, in.Org, a.Parent); err != nil {
				return err
			}
			if found == 0 {
				return licensing.Refuse(licensing.Invalid, "R41", "the organization has no agreement %s: parents come first", a.Parent).In(field + ".parent")
			}
			if err := t.noCycle(a.License, a.Parent); err != nil {
				return err
			}
		}
		_, err := t.exec(`
			INSERT INTO agreements (license_id, org_id, program, parent, processed_at, active)
			VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (license_id) DO UPDATE
			SET program = excluded.program, parent = excluded.parent, processed_at = excluded.processed_at, active = excluded.active
			WHERE agreements.org_id = excluded.org_id`,
			a.License, in.Org, a.Program, opt(a.Parent), at(a.ProcessedAt), !a.Inactive)
		if err != nil {
			return err
		}
		var owner licensing.OrgID
		if err := t.get(&owner, `SELECT org_id FROM agreements WHERE license_id = ?`, a.License); err != nil {
			return err
		}
		if owner != in.Org {
			return licensing.Refuse(licensing.Conflict, "R08", "License ID %s belongs to another organization", a.License).In(field)
		}
	}
	return nil
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

// applyAdministrators judges the first administrators as a save would, in the contract's name.
func (t *tx) applyAdministrators(in licensing.Intake, p licensing.Policy, now time.Time, work []licensing.Work) (licensing.IntakeAnswer, error) {
	out := licensing.IntakeAnswer{Domains: len(in.Domains), Directory: len(in.Directory), Agreements: len(in.Agreements)}
	save, imported := contractSave(in)
	d := &decision{tx: t, save: save, policy: p, now: now, contract: true, plan: plan{work: work}}
	for _, read := range []func() error{d.readAgreements, d.readPeople, d.readHoldings} {
		if err := read(); err != nil {
			return out, err
		}
	}
	d.authority = map[licensing.LicenseID]bool{}
	for l := range d.agreements {
		d.authority[l] = true
	}
	for n, s := range d.people {
		if since := imported[n]; !since.IsZero() && s.refusal == nil {
			d.answer.People = append(d.answer.People, d.plan.imported(d, s, since))
			continue
		}
		d.answer.People = append(d.answer.People, d.judgePerson(s))
	}
	if err := d.plan.write(t); err != nil {
		return out, err
	}
	out.People, out.Work = d.answer.People, len(d.plan.work)
	return out, t.answerRequest(in.ID, out, d.plan.work)
}

// contractSave gathers the administrators of all agreements into one change per person, and says who registered when.
func contractSave(in licensing.Intake) (licensing.Save, []time.Time) {
	save := licensing.Save{ID: in.ID, Org: in.Org, InviteFor: in.InviteFor}
	var imported []time.Time
	place := map[string]int{}
	for _, a := range in.Agreements {
		for _, c := range a.Administrators {
			n, known := place[c.SignIn.Key()]
			if !known {
				n = len(save.People)
				place[c.SignIn.Key()] = n
				save.People = append(save.People, licensing.PersonChange{SignIn: c.SignIn, Business: c.Business, Name: c.Name})
				imported = append(imported, c.Registered)
			}
			access := &save.People[n].Access
			if !slices.ContainsFunc(*access, func(o licensing.AccessChange) bool { return o.License == a.License }) {
				*access = append(*access, licensing.AccessChange{License: a.License, Add: []licensing.Role{licensing.Administrator}})
			}
		}
	}
	return save, imported
}

// imported plans a profile that exists elsewhere already: registered then, its roles effective at once.
func (p *plan) imported(d *decision, s *subject, since time.Time) licensing.PersonVerdict {
	v := licensing.PersonVerdict{User: s.user.ID}
	if !s.known {
		s.user.RegisteredAt = at(since)
		p.users = append(p.users, s.user)
	} else if !s.user.person().Registered() {
		return d.judgePerson(s) // invited meanwhile: the invitation decides
	}
	for _, c := range s.change.Access {
		f := d.facts(s, c.License)
		if f.Assignment != licensing.NotAssigned {
			one, j := d.judgeChange(s, c)
			v.Verdicts = append(v.Verdicts, one)
			if one.Outcome == licensing.Assigned {
				p.change(d, s, one, j)
				p.follow(d, s, []licensing.Verdict{one})
			}
			continue
		}
		one := licensing.Verdict{License: c.License, Outcome: licensing.Assigned, Added: c.Add, After: licensing.StatusOf(f.Person, licensing.Settled, "")}
		p.change(d, s, one, licensing.Judgement{Outcome: one.Outcome, Add: c.Add, Next: licensing.Settled})
		for n := range p.grants[len(p.grants)-len(c.Add):] {
			p.grants[len(p.grants)-len(c.Add)+n].Effective = true
		}
		v.Verdicts = append(v.Verdicts, one)
	}
	return v
}
