package store

import (
	"encoding/json"

	"vlroles/licensing"
)

const insertAudit = `
	INSERT INTO audit (at, org_id, actor, action, outcome, user_id, license_id, request_id, rule, before, after, detail)
	VALUES (:at, :org_id, :actor, :action, :outcome, :user_id, :license_id, :request_id, :rule, :before, :after, :detail)`

func (t *tx) audit(rows ...auditRow) error { return insert(t, insertAudit, rows) }

// auditAll writes the line once for each License ID that the user has something on, and returns them.
func (t *tx) auditAll(user licensing.UserID, row auditRow) ([]licensing.LicenseID, error) {
	var ids []licensing.LicenseID
	if err := t.all(&ids, `SELECT license_id FROM assignments WHERE user_id = ? ORDER BY license_id`, user); err != nil {
		return nil, err
	}
	var rows []auditRow
	for _, l := range ids {
		row.UserID, row.LicenseID = opt(user), opt(l)
		rows = append(rows, row)
	}
	return ids, t.audit(rows...)
}

func (t *tx) auditChange(user licensing.UserID, ids []licensing.LicenseID, row auditRow) error {
	if err := t.get(&row.OrgID, `SELECT org_id FROM users WHERE id = ?`, user); err != nil {
		return err
	}
	var rows []auditRow
	for _, l := range ids {
		row.UserID, row.LicenseID = opt(user), opt(l)
		rows = append(rows, row)
	}
	return t.audit(rows...)
}

func detail(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(text)
}
