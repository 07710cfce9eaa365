package views

import (
	"context"
	"strings"
	"time"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// ancestors1 is rows.Ancestors for one License ID.
var ancestors1 = strings.Replace(rows.Ancestors, "IN (?)", "= ?", 1)

// accessRow is one grant of a user on a License ID with its assignment, or the user alone.
type accessRow struct {
	rows.Assignment
	Kind         licensing.PersonKind `db:"kind"`
	RegisteredAt rows.Timestamp       `db:"registered_at"`
	InTenant     bool                 `db:"in_tenant"`
	Role         licensing.Role       `db:"role"`
	Origin       licensing.Origin     `db:"origin"`
	Effective    bool                 `db:"effective"`
	Above        rows.NullString      `db:"above"`
}

// Access answers whether a user may do p on License ID l, and why, in one query (R01, R02, R71, R84, R88).
// Somebody or something that the organization doesn't have is a denial like any other.
func (v *Views) Access(
	ctx context.Context, org licensing.OrgID, user licensing.UserID,
	l licensing.LicenseID, p licensing.Permission,
) (licensing.Answer, error) {
	canonical, err := licensing.ParseLicenseID(string(l))
	if err != nil || !rows.IDs(string(org), string(user)) {
		return licensing.MayDo(false, licensing.AccessFacts{}, p, l), nil
	}
	var found []accessRow
	var now time.Time
	err = v.read(ctx, "read access", func(q *snapshot) error {
		now = q.Now
		return q.All(&found, ancestors1+`
			SELECT u.kind, u.registered_at, u.in_tenant, u.id AS user_id, COALESCE(s.state, '') AS state,
				COALESCE(s.suspended, false) AS suspended,
				s.due_at, s.change_id, s.reason, s.reference, COALESCE(g.role, '') AS role,
				COALESCE(g.origin, '') AS origin, COALESCE(g.effective, false) AS effective,
				(SELECT MIN(up.above) FROM up WHERE`+rows.OptedIn+`) AS above
			FROM users u
			JOIN agreements a ON a.org_id = u.org_id AND a.license_id = ?
			LEFT JOIN assignments s ON s.user_id = u.id AND s.license_id = a.license_id
			LEFT JOIN grants g ON g.user_id = u.id AND g.license_id = a.license_id
			WHERE u.org_id = ? AND u.id = ?
			ORDER BY g.role`, org, canonical, canonical, org, user)
	})
	if err != nil {
		return licensing.Answer{}, err
	}
	var f licensing.AccessFacts
	for _, r := range found {
		f.Person = licensing.Person{Kind: r.Kind, Present: r.InTenant, RegisteredAt: r.RegisteredAt.Time}
		if r.Role != "" {
			f.Held = append(f.Held, licensing.Grant{Role: r.Role, Origin: r.Origin, Effective: r.Effective})
		}
		f.Above, f.Suspended = licensing.LicenseID(r.Above), r.Suspended
		if a := r.Assignment.At(now); a.State == licensing.AssignmentFailed {
			f.Failed, f.Reason, f.Reference = true, string(a.Reason), string(a.Reference)
		}
	}
	return licensing.MayDo(len(found) > 0, f, p, canonical), nil
}
