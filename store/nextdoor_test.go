package store

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/store/storetest"
	"vlroles/store/views"
)

// TestR02_R08_WhatARequestDoesIsTheSameWhoeverLivesNextDoor carries out each request in a house that is alone in
// its database, and in one beside others whose people have the same addresses, names and ids in the directory.
func TestR02_R08_WhatARequestDoesIsTheSameWhoeverLivesNextDoor(t *testing.T) {
	for method, o := range orderedRequests {
		t.Run(method, func(t *testing.T) {
			for _, database := range storetest.Databases {
				t.Run(database, func(t *testing.T) {
					alone := newHouse(t, freshStore(t, database)).lives(method, o, nil)
					s := freshStore(t, database)
					before := moveIn(t, s, method, o)
					h := newHouse(t, s)
					beside := h.lives(method, o, before)
					for table, rows := range before {
						now := h.rowsOf(table)
						for row := range rows {
							if _, stands := now[row]; !stands {
								t.Errorf("%s: the neighbour's row isn't as it was: %s", table, row)
							}
						}
					}
					sameLines(t, alone, beside)
				})
			}
		})
	}
}

// moveIn takes in two houses next door: where the request has been carried out, and where it could be. It
// returns their rows.
func moveIn(t *testing.T, s *Store, method string, o ordered) map[string]map[string]string {
	t.Helper()
	before := map[string]map[string]string{}
	for n := range 2 {
		h := newHouse(t, s)
		in := o.make(h)
		if n == 0 {
			h.Invite("grace", "nina", add(a2, licensing.BenefitsReader))
			must[string](t)(h.carry(method, in))
		}
		h.movesNextDoor(n)
		for _, table := range h.Tables() {
			before[table] = h.rowsOf(table)
		}
	}
	return before
}

// movesNextDoor gives a house other License IDs and domains, so that another can have its own.
func (h *house) movesNextDoor(n int) {
	h.Helper()
	first, prefix := `SET LOCAL session_replication_role = replica`, fmt.Sprintf("NEXT%d-", n)
	if h.lite {
		first = `PRAGMA defer_foreign_keys = ON`
	}
	t, err := h.writes.BeginTxx(h.Context(), nil)
	if err != nil {
		h.Fatal(err)
	}
	defer t.Rollback() //nolint:errcheck // or it is committed
	exec := func(query string, args ...any) {
		h.Helper()
		if _, err := t.ExecContext(h.Context(), t.Rebind(query), args...); err != nil {
			h.Fatalf("%s: %v", query, err)
		}
	}
	exec(first)
	exec(`UPDATE agreements SET parent = ? || parent WHERE org_id = ?`, prefix, h.Org)
	exec(`UPDATE organization_domains SET domain = ? || domain WHERE org_id = ?`, strings.ToLower(prefix), h.Org)
	for _, query := range []string{
		`UPDATE agreements SET license_id = ? || license_id WHERE license_id NOT LIKE 'NEXT%'`,
		`UPDATE contacts SET license_id = ? || license_id WHERE license_id NOT LIKE 'NEXT%'`,
		`UPDATE preferences SET license_id = ? || license_id WHERE license_id NOT LIKE 'NEXT%'`,
		`UPDATE assignments SET license_id = ? || license_id WHERE license_id NOT LIKE 'NEXT%'`,
		`UPDATE grants SET license_id = ? || license_id WHERE license_id NOT LIKE 'NEXT%'`,
		`UPDATE handover_lines SET license_id = ? || license_id WHERE license_id NOT LIKE 'NEXT%'`,
	} {
		exec(query, prefix)
	}
	if err := t.Commit(); err != nil {
		h.Fatal(err)
	}
}

