package views_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vlroles/licensing"
)

// BenchmarkAccess asks "may X do Y on License ID Z" of the deepest agreements of trees five deep, half of the
// answers by a direct role and half by inheritance, at a thousand users on a hundred License IDs and at a
// hundred thousand on ten thousand. The two are measured in turn; the figures are medians.
func BenchmarkAccess(b *testing.B) {
	small, large := newForest(b, 1_000, 100), newForest(b, 100_000, 10_000)
	for range b.N {
		var times [2][]time.Duration
		for round := range 4_000 {
			for n, f := range []*forest{small, large} {
				took := f.ask(b, round)
				if round >= 200 { // the first ones fill caches
					times[n] = append(times[n], took)
				}
			}
		}
		median := func(d []time.Duration) float64 {
			slices.Sort(d)
			return float64(d[len(d)/2].Microseconds())
		}
		b.ReportMetric(median(times[0]), "µs-at-1000")
		b.ReportMetric(median(times[1]), "µs-at-100000")
		b.ReportMetric(median(times[1])/median(times[0]), "ratio")
	}
}

// forest is an organization whose agreements stand in trees of five levels: each has a root with one below
// it, and so on, and ten users a License ID. One user a tree is a contact of its root who has opted in.
type forest struct {
	*house
	users, heirs []licensing.UserID
	agreements   int
}

func newForest(b *testing.B, users, agreements int) *forest {
	b.Helper()
	f := &forest{house: newHouse(b, "PostgreSQL"), agreements: agreements}
	f.seed([]string{
		`INSERT INTO agreements (license_id, org_id, program, parent, processed_at)
		 SELECT 'T' || i, $1, 'MPSA', CASE WHEN i % 5 = 0 THEN NULL ELSE 'T' || (i - 1) END, now()
		 FROM generate_series(0, $3::int - 1) i WHERE $2::int > 0`,
		`INSERT INTO users (id, org_id, sign_in_email, sign_in_key, business_email, name, name_key, kind,
			in_tenant, registered_at, created_at)
		 SELECT gen_random_uuid(), $1, email, email, email, name, name, 'external', true, now(), now()
		 FROM (
			SELECT 'f' || i || '@fabrikam.example' AS email, 'forest ' || lpad(i::text, 7, '0') AS name
			FROM generate_series(0, $2::int - 1) i
			WHERE $3::int > 0
		 ) p`,
		`INSERT INTO assignments (user_id, license_id, org_id, state, changed_at)
		 SELECT u.id, 'T' || (substr(u.name_key, 8)::int % $3::int), $1, 'active', now()
		 FROM users u WHERE u.org_id = $1 AND u.name_key LIKE 'forest %' AND $2::int > 0`,
		`INSERT INTO grants (license_id, user_id, role, origin, effective, granted_at)
		 SELECT a.license_id, a.user_id, r, 'admin', true, now()
		 FROM assignments a, unnest(ARRAY['benefits_reader', 'license_position_reader']) r
		 WHERE a.org_id = $1 AND a.name_key LIKE 'forest %' AND $2::int + $3::int > 0`,
		`INSERT INTO contacts (license_id, kind, user_id, business_email, since)
		 SELECT a.license_id, 'primary', (
			SELECT x.user_id FROM assignments x WHERE x.license_id = a.license_id ORDER BY x.name_key LIMIT 1
		 ), 'contact@fabrikam.example', now()
		 FROM agreements a
		 WHERE a.org_id = $1 AND a.license_id LIKE 'T%' AND a.parent IS NULL AND $2::int + $3::int > 0`,
		`INSERT INTO preferences (user_id, license_id, inherit, changed_at)
		 SELECT c.user_id, c.license_id, true, now()
		 FROM contacts c
		 WHERE $1::uuid IS NOT NULL AND $2::int + $3::int > 0`,
	}, f.Org, users, agreements)
	f.seed([]string{`ANALYZE`})
	f.Select(&f.users, `SELECT id FROM users WHERE name_key LIKE 'forest %' ORDER BY name_key`)
	f.Select(&f.heirs, `SELECT c.user_id FROM contacts c ORDER BY substr(c.license_id, 2)::int`)
	return f
}

// ask asks one question, spread over all trees and users, and checks the answer.
func (f *forest) ask(b *testing.B, round int) time.Duration {
	b.Helper()
	tree := round * 7919 % len(f.heirs)
	license := licensing.LicenseID(fmt.Sprintf("T%d", tree*5+4)) // the deepest one
	user, p, rule := f.users[tree*5+4], licensing.ManageBenefits, "R01"
	if round%2 == 1 {
		user, p, rule = f.heirs[tree], licensing.ManageActivation, "R88"
	}
	begun := time.Now()
	a, err := f.Access(b.Context(), f.Org, user, license, p)
	took := time.Since(begun)
	if err != nil || !a.Allowed || a.Rule != rule {
		b.Fatalf("%s on %s: %+v, %v", user, license, a, err)
	}
	return took
}
