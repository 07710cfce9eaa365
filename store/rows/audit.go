package rows

import "vlroles/licensing"

// Audit is one line of the audit.
type Audit struct {
	At        Timestamp               `db:"at"`
	OrgID     licensing.OrgID         `db:"org_id"`
	Principal licensing.PrincipalKind `db:"principal"`
	Actor     NullString              `db:"actor"`
	Named     NullString              `db:"named"`
	Action    licensing.AuditAction   `db:"action"`
	Outcome   string                  `db:"outcome"`
	UserID    NullString              `db:"user_id"`
	LicenseID NullString              `db:"license_id"`
	RequestID NullString              `db:"request_id"`
	Rule      NullString              `db:"rule"`
	Before    NullString              `db:"before"`
	After     NullString              `db:"after"`
	Detail    string                  `db:"detail"`
}
