package store

import (
	"maps"
	"slices"
	"time"

	"vlroles/licensing"
)

// holdings is what some users have: the invitation that has not ended, assignments and grants by License ID.
type holdings struct {
	invitation  map[licensing.UserID]*invitationRow
	assignments map[licensing.UserID]map[licensing.LicenseID]*assignmentRow
	grants      map[licensing.UserID]map[licensing.LicenseID][]licensing.Grant
	processed   map[licensing.UserID]map[licensing.LicenseID]time.Time // of the assignments' agreements
}

func (t *tx) holdings(users []licensing.UserID) (holdings, error) {
	h := holdings{
		invitation:  map[licensing.UserID]*invitationRow{},
		assignments: map[licensing.UserID]map[licensing.LicenseID]*assignmentRow{},
		grants:      map[licensing.UserID]map[licensing.LicenseID][]licensing.Grant{},
		processed:   map[licensing.UserID]map[licensing.LicenseID]time.Time{},
	}
	for _, id := range users {
		h.assignments[id] = map[licensing.LicenseID]*assignmentRow{}
		h.grants[id] = map[licensing.LicenseID][]licensing.Grant{}
		h.processed[id] = map[licensing.LicenseID]time.Time{}
	}
	for part := range slices.Chunk(users, batch) {
		var invitations []invitationRow
		if err := t.in(&invitations, selectInvitation+` WHERE i.state NOT IN ('accepted', 'cancelled') AND i.user_id IN (?)`, part); err != nil {
			return h, err
		}
		for _, i := range invitations {
			h.invitation[i.UserID] = &i
		}
		var assignments []struct {
			assignmentRow
			ProcessedAt moment `db:"processed_at"`
		}
		err := t.in(&assignments, `
			SELECT a.user_id, a.license_id, a.org_id, a.state, a.change_id, a.due_at, a.attempts, a.reason, a.reference, a.added_by,
				a.changed_at, c.processed_at
			FROM assignments a
			JOIN agreements c ON c.license_id = a.license_id
			WHERE a.user_id IN (?)`, part)
		if err != nil {
			return h, err
		}
		for _, a := range assignments {
			h.assignments[a.UserID][a.LicenseID] = &a.assignmentRow
			h.processed[a.UserID][a.LicenseID] = a.ProcessedAt.Time
		}
		var grants []grantRow
		err = t.in(&grants, `SELECT license_id, user_id, role, origin, effective FROM grants WHERE user_id IN (?) ORDER BY license_id, role`, part)
		if err != nil {
			return h, err
		}
		for _, g := range grants {
			h.grants[g.UserID][g.LicenseID] = append(h.grants[g.UserID][g.LicenseID],
				licensing.Grant{Role: g.Role, Origin: g.Origin, Effective: g.Effective})
		}
	}
	return h, nil
}

// sorted returns the License IDs of some assignments in their order.
func sorted(m map[licensing.LicenseID]*assignmentRow) []licensing.LicenseID {
	return slices.Sorted(maps.Keys(m))
}
