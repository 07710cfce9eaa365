package store

import (
	"slices"

	"vlroles/licensing"
)

// lockUsers reads and locks users by id or by sign-in key, in the order of their ids.
func (t *tx) lockUsers(org licensing.OrgID, users, keys []string) ([]userRow, error) {
	known := slices.DeleteFunc(slices.Clone(users), func(s string) bool { return !ids(s) })
	var found []licensing.UserID
	for _, by := range []struct {
		query  string
		values []string
	}{
		{`SELECT id FROM users WHERE org_id = ? AND id IN (?)`, known},
		{`SELECT id FROM users WHERE org_id = ? AND sign_in_key IN (?)`, keys},
	} {
		for part := range slices.Chunk(by.values, batch) {
			var some []licensing.UserID
			if err := t.in(&some, by.query, org, part); err != nil {
				return nil, err
			}
			found = append(found, some...)
		}
	}
	var rows []userRow
	for part := range slices.Chunk(unique(found), batch) {
		var some []userRow
		if err := t.in(&some, t.lock(selectUser+` WHERE u.id IN (?) ORDER BY u.id`, "u"), part); err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	return rows, nil
}

// lockAgreements locks License IDs in the order of their ids.
func (t *tx) lockAgreements(ids []licensing.LicenseID) error {
	for part := range slices.Chunk(unique(ids), batch) {
		var locked []licensing.LicenseID
		err := t.in(&locked, t.lock(`
			SELECT a.license_id FROM agreements a WHERE a.license_id IN (?)
			ORDER BY a.license_id`, "a"), part)
		if err != nil {
			return err
		}
	}
	return nil
}
