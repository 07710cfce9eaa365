package store

import (
	"maps"
	"slices"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// The names that this package gives to what it shares with the reading side.
type (
	timestamp     = rows.Timestamp
	nullString    = rows.NullString
	userRow       = rows.User
	invitationRow = rows.Invitation
	assignmentRow = rows.Assignment
	grantRow      = rows.Grant
	mailRow       = rows.Mail
	auditRow      = rows.Audit
	handOverRow   = rows.HandOver
	holdings      = rows.Holdings
)

const (
	batch            = rows.Batch
	selectUser       = rows.SelectUser
	selectInvitation = rows.SelectInvitation
	newestFirst      = rows.NewestFirst
	selectHandOver   = rows.SelectHandOver
	ancestors        = rows.Ancestors
	optedIn          = rows.OptedIn
)

var (
	ts          = rows.At
	ids         = rows.IDs
	missing     = rows.Missing
	missingUser = rows.MissingUser
	pending     = rows.Pending
	reference   = rows.Reference
)

func unique[T ~string](in []T) []T { return rows.Unique(in) }

// sorted returns the License IDs of some assignments in their order.
func sorted(m map[licensing.LicenseID]*assignmentRow) []licensing.LicenseID {
	return slices.Sorted(maps.Keys(m))
}