var (
	// an id, with the digest of a link that the id of an invitation's mail has
	anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}` +
		`(\.\d+\.c[0-9a-f]+)?`)
	unalike = []string{"digest", "reference"} // columns that are made of ids
)

// rowsOf are the rows of a table as they stand, each with what it says without ids.
func (h *house) rowsOf(table string) map[string]string {
	h.Helper()
	found, err := h.reads.QueryxContext(h.Context(), `SELECT * FROM `+table)
	if err != nil {
		h.Fatal(err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	out := map[string]string{}
	for found.Next() {
		row := map[string]any{}
		if err := found.MapScan(row); err != nil {
			h.Fatal(err)
		}
		for name, v := range row {
			if text, ok := v.([]byte); ok {
				row[name] = string(text)
			}
		}
		whole := fmt.Sprint(row)
		if _, number := row["id"].(int64); number {
			delete(row, "id")
		}
		for _, name := range unalike {
			delete(row, name)
		}
		out[whole] = anyID.ReplaceAllString(fmt.Sprint(row), "#")
	}
	if err := found.Err(); err != nil {
		h.Fatal(err)
	}
	return out
}

// lives carries a request out, and what follows from it, and returns what then is told and stands in the rows
// beside those of before.
func (h *house) lives(method string, o ordered, before map[string]map[string]string) (out []string) {
	h.Helper()
	in := o.make(h)
	out = append(out, "answer "+must[string](h.TB)(h.carry(method, in)))
	out = append(out, h.allTold()...)
	h.settles()
	if c, ok := in.(licensing.HandOverCommand); ok {
		h.note(&out, "advance", h.advance(c.HandOver), nil)
	}
	out = append(out, h.allTold()...)
	for _, table := range h.Tables() {
		if table == "goose_db_version" || table == "mailboxes" {
			continue
		}
		for whole, row := range h.rowsOf(table) {
			if _, was := before[table][whole]; !was {
				out = append(out, table+" "+row)
			}
		}
	}
	for n, line := range out {
		out[n] = anyID.ReplaceAllString(line, "#")
	}
	slices.Sort(out)
	return out
}

// settles ends what is in progress in the house, as its runs would.
func (h *house) settles() {
	h.Helper()
	var waiting []assignmentRow
	h.Select(&waiting, `SELECT user_id, license_id, change_id FROM assignments
		WHERE org_id = ? AND state = 'propagating' ORDER BY license_id, user_id`, h.Org)
	for _, a := range waiting {
		change, by := licensing.ChangeID(a.ChangeID), h.Now.Add(day)
		if a.LicenseID == a2 {
			if err := h.atTime(h.Now).Fail(h.Context(), a.UserID, change, by, "no answer"); err != nil {
				h.Fatal(err)
			}
			continue
		}
		must[int](h.TB)(h.atTime(h.Now).Activate(h.Context(), a.UserID, change, by))
	}
	var mails []licensing.MailID
	h.Select(&mails, `SELECT id FROM mails WHERE state = 'queued' AND org_id = ?`, h.Org)
	for _, id := range mails {
		if c := h.Claims(id); c.State == licensing.MailSending {
			h.Settles(id, c.Job.Attempt, licensing.Settlement{State: licensing.MailSent})
		}
	}
	var requests []licensing.RequestID
	h.Select(&requests, `SELECT id FROM requests WHERE org_id = ?`, h.Org)
	for _, id := range requests {
		if err := h.atTime(h.Now).ClearOutbox(h.Context(), id); err != nil {
			h.Fatal(err)
		}
	}
}

// note adds what was told.
func (h *house) note(out *[]string, what string, v any, err error) {
	h.Helper()
	text, bad := json.Marshal(v)
	if bad != nil {
		h.Fatal(bad)
	}
	*out = append(*out, fmt.Sprintf("%s %s %v", what, text, err))
}

// allTold is everything that the house's people are told, and that is told about them.
func (h *house) allTold() (out []string) {
	h.Helper()
	ctx := h.Context()
	people, err := h.Present(ctx, h.Org)
	h.note(&out, "present", people, err)
	orphans, err := h.Orphans(ctx, h.Org)
	h.note(&out, "orphans", orphans, err)
	var users []userRow
	h.Select(&users, selectUser+` WHERE u.org_id = ?`, h.Org)
	var licenses []licensing.LicenseID
	h.Select(&licenses, `SELECT license_id FROM agreements WHERE org_id = ?`, h.Org)
	for _, u := range users {
		h.tellsOf(&out, u, licenses)
		by := u.SignInEmail
		for _, l := range licenses {
			on, err := h.RolesOn(ctx, h.Org, u.ID, l, h.Now)
			slices.SortFunc(on, func(a, b licensing.RoleOn) int {
				return strings.Compare(a.Name+string(a.Role), b.Name+string(b.Role))
			})
			h.note(&out, by+" reads the roles on "+string(l), on, err)
		}
		for _, other := range users {
			what := by + " sees " + other.SignInEmail
			view, err := h.User(ctx, h.Org, u.ID, other.ID)
			h.note(&out, what, view, err)
			lines, err := h.History(ctx, h.Org, u.ID, other.ID, views.Page{})
			for n := range lines {
				lines[n].ID = 0
			}
			h.note(&out, what+" history", lines, err)
		}
	}
	return out
}

// tellsOf is what one of the people is told.
func (h *house) tellsOf(out *[]string, u userRow, licenses []licensing.LicenseID) {
	h.Helper()
	ctx, by := h.Context(), u.SignInEmail
	for _, f := range []licensing.UserFilter{
		{}, {Status: licensing.StatusUserNotFound}, {Status: licensing.StatusInvitationSent},
		{Status: licensing.StatusActive}, {Role: licensing.BenefitsReader}, {License: a1}, {Query: "a"},
	} {
		page, err := h.Users(ctx, h.Org, u.ID, f)
		h.note(out, fmt.Sprint(by, " lists ", f), page.Users, err)
	}
	agreements, err := h.Agreements(ctx, h.Org, u.ID, true)
	h.note(out, by+" agreements", agreements, err)
	preferences, err := h.Preferences(ctx, h.Org, u.ID)
	h.note(out, by+" preferences", preferences, err)
	overs, err := h.HandOvers(ctx, h.Org, u.ID)
	h.note(out, by+" hand-overs", overs, err)
	status, err := h.InvitationStatusOf(ctx, h.Org, u.ID)
	h.note(out, by+" invitation", status, err)
	e, err := h.Effective(ctx, u.ID, h.Now.Add(time.Hour))
	h.note(out, by+" effective", e, err)
	for _, l := range licenses {
		for _, p := range []licensing.Permission{licensing.ManageAssignments, licensing.ListInvoices} {
			a, err := h.Access(ctx, h.Org, u.ID, l, p)
			h.note(out, by+" may "+string(p)+" on "+string(l), a, err)
		}
	}
}

// sameLines tells which lines stand on one side only.
func sameLines(t *testing.T, alone, beside []string) {
	t.Helper()
	count := map[string]int{}
	for _, line := range alone {
		count[line]++
	}
	for _, line := range beside {
		count[line]--
	}
	for line, n := range count {
		if n > 0 {
			t.Errorf("only alone, %d times: %s", n, line)
		} else if n < 0 {
			t.Errorf("only beside others, %d times: %s", -n, line)
		}
	}
}

// asAnother asks for everything of the house's people in the name of another organization.
func (h *house) asAnother(other licensing.OrgID) (out []string) {
	h.Helper()
	var users []userRow
	h.Select(&users, selectUser+` WHERE u.org_id = ?`, h.Org)
	licenses := []licensing.LicenseID{m1, a1, b1}
	sub := *h.House
	sub.Org = other
	asks := &house{&sub, h.Store}
	ctx := h.Context()
	for _, u := range users {
		id := u.ID
		for _, l := range licenses {
			on, err := asks.RolesOn(ctx, other, id, l, h.Now)
			asks.note(&out, "roles on", on, err)
			a, err := asks.Access(ctx, other, id, l, licensing.ManageAssignments)
			asks.note(&out, "access", a, err)
		}
		view, err := asks.User(ctx, other, id, id)
		asks.note(&out, "user", view, err)
		past, err := asks.History(ctx, other, id, id, views.Page{})
		asks.note(&out, "history", past, err)
		page, err := asks.Users(ctx, other, id, licensing.UserFilter{})
		asks.note(&out, "list", page, err)
		lines, err := asks.Agreements(ctx, other, id, true)
		asks.note(&out, "agreements", lines, err)
		overs, err := asks.HandOvers(ctx, other, id)
		asks.note(&out, "hand-overs", overs, err)
		status, err := asks.InvitationStatusOf(ctx, other, id)
		asks.note(&out, "invitation", status, err)
	}
	return out
}

func TestR43_AnOrganizationIsToldNothingByTheIDsOfAnothersPeople(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		h.handOver("ada", ext("sam"), m1)
		other := emptyHouse(t, s)
		other.TakeIn(licensing.Intake{Name: "Elsewhere"})
		for _, line := range h.asAnother(other.Org) {
			low := strings.ToLower(line)
			for _, told := range []string{"ada", "grace", "kim", "sam", "contoso", `"allowed":true`, `"a1"`, `"m1"`} {
				if strings.Contains(low, told) {
					t.Errorf("%s is told in %s", told, line)
				}
			}
		}
	})
}
