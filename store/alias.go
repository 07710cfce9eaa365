package store

import "vlroles/store/rows"

// The names that this package gives to what it shares with the reading side.
type (
	moment        = rows.Timestamp
	opt           = rows.NullString
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
	at          = rows.At
	ids         = rows.IDs
	missing     = rows.Missing
	missingUser = rows.MissingUser
	pending     = rows.Pending
	digestOf    = rows.Digest
)

func unique[T ~string](in []T) []T { return rows.Unique(in) }
