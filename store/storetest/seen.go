package storetest

import (
	"fmt"
	"strings"
	"time"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// List is a page of the list that somebody sees.
func (h *House) List(who string, f licensing.UserFilter) licensing.UserPage {
	h.Helper()
	return Must[licensing.UserPage](h.TB)(h.Users(h.Context(), h.Org, h.ID(who), f))
}

// Names returns who stands on all pages together, in order.
func (h *House) Names(who string, f licensing.UserFilter) []string {
	h.Helper()
	out := []string{}
	for {
		p := h.List(who, f)
		for _, u := range p.Users {
			out = append(out, u.Name)
		}
		if p.Next == "" {
			return out
		}
		f.Cursor = p.Next
	}
}

// Row is the user's line of the list that somebody sees.
func (h *House) Row(who string, user licensing.UserID) licensing.UserRow {
	h.Helper()
	for _, u := range h.List(who, licensing.UserFilter{}).Users {
		if u.ID == user {
			return u
		}
	}
	h.Fatalf("%s does not see the user", who)
	return licensing.UserRow{}
}

// View is what View access shows somebody of a user.
func (h *House) View(who string, user licensing.UserID) licensing.UserView {
	h.Helper()
	return Must[licensing.UserView](h.TB)(h.User(h.Context(), h.Org, h.ID(who), user))
}

// May asks whether a user may do something on a License ID.
func (h *House) May(user licensing.UserID, l licensing.LicenseID, p licensing.Permission) licensing.Answer {
	h.Helper()
	return Must[licensing.Answer](h.TB)(h.Access(h.Context(), h.Org, user, l, p))
}

// Denied expects that a user may not, by the rule.
func (h *House) Denied(user licensing.UserID, l licensing.LicenseID, p licensing.Permission, rule string) {
	h.Helper()
	if a := h.May(user, l, p); a.Allowed || a.Rule != rule || a.Why == "" {
		h.Errorf("%s on %s: got %+v, want a denial by %s", p, l, a, rule)
	}
}

// Past is who had which role on a License ID at a time, as one line each.
func (h *House) Past(who string, l licensing.LicenseID, on time.Time) (out []string) {
	h.Helper()
	for _, r := range Must[[]licensing.RoleOn](h.TB)(h.RolesOn(h.Context(), h.Org, h.ID(who), l, on)) {
		line := r.Name + " " + string(r.Role)
		if !r.Effective {
			line += "?"
		}
		if !r.InTenant {
			line += " left"
		}
		if r.Above != "" {
			line += " from " + string(r.Above)
		}
		out = append(out, line+" by "+string(r.Given.Action)+" "+r.Given.Rule+" "+r.Given.Name)
	}
	return out
}

// Tables are the names of all tables.
func (h *House) Tables() (names []string) {
	h.Helper()
	ask := func(query string) error {
		return h.rows.Read(h.Context(), "list tables", func(q *rows.Query) error { return q.All(&names, query) })
	}
	err := ask(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`)
	if err != nil { // PostgreSQL
		err = ask(`SELECT table_name FROM information_schema.tables
			WHERE table_schema = current_schema() ORDER BY table_name`)
	}
	if err != nil {
		h.Fatal(err)
	}
	return names
}

// Knows says in which tables a text in lower case stands, in whatever column.
func (h *House) Knows(text string) (where []string) {
	h.Helper()
	for _, table := range h.Tables() {
		err := h.rows.Read(h.Context(), "search", func(q *rows.Query) error {
			found, err := q.Maps(`SELECT * FROM ` + table)
			if strings.Contains(strings.ToLower(fmt.Sprint(found)), text) {
				where = append(where, table)
			}
			return err
		})
		if err != nil {
			h.Fatal(err)
		}
	}
	return where
}
