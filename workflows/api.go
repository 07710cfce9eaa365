package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
)

// The task queues.
const (
	Queue     = "vl"      // workflows and all activities but SendMail
	MailQueue = "vl-mail" // SendMail alone: its rate is the relay's
)

// The updates. An update's id is the id of the request behind it, so that a repetition gets the first answer.
const (
	VerdictsUpdate = "verdicts" // of every request: waits for the decision
	RegisterUpdate = "register" // of Invitation, as the next four
	ResendUpdate   = "resend"
	ResetUpdate    = "reset"
	CancelUpdate   = "cancel" // of HandOver, too
	AdoptUpdate    = "adopt"  // goes on with a newer generation that a save has made
	PutUpdate      = "put"    // of Agreement
	AgreeUpdate    = "agree"  // of HandOver
)

// The search attributes: what operators search for. Never personal data, they are clear text. This is their
// one definition.
var (
	OrganizationAttribute = temporal.NewSearchAttributeKeyKeyword("VlOrganization")
	RequestAttribute      = temporal.NewSearchAttributeKeyKeyword("VlRequest")
	UserAttribute         = temporal.NewSearchAttributeKeyKeyword("VlUser")
	DueAttribute          = temporal.NewSearchAttributeKeyTime("VlDueAt")
	StatusAttribute       = temporal.NewSearchAttributeKeyKeyword("VlStatus")
)

// AttributeTypes returns the name of every search attribute with its type as Temporal's command line calls
// it: Keyword or Datetime. A namespace must have them all before the first workflow starts.
func AttributeTypes() map[string]string {
	types := map[string]string{}
	for _, key := range []temporal.SearchAttributeKey{
		OrganizationAttribute, RequestAttribute, UserAttribute, DueAttribute, StatusAttribute,
	} {
		types[key.GetName()] = key.GetValueType().String()
	}
	return types
}

// The values of VlStatus. It changes only into and out of what an operator would search for.
const (
	StatusOpen     = "Open"
	StatusFailed   = "Failed"
	StatusOrphaned = "Orphaned" // of Directory: an agreement lost its last active admin (R33)
	StatusOdd      = "Odd"      // of Directory: entries were left out (R84)
)

// FailedRun is the type of the error with which a run ends whose roles could not become effective. Operators
// filter by ExecutionStatus = "Failed"; the row says Failed and why, and an admin assigns again (R54).
const FailedRun = "AssignmentFailed"

// CompareID is the id of the schedule that compares directories, and of its runs.
const CompareID = "directory-comparison"

// RetentionID is the id of the schedule that erases personal data, and of its runs.
const RetentionID = "retention"

// The workflow ids are the business keys: of a request its id, of an invitation its user.

// SaveID is the id of the workflow of a save.
func SaveID(r licensing.RequestID) string { return "save/" + string(r) }

// ApplyID is the id of the workflow that takes in an organization.
func ApplyID(r licensing.RequestID) string { return "apply/" + string(r) }

// ContactID is the id of the workflow of a Change of Contact Information Request.
func ContactID(r licensing.RequestID) string { return "contact/" + string(r) }

// DirectoryID is the id of the workflow of a directory change.
func DirectoryID(r licensing.RequestID) string { return "directory/" + string(r) }

// DeleteID is the id of the workflow of a deletion.
func DeleteID(r licensing.RequestID) string { return "delete/" + string(r) }

// RecheckID is the id of the workflow of a re-check.
func RecheckID(r licensing.RequestID) string { return "recheck/" + string(r) }

// PreferenceID is the id of the workflow of a preference change.
func PreferenceID(r licensing.RequestID) string { return "preference/" + string(r) }

// SeatID is the id of the workflow that appoints an administrator.
func SeatID(r licensing.RequestID) string { return "seat/" + string(r) }

// EraseID is the id of the workflow that erases a person's data for support.
func EraseID(r licensing.RequestID) string { return "erase/" + string(r) }

// HandOverID is the id of the workflow of a hand-over.
func HandOverID(r licensing.RequestID) string { return "handover/" + string(r) }

// AgreementID is the id of the workflow that takes in what partners say of a License ID.
func AgreementID(l licensing.LicenseID) string { return "agreement/" + string(l) }

// InvitationID is the id of the workflow of a person's invitation.
func InvitationID(u licensing.UserID) string { return "invitation/" + string(u) }

// AssignmentID is the id of the workflow of one request's roles for one registered person.
func AssignmentID(r licensing.RequestID, u licensing.UserID) string {
	return "assignment/" + string(r) + "/" + string(u)
}

// Settings is what a deployment decides about runs. It travels in their input, so that a run keeps what it
// began with.
type Settings struct {
	Provision bool          `json:"provision,omitempty"` // a downstream system is told first
	Jitter    time.Duration `json:"jitter,omitempty"`    // timers fire up to this much later, spread by user
}

// InvitationInput starts an Invitation.
type InvitationInput struct {
	User licensing.UserID `json:"user"`
	// Generation 0: started for the command that comes along
	Run      licensing.InvitationRun `json:"sending"`
	Settings Settings                `json:"settings"`
	Reminded bool                    `json:"reminded,omitempty"` // by the run before this one
	Failed   bool                    `json:"failed,omitempty"`
}

// AssignmentInput starts an Assignment.
type AssignmentInput struct {
	User        licensing.UserID      `json:"user"`
	Propagation licensing.Propagation `json:"propagation"`
	Settings    Settings              `json:"settings"`
}
