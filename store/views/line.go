package views

import (
	"cmp"
	"maps"
	"slices"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// heldRow is one grant with its assignment.
type heldRow struct {
	rows.Assignment
	Role      licensing.Role   `db:"role"`
	Origin    licensing.Origin `db:"origin"`
	Effective bool             `db:"effective"`
	Waits     bool             `db:"grant_suspended"` // for a re-check (R86)
}

// visible returns the assignments of some users on the License IDs that the caller administers directly, with
// their grants.
func (q *snapshot) visible(
	caller licensing.UserID, users []licensing.UserID,
) (map[licensing.UserID][]heldRow, error) {
	out := map[licensing.UserID][]heldRow{}
	for part := range slices.Chunk(users, rows.Batch) {
		var found []heldRow
		err := q.In(&found, `
			SELECT a.user_id, a.license_id, a.state, a.change_id, a.due_at, a.attempts, a.reason, a.reference,
				a.suspended, COALESCE(g.suspended, false) AS grant_suspended,
				COALESCE(g.role, '') AS role, COALESCE(g.origin, '') AS origin,
				COALESCE(g.effective, false) AS effective
			FROM assignments a`+whereAdministered+`
			LEFT JOIN grants g ON g.license_id = a.license_id AND g.user_id = a.user_id
			WHERE a.user_id IN (?)
			ORDER BY a.user_id, a.license_id`, caller, part)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			r.Assignment = r.At(q.Now)
			out[r.UserID] = append(out[r.UserID], r)
		}
	}
	return out, nil
}

// inherit adds to the roles of a person what he inherits, as far as the caller sees the License ID (R87).
func (p listed) inherit(access []licensing.AccessEntry,
	above map[licensing.LicenseID]licensing.LicenseID) []licensing.AccessEntry {
	for _, l := range slices.Sorted(maps.Keys(above)) {
		n := slices.IndexFunc(access, func(e licensing.AccessEntry) bool { return e.License == l })
		if n < 0 {
			n = len(access)
			access = append(access, licensing.AccessEntry{License: l,
				Status: licensing.StatusOf(p.Person(), licensing.AssignmentActive, "")})
		}
		e := &access[n]
		e.Above = above[l]
		e.Grants = append(e.Grants,
			licensing.Grant{Role: licensing.Administrator, Origin: licensing.Inherited, Effective: true})
		e.Roles = licensing.SortRoles(append(e.Roles, licensing.Administrator))
	}
	slices.SortFunc(access,
		func(a, b licensing.AccessEntry) int { return cmp.Compare(a.License, b.License) })
	return access
}

// access gathers a person's grants by License ID and decides the status there (R45).
func (p listed) access(held []heldRow) []licensing.AccessEntry {
	out := []licensing.AccessEntry{}
	for _, h := range held {
		if n := len(out); n == 0 || out[n-1].License != h.LicenseID {
			e := licensing.AccessEntry{
				License: h.LicenseID, DueAt: h.DueAt.Time, Attempts: h.Attempts,
				Status: licensing.StatusOf(p.Person().On(h.Suspended), h.State, p.Invitation),
			}
			if e.Status == licensing.StatusFailed {
				e.Reason, e.Reference = string(h.Reason), string(h.Reference)
			}
			e.Advice = licensing.Advice(e.Status, e.Attempts, licensing.Policy{})
			out = append(out, e)
		}
		e := &out[len(out)-1]
		if h.Role != "" {
			g := licensing.Grant{Role: h.Role, Origin: h.Origin, Effective: h.Effective, Suspended: h.Waits}
			e.Grants = append(e.Grants, g)
			e.Roles = licensing.SortRoles(append(e.Roles, h.Role))
		}
	}
	return out
}

// line is the person's line of the list (R45, R46, R50, R55).
func (p listed) line(access []licensing.AccessEntry) licensing.UserRow {
	row := licensing.UserRow{
		ID: p.ID, Name: p.Name, Kind: p.Kind,
		SignIn: licensing.Email(p.SignInEmail), Business: licensing.Email(p.BusinessEmail),
		Delivery: licensing.MailState(p.Mail).Delivery(), ExpiresAt: p.ExpiresAt.Time,
		Roles: []licensing.Role{},
	}
	var all []licensing.Status
	attempts := 0
	for _, e := range access {
		row.Licenses++
		row.Roles = append(row.Roles, e.Roles...)
		all = append(all, e.Status)
		attempts = max(attempts, e.Attempts)
		if e.DueAt.After(row.DueAt) {
			row.DueAt = e.DueAt
		}
	}
	row.Roles, row.Status = licensing.SortRoles(row.Roles), licensing.MostUrgent(all...)
	row.Advice = licensing.Advice(row.Status, attempts, licensing.Policy{})
	row.Decide(p.Person().Registered())
	return row
}
