package views

import (
	"context"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// agreementRow is an agreement that somebody administers.
type agreementRow struct {
	LicenseID   licensing.LicenseID `db:"license_id"`
	Program     string              `db:"program"`
	Parent      rows.NullString     `db:"parent"`
	ProcessedAt rows.Timestamp      `db:"processed_at"`
	Active      bool                `db:"active"`
	Direct      bool                `db:"direct"`
}

// Agreements returns the License IDs that the caller administers directly, and with inherited those below,
// whose assignments the caller may change too (R68, R69).
func (v *Views) Agreements(
	ctx context.Context, org licensing.OrgID, caller licensing.UserID, inherited bool,
) ([]licensing.AgreementLine, error) {
	out := []licensing.AgreementLine{}
	err := v.read(ctx, "list agreements", func(q *snapshot) error {
		if ok, err := q.Active(org, caller); err != nil || !ok {
			return err
		}
		found, err := q.administered(org, caller)
		if err != nil {
			return err
		}
		var all []licensing.LicenseID
		for _, r := range found {
			all = append(all, r.LicenseID)
		}
		admins, err := q.ActiveAdmins(all)
		for _, r := range found {
			if !r.Direct && !inherited {
				continue
			}
			out = append(out, licensing.AgreementLine{
				License: r.LicenseID, Program: r.Program, Parent: licensing.LicenseID(r.Parent),
				ProcessedAt: r.ProcessedAt.Time, Inactive: !r.Active, Inherited: !r.Direct,
				Admins: len(admins[r.LicenseID]),
			})
		}
		return err
	})
	return out, err
}

// administered reads the agreements that the caller administers, and all below them and below those from
// which the caller inherits.
func (q *snapshot) administered(org licensing.OrgID, caller licensing.UserID) ([]agreementRow, error) {
	var found []agreementRow
	err := q.All(&found, `
		WITH RECURSIVE roots (license_id, direct) AS (
			SELECT g.license_id, true
			FROM grants g
			WHERE g.user_id = ? AND g.role = 'administrator' AND g.effective
			UNION
			SELECT p.license_id, false
			FROM preferences p
			JOIN contacts c ON c.license_id = p.license_id AND c.user_id = p.user_id AND c.until IS NULL
				AND c.kind <> 'bill_to'
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
	return found, err
}
