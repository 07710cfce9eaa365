package rows

import (
	"slices"

	"vlroles/licensing"
)

// Naming returns how an agreement names a person as a contact (R88).
func (q *Query) Naming(l licensing.LicenseID, user licensing.UserID) (licensing.Naming, error) {
	n := licensing.Naming{License: l}
	var rows []struct {
		Kind    licensing.ContactKind `db:"kind"`
		Ended   bool                  `db:"ended"`
		Program string                `db:"program"`
		Below   int                   `db:"below"`
	}
	err := q.All(&rows, `
		SELECT c.kind, c.inherit_ended_at IS NOT NULL AS ended, a.program,
			(SELECT COUNT(*) FROM agreements b WHERE b.parent = a.license_id) AS below
		FROM contacts c
		JOIN agreements a ON a.license_id = c.license_id
		WHERE c.license_id = ? AND c.user_id = ? AND c.until IS NULL
		ORDER BY c.kind`, l, user)
	fresh := false
	for _, r := range rows {
		n.As, n.Umbrella = append(n.As, r.Kind), licensing.Umbrella(r.Program, r.Below)
		fresh = fresh || r.Kind.MayInherit() && !r.Ended
	}
	n.Deleted = len(rows) > 0 && !fresh
	return n, err
}

// Preferences reads a person's preferences, on one License ID or, "", on all: of the agreements that name the
// person as a contact and that others can stand below, and of those on which he opted in (R88).
func (q *Query) Preferences(
	org licensing.OrgID, user licensing.UserID, l licensing.LicenseID,
) ([]licensing.Preference, error) {
	var rows []struct {
		License licensing.LicenseID `db:"license_id"`
		Program string              `db:"program"`
		Inherit bool                `db:"inherit"`
	}
	err := q.All(&rows, `
		SELECT DISTINCT a.license_id, a.program, COALESCE(p.inherit, false) AS inherit
		FROM contacts c
		JOIN agreements a ON a.license_id = c.license_id
		LEFT JOIN preferences p ON p.license_id = c.license_id AND p.user_id = c.user_id
		WHERE a.org_id = ? AND c.user_id = ? AND c.until IS NULL AND c.kind <> 'bill_to'
			AND (? = '' OR a.license_id = ?)
		ORDER BY a.license_id`, org, user, string(l), string(l))
	if err != nil {
		return nil, err
	}
	u, err := q.User(org, user)
	if err != nil || u == nil {
		return nil, err
	}
	out := []licensing.Preference{}
	for _, r := range rows {
		named, err := q.Naming(r.License, user)
		if err != nil {
			return nil, err
		}
		if l == "" && !named.Umbrella && !r.Inherit {
			continue
		}
		p := licensing.Preference{License: r.License, Program: r.Program, Inherit: r.Inherit}
		p.WhyNot = licensing.RefusalOf(licensing.MaySetPreference(u.Person(), named, true))
		below, err := q.Below(r.License)
		if err != nil {
			return nil, err
		}
		p.Below = len(below)
		for part := range slices.Chunk(below, Batch) {
			var some []licensing.LicenseID
			err := q.In(&some, `
				SELECT license_id
				FROM grants
				WHERE user_id = ? AND role = 'invoice_reader' AND license_id IN (?)
				ORDER BY license_id`, user, part)
			if err != nil {
				return nil, err
			}
			p.Without = append(p.Without, some...)
		}
		out = append(out, p)
	}
	return out, nil
}

// Below returns everything under a License ID, whatever the depth.
func (q *Query) Below(l licensing.LicenseID) ([]licensing.LicenseID, error) {
	var out []licensing.LicenseID
	err := q.All(&out, `
		WITH RECURSIVE down (license_id) AS (
			SELECT license_id FROM agreements WHERE parent = ?
			UNION
			SELECT a.license_id FROM down JOIN agreements a ON a.parent = down.license_id
		)
		SELECT license_id FROM down ORDER BY license_id`, l)
	return out, err
}
