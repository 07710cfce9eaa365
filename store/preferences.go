package store

import (
	"context"
	"fmt"

	"vlroles/licensing"
)

// Prefer sets whether a contact inherits Administrator on everything below an agreement, existing and future (R88). Opting
// out ends it at once (R89).
func (s *Store) Prefer(ctx context.Context, c licensing.PreferenceChange) (licensing.PreferenceAnswer, error) {
	l, err := licensing.ParseLicenseID(string(c.License))
	if err != nil {
		return licensing.PreferenceAnswer{}, err.(*licensing.Error).In("license_id")
	}
	c.License = l
	var out licensing.PreferenceAnswer
	line := auditRow{OrgID: c.Org, Actor: opt(c.User), Action: "preference", LicenseID: opt(l), RequestID: opt(c.Request),
		Outcome: "done", Rule: "R88", Detail: detail(map[string]any{"inherit": c.Inherit})}
	err = s.write(ctx, "change preference", func(t *tx) error {
		out = licensing.PreferenceAnswer{}
		known, err := t.claimRequest(c.Request, c.Org, c.User, "preference", c, &out)
		if err != nil || known {
			return err
		}
		out, err = t.prefer(c)
		if err != nil || !out.Changed {
			return either(err, t.answerRequest(c.Request, out, []licensing.Work{}))
		}
		row := line
		row.At, row.UserID = at(t.now), opt(c.User)
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

func (t *tx) prefer(c licensing.PreferenceChange) (licensing.PreferenceAnswer, error) {
	var out licensing.PreferenceAnswer
	rows, err := t.lockUsers(c.Org, []string{string(c.User)}, nil)
	if err != nil {
		return out, err
	}
	var p licensing.Person
	if len(rows) == 1 {
		p = rows[0].Person()
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
	was, err := t.Preferences(c.Org, c.User, c.License)
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
