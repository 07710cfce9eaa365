package store

import (
	"context"
	"fmt"
	"slices"

	"vlroles/licensing"
)

// Preferences returns the agreements that name the person as a contact who may inherit Administrator below them, and what
// the person wants there (R88, R89).
func (s *Store) Preferences(ctx context.Context, org licensing.OrgID, user licensing.UserID) ([]licensing.Preference, error) {
	var out []licensing.Preference
	err := s.read(ctx, "read preferences", func(t *tx) error {
		ok, err := t.active(org, user)
		if err != nil || !ok {
			return err
		}
		out, err = t.preferences(org, user, "")
		return err
	})
	return out, err
}

// preferences reads a person's preferences, on one License ID or, "", on all.
func (t *tx) preferences(org licensing.OrgID, user licensing.UserID, l licensing.LicenseID) ([]licensing.Preference, error) {
	var rows []struct {
		License licensing.LicenseID `db:"license_id"`
		Program string              `db:"program"`
		Inherit bool                `db:"inherit"`
	}
	err := t.all(&rows, `
		SELECT DISTINCT a.license_id, a.program, COALESCE(p.inherit, false) AS inherit
		FROM contacts c
		JOIN agreements a ON a.license_id = c.license_id
		LEFT JOIN preferences p ON p.license_id = c.license_id AND p.user_id = c.user_id
		WHERE a.org_id = ? AND c.user_id = ? AND c.until IS NULL AND c.kind <> 'bill_to' AND (? = '' OR a.license_id = ?)
		ORDER BY a.license_id`, org, user, string(l), string(l))
	if err != nil {
		return nil, err
	}
	out := []licensing.Preference{}
	for _, r := range rows {
		p := licensing.Preference{License: r.License, Program: r.Program, Inherit: r.Inherit}
		below, err := t.below(r.License)
		if err != nil {
			return nil, err
		}
		p.Below = len(below)
		for part := range slices.Chunk(below, batch) {
			var some []licensing.LicenseID
			if err := t.in(&some, `SELECT license_id FROM grants WHERE user_id = ? AND role = 'invoice_reader' AND license_id IN (?) ORDER BY license_id`, user, part); err != nil {
				return nil, err
			}
			p.Without = append(p.Without, some...)
		}
		out = append(out, p)
	}
	return out, nil
}

// below returns everything under a License ID, whatever the depth.
func (t *tx) below(l licensing.LicenseID) ([]licensing.LicenseID, error) {
	var out []licensing.LicenseID
	err := t.all(&out, `
		WITH RECURSIVE down (license_id) AS (
			SELECT license_id FROM agreements WHERE parent = ?
			UNION
			SELECT a.license_id FROM down JOIN agreements a ON a.parent = down.license_id
		)
		SELECT license_id FROM down ORDER BY license_id`, l)
	return out, err
}

// Prefer sets whether a contact inherits Administrator on everything below an agreement, existing and future (R88). Opting
// out ends it at once (R89).
func (s *Store) Prefer(ctx context.Context, c licensing.PreferenceChange) (licensing.PreferenceAnswer, error) {
	c, err := c.Check()
	if err != nil {
		return licensing.PreferenceAnswer{}, err
	}
	q := request{id: c.Request, org: c.Org, by: c.User, action: licensing.AuditPreference, license: c.License, content: c}
	return carryOut(ctx, s, q, func(t *tx) (licensing.PreferenceAnswer, []licensing.Work, error) {
		out, err := t.prefer(c)
		if err != nil || !out.Changed {
			return out, nil, err
		}
		out.Work = 1
		line := auditLine{org: c.Org, by: c.User, request: c.Request, action: q.action, user: c.User, license: c.License, rule: "R88",
			detail: licensing.PreferenceChanged{Inherit: c.Inherit}}
		return out, []licensing.Work{tell(c.Org, c.Request, c.User)}, t.audit(line)
	})
}

func (t *tx) prefer(c licensing.PreferenceChange) (licensing.PreferenceAnswer, error) {
	var out licensing.PreferenceAnswer
	rows, err := t.lockUsers(c.Org, []string{string(c.User)}, nil)
	if err != nil {
		return out, err
	}
	var p licensing.Person
	if len(rows) == 1 {
		p = rows[0].person()
	}
	as, err := t.contactKinds(c.License, c.User)
	if err != nil {
		return out, err
	}
	if err := licensing.MayPrefer(p, as, c.License); err != nil {
		return out, err
	}
	was, err := t.preferences(c.Org, c.User, c.License)
	if err != nil {
		return out, err
	}
	if len(was) != 1 {
		return out, fmt.Errorf("read preference of a contact: %d rows", len(was))
	}
	out.Preference, out.Changed = was[0], was[0].Inherit != c.Inherit
	out.Inherit = c.Inherit
	_, err = t.exec(`
		INSERT INTO preferences (user_id, license_id, inherit, changed_at)
		VALUES (?, ?, ?, ?)
		ON CONFLICT (user_id, license_id) DO UPDATE
		SET inherit = excluded.inherit, changed_at = excluded.changed_at`, c.User, c.License, c.Inherit, at(t.now))
	return out, err
}
