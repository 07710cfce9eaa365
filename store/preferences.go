package store

import (
	"context"
	"fmt"
	"slices"

	"vlroles/licensing"
)

// SetPreference sets whether a contact inherits Administrator on everything below an agreement, existing and
// future (R88). Opting out ends it at once (R89).
func (s *Store) SetPreference(
	ctx context.Context, c licensing.PreferenceChange,
) (licensing.PreferenceAnswer, error) {
	c, form := c.Check()
	q := request{form: form, id: c.Request, org: c.Org, by: c.User, action: licensing.AuditPreference,
		license: c.License, content: c}
	return carryOut(ctx, s, q, func(t *tx) (licensing.PreferenceAnswer, []licensing.OutboxEntry, error) {
		out, err := t.prefer(c)
		if err != nil || !out.Changed {
			return out, nil, err
		}
		out.Work = 1
		line := auditLine{org: c.Org, by: c.User, request: c.Request, action: q.action, user: c.User,
			license: c.License, rule: "R88", detail: licensing.PreferenceChanged{Inherit: c.Inherit}}
		return out, []licensing.OutboxEntry{tell(c.Org, c.Request, c.User)}, t.audit(line)
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
		p = rows[0].Person()
	}
	named, err := t.Naming(c.License, c.User)
	if err != nil {
		return out, err
	}
	waits, err := t.suspended(c.User)
	if err != nil {
		return out, err
	}
	p = p.On(slices.Contains(waits, c.License))
	if err := licensing.MaySetPreference(p, named, c.Inherit); err != nil {
		return out, t.hideLicense(c, len(named.As) > 0, err)
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
		SET inherit = excluded.inherit, changed_at = excluded.changed_at`,
		c.User, c.License, c.Inherit, ts(t.now))
	return out, err
}

// hideLicense is the refusal of a preference, as far as the caller may know of the License ID: whom the
// contract names, or who administers it (L03).
func (t *tx) hideLicense(c licensing.PreferenceChange, named bool, why error) error {
	may, err := t.Administers(c.Org, c.User, []licensing.LicenseID{c.License})
	if err != nil {
		return err
	}
	if !named && !may[c.License] {
		return licensing.Hidden()
	}
	return why
}
