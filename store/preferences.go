package store

import (
	"context"
	"fmt"
	"slices"
	"time"

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
func (s *Store) Prefer(ctx context.Context, c licensing.PreferenceChange, now time.Time) (licensing.PreferenceAnswer, error) {
	c, err := c.Check()
	if err != nil {
		return licensing.PreferenceAnswer{}, err
	}
	var out licensing.PreferenceAnswer
	line := auditRow{At: at(now), OrgID: c.Org, Actor: opt(c.User), Action: "preference", LicenseID: opt(c.License), RequestID: opt(c.Request),
		Outcome: "done", Rule: "R88", Detail: detail(map[string]any{"inherit": c.Inherit})}
	err = s.write(ctx, "change preference", func(t *tx) error {
		out = licensing.PreferenceAnswer{}
		known, err := t.claimRequest(c.Request, c.Org, c.User, "preference", c, &out, now)
		if err != nil || known {
			return err
		}
		out, err = t.prefer(c, now)
		if err != nil || !out.Changed {
			return either(err, t.answerRequest(c.Request, out, []licensing.Work{}))
		}
		row := line
		row.UserID = opt(c.User)
		if err := t.audit(row); err != nil {
			return err
		}
		out.Work = 1
		return t.answerRequest(c.Request, out, []licensing.Work{tell(c.Org, c.Request, c.User)})
	})
	if err != nil {
		s.refused(ctx, err, line)
		return licensing.PreferenceAnswer{}, err
	}
	return out, nil
}

func (t *tx) prefer(c licensing.PreferenceChange, now time.Time) (licensing.PreferenceAnswer, error) {
	var out licensing.PreferenceAnswer
	rows, err := t.lockUsers(c.Org, []string{string(c.User)}, nil)
	if err != nil {
		return out, err
	}
	var p licensing.Person
	if len(rows) == 1 {
		p = rows[0].person()
	}
	var as []licensing.ContactKind
	err = t.all(&as, `
		SELECT c.kind
		FROM contacts c
		JOIN agreements a ON a.license_id = c.license_id
		WHERE a.org_id = ? AND c.license_id = ? AND c.user_id = ? AND c.until IS NULL`, c.Org, c.License, c.User)
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
		SET inherit = excluded.inherit, changed_at = excluded.changed_at`, c.User, c.License, c.Inherit, at(now))
	return out, err
}
