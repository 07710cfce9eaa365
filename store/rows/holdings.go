package rows

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"vlroles/licensing"
)

// Assignment is what one user has on one License ID: a state and when it is due.
type Assignment struct {
	UserID    licensing.UserID          `db:"user_id"`
	LicenseID licensing.LicenseID       `db:"license_id"`
	OrgID     licensing.OrgID           `db:"org_id"`
	State     licensing.AssignmentState `db:"state"`
	ChangeID  NullString                `db:"change_id"`
	DueAt     Timestamp                 `db:"due_at"`
	Attempts  int                       `db:"attempts"`
	Reason    NullString                `db:"reason"`
	Reference NullString                `db:"reference"`
	AddedBy   NullString                `db:"added_by"`
	ChangedAt Timestamp                 `db:"changed_at"`
	Suspended bool                      `db:"suspended"` // the user has left since (R86)
}

// At is the assignment as it shows at a time: one that was left behind has failed (R52, R54).
func (a Assignment) At(now time.Time) Assignment {
	if !licensing.Lost(a.State, a.DueAt.Time, now) {
		return a
	}
	a.State, a.DueAt, a.Reason = licensing.AssignmentFailed, Timestamp{}, licensing.LostReason
	a.Attempts++
	a.Reference = NullString(Reference(a.UserID, licensing.ChangeID(a.ChangeID)))
	return a
}

// LeftBehind says of assignment a that it was left behind: in progress, and due before the one argument,
// which is [Query.LostBefore] (R52).
const LeftBehind = `(a.state = 'propagating' AND a.due_at < ?)`

// LostBefore is when an assignment in progress was due that counts as failed now.
func (q *Query) LostBefore() Timestamp { return At(q.Now.Add(-licensing.LostAfter)) }

// Reference is what a person quotes to support: short, the same for the same attempt, without meaning.
func Reference(user licensing.UserID, change licensing.ChangeID) string {
	sum := sha256.Sum256([]byte(string(user) + "\x00" + string(change)))
	return "VL-" + strings.ToUpper(hex.EncodeToString(sum[:5]))
}

// Grant is one role of one user on one License ID.
type Grant struct {
	LicenseID licensing.LicenseID `db:"license_id"`
	UserID    licensing.UserID    `db:"user_id"`
	Role      licensing.Role      `db:"role"`
	Origin    licensing.Origin    `db:"origin"`
	Effective bool                `db:"effective"`
	Contract  NullString          `db:"contract_email"` // of what a contract gave: the address there (R28)
	GrantedBy NullString          `db:"granted_by"`
	GrantedAt Timestamp           `db:"granted_at"`
	Suspended bool                `db:"suspended"` // would be effective, had the user not left (R86)
}

// Holdings is what some users have: the invitation that has not ended, assignments and grants by License ID.
type Holdings struct {
	Invitation  map[licensing.UserID]*Invitation
	Assignments map[licensing.UserID]map[licensing.LicenseID]*Assignment
	Grants      map[licensing.UserID]map[licensing.LicenseID][]licensing.Grant
	Processed   map[licensing.UserID]map[licensing.LicenseID]time.Time // of the assignments' agreements
}

// Holdings reads what the users have. Each user is a key of all maps but Invitation.
func (q *Query) Holdings(users []licensing.UserID) (Holdings, error) {
	h := Holdings{
		Invitation:  map[licensing.UserID]*Invitation{},
		Assignments: map[licensing.UserID]map[licensing.LicenseID]*Assignment{},
		Grants:      map[licensing.UserID]map[licensing.LicenseID][]licensing.Grant{},
		Processed:   map[licensing.UserID]map[licensing.LicenseID]time.Time{},
	}
	for _, id := range users {
		h.Assignments[id] = map[licensing.LicenseID]*Assignment{}
		h.Grants[id] = map[licensing.LicenseID][]licensing.Grant{}
		h.Processed[id] = map[licensing.LicenseID]time.Time{}
	}
	for part := range slices.Chunk(users, Batch) {
		var invitations []Invitation
		err := q.In(&invitations, SelectInvitation+`
			WHERE i.state NOT IN ('accepted', 'cancelled') AND i.user_id IN (?)`, part)
		if err != nil {
			return h, err
		}
		for _, i := range invitations {
			h.Invitation[i.UserID] = &i
		}
		var assignments []struct {
			Assignment
			ProcessedAt Timestamp `db:"processed_at"`
		}
		err = q.In(&assignments, `
			SELECT a.user_id, a.license_id, a.org_id, a.state, a.change_id, a.due_at, a.attempts, a.reason,
				a.reference, a.added_by, a.changed_at, a.suspended, c.processed_at
			FROM assignments a
			JOIN agreements c ON c.license_id = a.license_id
			WHERE a.user_id IN (?)`, part)
		if err != nil {
			return h, err
		}
		for _, a := range assignments {
			h.Assignments[a.UserID][a.LicenseID] = &a.Assignment
			h.Processed[a.UserID][a.LicenseID] = a.ProcessedAt.Time
		}
		var grants []Grant
		err = q.In(&grants, `
			SELECT license_id, user_id, role, origin, effective, suspended, contract_email
			FROM grants
			WHERE user_id IN (?)
			ORDER BY license_id, role`, part)
		if err != nil {
			return h, err
		}
		for _, g := range grants {
			h.Grants[g.UserID][g.LicenseID] = append(h.Grants[g.UserID][g.LicenseID],
				licensing.Grant{Role: g.Role, Origin: g.Origin, Effective: g.Effective, Suspended: g.Suspended,
					Contract: licensing.Email(g.Contract)})
		}
	}
	return h, nil
}

// Waiting returns what of a user waits for the registration: what the user's invitation gives.
func (h Holdings) Waiting(user licensing.UserID) (out []licensing.Grant) {
	for _, l := range slices.Sorted(maps.Keys(h.Assignments[user])) {
		if Pending(h.Assignments[user][l]) {
			out = append(out, h.Grants[user][l]...)
		}
	}
	return out
}

// Pending says whether the assignment waits for its user to register.
func Pending(a *Assignment) bool { return a.State == licensing.AssignmentPending }

// Entries returns the user's roles and due times on the License IDs whose assignment is asked for.
func (q *Query) Entries(
	user licensing.UserID, asked func(*Assignment) bool,
) ([]licensing.AccessEntry, error) {
	h, err := q.Holdings([]licensing.UserID{user})
	if err != nil {
		return nil, err
	}
	var out []licensing.AccessEntry
	for _, l := range slices.Sorted(maps.Keys(h.Assignments[user])) {
		a := h.Assignments[user][l]
		if !asked(a) {
			continue
		}
		e := licensing.AccessEntry{License: l, DueAt: a.DueAt.Time}
		for _, g := range h.Grants[user][l] {
			e.Roles = append(e.Roles, g.Role)
		}
		e.Roles = licensing.SortRoles(e.Roles)
		out = append(out, e)
	}
	return out, nil
}
