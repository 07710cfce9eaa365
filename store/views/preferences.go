package views

import (
	"context"

	"vlroles/licensing"
)

// Preferences returns the agreements that name the person as a contact who may inherit Administrator below
// them, and what the person wants there (R88, R89).
func (v *Views) Preferences(
	ctx context.Context, org licensing.OrgID, user licensing.UserID,
) (out []licensing.Preference, err error) {
	err = v.read(ctx, "read preferences", func(q *snapshot) error {
		ok, err := q.Active(org, user)
		if err != nil || !ok {
			return err
		}
		out, err = q.Preferences(org, user, "")
		return err
	})
	return out, err
}
