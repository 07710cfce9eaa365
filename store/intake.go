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
		c := &contract{tx: t, org: in.Org, request: in.ID, inviteFor: in.InviteFor, policy: p, now: now, work: people.work}
		if err := c.takeIn(in.Agreements, "agreements[%d]"); err != nil {
			return err
		}
		out = c.answer
		out.Domains, out.Directory, out.Orphaned = len(in.Domains), len(in.Directory), people.answer.Orphaned
		return t.answerRequest(in.ID, out, c.work)
	})
	if err != nil {
		s.refused(ctx, err, auditRow{At: at(now), OrgID: in.Org, Action: "apply", RequestID: opt(in.ID)})
	}
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

// imported plans a profile that exists elsewhere already: registered then, and Administrator effective at once where nothing
// was held before. Everything else is judged as for anybody.
func (p *plan) imported(d *decision, s *subject, since time.Time) licensing.PersonVerdict {
	if s.known && !s.user.person().Registered() {
		return d.judgePerson(s) // invited meanwhile: the invitation decides
	}
	v := licensing.PersonVerdict{User: s.user.ID}
	if !s.known {
		s.user.RegisteredAt = at(since)
		p.users = append(p.users, s.user)
	}
	var later []licensing.Verdict
	for _, c := range s.change.Access {
		fresh := s.assignments[c.License] == nil
		one, j := d.judgeChange(s, c)
		switch {
		case one.Outcome == licensing.Refused || one.Outcome == licensing.Unchanged:
		case fresh && slices.Equal(one.Added, []licensing.Role{licensing.Administrator}):
			one.DueAt, one.After = time.Time{}, licensing.StatusOf(s.user.person(), licensing.Settled, "")
			j.Next, j.DueAt = licensing.Settled, time.Time{}
			p.change(d, s, one, j)
			p.grants[len(p.grants)-1].Effective = true
		default:
			p.change(d, s, one, j)
			later = append(later, one)
		}
		v.Verdicts = append(v.Verdicts, one)
	}
	p.follow(d, s, later)
	return v
}
