package views

import (
	"context"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// Orphans returns the License IDs of an organization that have no active admin (R33), for support.
func (v *Views) Orphans(ctx context.Context, org licensing.OrgID) ([]licensing.Orphan, error) {
	var found []struct {
		License licensing.LicenseID `db:"license_id"`
		Program string              `db:"program"`
		Waiting int                 `db:"waiting"`
	}
	err := v.read(ctx, "list orphaned agreements", func(q *snapshot) error {
		return q.All(&found, `
			SELECT o.license_id, o.program,
				(
					SELECT COUNT(*)
					FROM grants w
					JOIN users x ON x.id = w.user_id
					JOIN assignments a ON a.user_id = w.user_id AND a.license_id = w.license_id
					WHERE w.license_id = o.license_id AND w.role = 'administrator' AND x.in_tenant
						AND NOT a.suspended AND a.state <> 'failed' AND NOT `+rows.LeftBehind+`
				) AS waiting
			FROM agreements o
			WHERE o.org_id = ? AND NOT EXISTS (
				SELECT 1
				FROM grants g
				JOIN users u ON u.id = g.user_id
				WHERE g.license_id = o.license_id AND g.role = 'administrator' AND g.effective
					AND u.registered_at IS NOT NULL AND u.in_tenant
			)
			ORDER BY o.license_id`, q.LostBefore(), org)
	})
	out := make([]licensing.Orphan, len(found))
	for n, r := range found {
		out[n] = licensing.Orphan(r)
	}
	return out, err
}
