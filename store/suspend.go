package store

import "vlroles/licensing"

// suspend takes the effect of everything that people have who left the tenant. Where they come back, each
// License ID waits for the word of an admin there, and the opt-in for theirs after it (R86, R88).
func (c *directoryImport) suspend(users []licensing.UserID) error {
	for _, query := range []string{
		`UPDATE assignments SET suspended = true WHERE user_id IN (?)`,
		`UPDATE grants SET suspended = true, effective = false WHERE effective AND user_id IN (?)`,
		`UPDATE contacts SET suspended = true WHERE until IS NULL AND user_id IN (?)`,
	} {
		if err := execIn(c.tx, query, users); err != nil {
			return err
		}
	}
	opted, err := inParts[preferenceRow](c.tx,
		`SELECT user_id, license_id FROM preferences WHERE inherit AND user_id IN (?)`, users)
	if err != nil {
		return err
	}
	var lines []auditLine
	for _, p := range opted {
		line := c.line(p.User, licensing.AuditPreference, "R86")
		line.license, line.detail = p.License, licensing.PreferenceChanged{}
		lines = append(lines, line)
	}
	if err := c.audit(lines...); err != nil {
		return err
	}
	return execIn(c.tx, `UPDATE preferences SET inherit = false, changed_at = ? WHERE inherit AND user_id IN (?)`,
		users, ts(c.now))
}

// unsuspend gives back what a user has on some License IDs: effective at once by a re-check, or when it is due
// by an assignment. A contact may opt in again.
func (t *tx) unsuspend(user licensing.UserID, on []licensing.LicenseID, atOnce bool) error {
	err := execIn(t, `UPDATE assignments SET suspended = false WHERE user_id = ? AND license_id IN (?)`, on, user)
	if err != nil {
		return err
	}
	err = execIn(t, `UPDATE grants SET suspended = false, effective = ?
		WHERE suspended AND user_id = ? AND license_id IN (?)`, on, atOnce, user)
	if err != nil {
		return err
	}
	return execIn(t, `UPDATE contacts SET suspended = false WHERE user_id = ? AND license_id IN (?)`, on, user)
}

// suspended returns the License IDs on which what the user has, or that the contract names him, is suspended.
func (t *tx) suspended(user licensing.UserID) ([]licensing.LicenseID, error) {
	var out []licensing.LicenseID
	err := t.all(&out, `
		SELECT license_id FROM assignments WHERE user_id = ? AND suspended
		UNION
		SELECT license_id FROM contacts WHERE user_id = ? AND suspended AND until IS NULL
		ORDER BY license_id`, user, user)
	return out, err
}
