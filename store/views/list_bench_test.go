package views_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vlroles/licensing"
)

// BenchmarkUsers reads pages of the Manage Assignments list on PostgreSQL at 1,000 and 100,000 people, in the
// shapes that are hard: people at the end of the alphabet, filters that nobody or only the last one matches,
// a status that another one outranks for everybody. It reports the median of each and the ratio of the two
// sizes:
//
//	go test ./store/views -run '^$' -bench BenchmarkUsers -benchtime 1x
func BenchmarkUsers(b *testing.B) {
	small, large := listTimes(b, 1_000), listTimes(b, 100_000)
	for n, shape := range listShapes {
		b.Run(shape.name, func(b *testing.B) {
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			b.ReportMetric(ms(small[n]), "ms-at-1000")
			b.ReportMetric(ms(large[n]), "ms-at-100000")
			b.ReportMetric(ms(large[n])/ms(small[n]), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

var listShapes = []struct {
	name, who string
	filter    licensing.UserFilter
}{
	{"first page", "ada", licensing.UserFilter{}},
	{"page of 200", "ada", licensing.UserFilter{Limit: licensing.MaxUsers}},
	{"people at the end", "grace", licensing.UserFilter{}},
	{"license at the end", "ada", licensing.UserFilter{License: m1}},
	{"search finds one", "ada", licensing.UserFilter{Query: "c777@"}},
	{"search finds nobody", "ada", licensing.UserFilter{Query: "nobody"}},
	{"search finds everybody", "ada", licensing.UserFilter{Query: "crowd"}},
	{"status of nobody", "ada", licensing.UserFilter{Status: licensing.StatusInvitationSent}},
	{"nobody is missing", "ada", licensing.UserFilter{Status: licensing.StatusUserNotFound}},
	{"role of nobody", "ada", licensing.UserFilter{Role: licensing.OnlineServicesManager}},
	{"role of some at the end", "ada", licensing.UserFilter{Role: licensing.InvoiceReader}},
	{"role of everybody", "ada", licensing.UserFilter{Role: licensing.BenefitsReader}},
	{"status that is outranked", "grace", licensing.UserFilter{Status: licensing.StatusActive}},
}

// listTimes seeds n people: all Active on A1, the last twentieth on M1 too, the last few as Invoice Readers;
// grace's A2 has the last twentieth as Active and her B1 has the same people as Failed.
func listTimes(b *testing.B, n int) []time.Duration {
	h := newHouse(b, "PostgreSQL")
	h.seed([]string{
		`INSERT INTO users (id, org_id, sign_in_email, sign_in_key, business_email, name, name_key, kind,
			in_tenant, registered_at, created_at)
		 SELECT gen_random_uuid(), $1, email, email, email, name, name, 'external', true, now(), now()
		 FROM (
			SELECT 'c' || i || '@fabrikam.example' AS email, 'crowd ' || lpad(i::text, 7, '0') AS name
			FROM generate_series(1, $2::int) i
		 ) p`,
		`INSERT INTO assignments (user_id, license_id, org_id, state, reason, changed_at)
		 SELECT u.id, l, u.org_id, CASE WHEN l = 'B1' THEN 'failed' ELSE 'active' END, 'no', now()
		 FROM users u, unnest(ARRAY['A1', 'M1', 'A2', 'B1']) l
		 WHERE u.org_id = $1 AND u.kind = 'external'
			AND (l = 'A1' OR u.name_key > 'crowd ' || lpad(($2::int * 95 / 100)::text, 7, '0'))`,
		`INSERT INTO grants (license_id, user_id, role, origin, effective, granted_at)
		 SELECT a.license_id, a.user_id, r, 'admin', true, now()
		 FROM assignments a, unnest(ARRAY['benefits_reader', 'product_keys_reader']) r
		 WHERE a.org_id = $1 AND a.name_key LIKE 'crowd %' AND $2::int > 0
		 UNION ALL
		 SELECT a.license_id, a.user_id, 'invoice_reader', 'admin', true, now()
		 FROM assignments a
		 WHERE a.license_id = 'A1' AND a.name_key > 'crowd ' || lpad(($2::int * 985 / 1000)::text, 7, '0')`,
	}, h.Org, n)
	if _, err := h.raw().Exec(`VACUUM ANALYZE`); err != nil {
		b.Fatal(err)
	}
	var out []time.Duration
	for _, shape := range listShapes {
		who := h.ID(shape.who)
		var took []time.Duration
		for i := range 25 {
			begun := time.Now()
			if _, err := h.Users(b.Context(), h.Org, who, shape.filter); err != nil {
				b.Fatal(fmt.Errorf("%s: %w", shape.name, err))
			}
			if i >= 5 { // the first ones warm the caches
				took = append(took, time.Since(begun))
			}
		}
		slices.Sort(took)
		out = append(out, took[len(took)/2])
	}
	return out
}
