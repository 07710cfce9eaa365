package store

import (
	"vlroles/licensing"
)

func pending(a *assignmentRow) bool { return a.State == licensing.Pending }

// entries returns the user's roles and due times on the License IDs whose assignment is asked for.
func (t *tx) entries(user licensing.UserID, asked func(*assignmentRow) bool) ([]licensing.AccessEntry, error) {
	h, err := t.holdings([]licensing.UserID{user})
	if err != nil {
		return nil, err
	}
	var out []licensing.AccessEntry
	for _, l := range sorted(h.assignments[user]) {
		a := h.assignments[user][l]
		if !asked(a) {
			continue
		}
		e := licensing.AccessEntry{License: l, DueAt: a.DueAt.Time}
		for _, g := range h.grants[user][l] {
			e.Roles = append(e.Roles, g.Role)
		}
		e.Roles = licensing.SortRoles(e.Roles)
		out = append(out, e)
	}
	return out, nil
}
