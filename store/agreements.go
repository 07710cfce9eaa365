package store

import (
	"context"

	"vlroles/licensing"
)

// Agreements returns the License IDs that the caller administers directly, and with inherited those below, whose
// assignments the caller may change too (R68, R69).
func (s *Store) Agreements(ctx context.Context, org licensing.OrgID, caller licensing.UserID, inherited bool) ([]licensing.AgreementLine, error) {
	out := []licensing.AgreementLine{}
	err := s.read(ctx, "list agreements", func(t *tx) error {
		if ok, err := t.active(org, caller); err != nil || !ok {
			return err
		}
		var rows []struct {
			agreementRow
			Program string `db:"program"`
			Parent  opt    `db:"parent"`
			Active  bool   `db:"active"`
			Direct  bool   `db:"direct"`
		}
		err := t.all(&rows, `
			WITH RECURSIVE roots (license_id, direct) AS (
				SELECT g.license_id, true
				FROM grants g
				WHERE g.user_id = ? AND g.role = 'administrator' AND g.effective
				UNION
				SELECT p.license_id, false
				FROM preferences p
				JOIN contacts c ON c.license_id = p.license_id AND c.user_id = p.user_id AND c.until IS NULL AND c.kind <> 'bill_to'
				WHERE p.user_id = ? AND p.inherit
			), down (license_id, mine) AS (
				SELECT license_id, direct FROM roots
				UNION
				SELECT a.license_id, true FROM down JOIN agreements a ON a.parent = down.license_id
			)
			SELECT a.license_id, a.program, a.parent, a.processed_at, a.active,
				EXISTS (SELECT 1 FROM roots r WHERE r.license_id = a.license_id AND r.direct) AS direct
			FROM agreements a
			WHERE a.org_id = ? AND a.license_id IN (SELECT license_id FROM down WHERE mine)
			ORDER BY a.license_id`, caller, caller, org)
		if err != nil {
			return err
		}
		var all []licensing.LicenseID
		for _, r := range rows {
			all = append(all, r.LicenseID)
		}
		admins, err := t.activeAdmins(all)
		for _, r := range rows {
			if !r.Direct && !inherited {
				continue
			}
			out = append(out, licensing.AgreementLine{
				License: r.LicenseID, Program: r.Program, Parent: licensing.LicenseID(r.Parent), ProcessedAt: r.ProcessedAt.Time,
				Inactive: !r.Active, Inherited: !r.Direct, Admins: len(admins[r.LicenseID]),
			})
		}
		return err
	})
	return out, err
}
