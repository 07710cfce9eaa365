package licensing

import (
	"slices"
	"strings"
	"time"
)

// Status is one of six, kept per (user, License ID) (R45).
type Status string

// The six statuses.
const (
	StatusUserNotFound         Status = "user_not_found"
	StatusFailed               Status = "failed"
	StatusInvitationExpired    Status = "invitation_expired"
	StatusAssignmentInProgress Status = "assignment_in_progress"
	StatusInvitationSent       Status = "invitation_sent"
	StatusActive               Status = "active"
)

var statuses = []struct {
	status Status
	label  string
}{
	{StatusUserNotFound, "User not found"},
	{StatusFailed, "Failed"},
	{StatusInvitationExpired, "Invitation expired"},
	{StatusAssignmentInProgress, "Assignment in Progress"},
	{StatusInvitationSent, "Invitation sent"},
	{StatusActive, "Active"},
}

// Statuses returns the six statuses, the most urgent first (R45).
func Statuses() []Status {
	out := make([]Status, len(statuses))
	for i, s := range statuses {
		out[i] = s.status
	}
	return out
}

// ParseStatus reads a status; an unknown one is an Invalid *Error that names the valid ones.
func ParseStatus(s string) (Status, error) {
	if slices.Contains(Statuses(), Status(s)) {
		return Status(s), nil
	}
	return "", Refuse(Invalid, "R45", "unknown status; valid values: user_not_found, failed, "+
		"invitation_expired, assignment_in_progress, invitation_sent, active")
}

// String returns the status as people read it: "Invitation sent".
func (s Status) String() string {
	for _, e := range statuses {
		if e.status == s {
			return e.label
		}
	}
	return string(s)
}

// MostUrgent returns the most urgent of the statuses (R45), or Active where there is none.
func MostUrgent(in ...Status) Status {
	for _, e := range statuses {
		if slices.Contains(in, e.status) {
			return e.status
		}
	}
	return StatusActive
}

// AssignmentState is where a user's roles on one License ID stand.
type AssignmentState string

// The states of an assignment. Which may follow which: pending → propagating (registration) → active or
// failed; active or failed → propagating (a new save).
const (
	AssignmentNone        AssignmentState = ""
	AssignmentPending     AssignmentState = "pending"     // waits for registration
	AssignmentPropagating AssignmentState = "propagating" // waits for its due time; locked (R52)
	AssignmentActive      AssignmentState = "active"      // all its grants are effective
	AssignmentFailed      AssignmentState = "failed"      // what was added last could not be activated (R54)
)

// LostReason is why an assignment that was left behind shows as failed.
const LostReason = "it wasn't carried out in time"

// At returns where an assignment that is due at a time stands now: one that is still in progress long after
// it, nobody will settle, and it counts as failed (R52, [Lost]).
func (s AssignmentState) At(due, now time.Time) AssignmentState {
	if Lost(s, due, now) {
		return AssignmentFailed
	}
	return s
}

// StatusOf returns the status of a person on one License ID (R45, R51–R57), total: always one of six.
func StatusOf(p Person, a AssignmentState, i InvitationState) Status {
	switch {
	case !p.InTenant():
		return StatusUserNotFound
	case a == AssignmentFailed:
		return StatusFailed
	case a == AssignmentPropagating:
		return StatusAssignmentInProgress
	case a == AssignmentActive:
		return StatusActive
	case i == InvitationOpen:
		return StatusInvitationSent
	case i == InvitationExpired:
		return StatusInvitationExpired
	}
	// the mail was refused (R55), or the state is impossible: either way an admin must see it
	return StatusFailed
}

// Delivery is the sub-state of Invitation sent (R55).
type Delivery string

// The delivery sub-states.
const (
	DeliveryQueued   Delivery = "queued"   // not handed to the relay yet
	DeliverySent     Delivery = "sent"     // the relay took it
	DeliveryDeferred Delivery = "deferred" // the relay asked to try again later
	DeliveryBounced  Delivery = "bounced"  // refused for good
	DeliveryUnknown  Delivery = "unknown"  // the connection broke before the answer; it is sent again
)

// Action is what can be done for a user now (R46).
type Action string

// The actions of the Manage Assignments list.
const (
	ViewAccess  Action = "view_access"
	EditAccess  Action = "edit"
	ResendMail  Action = "resend_invite"
	ResetInvite Action = "reset_invite"
	AssignAgain Action = "assign_again"
	Recheck     Action = "re_check"
	DeleteUser  Action = "delete"
)

// Actions returns what can be done for a user in this status (R59).
func Actions(s Status, registered bool) []Action {
	switch s {
	case StatusInvitationSent:
		return []Action{ViewAccess, EditAccess, ResendMail, ResetInvite, DeleteUser}
	case StatusInvitationExpired:
		return []Action{ViewAccess, EditAccess, ResetInvite, DeleteUser}
	case StatusAssignmentInProgress:
		return []Action{ViewAccess, DeleteUser}
	case StatusActive:
		return []Action{ViewAccess, EditAccess, DeleteUser}
	case StatusUserNotFound:
		return []Action{ViewAccess, Recheck, DeleteUser}
	}
	if registered {
		return []Action{ViewAccess, AssignAgain, DeleteUser}
	}
	return []Action{ViewAccess, AssignAgain, ResetInvite, DeleteUser}
}

const notInDirectory = "the person isn't in the organization's directory (R57)"

// WhyNot returns why an action is missing in this status, or "" where it is possible (R46).
func WhyNot(a Action, s Status, registered bool) string {
	switch {
	case slices.Contains(Actions(s, registered), a):
		return ""
	case a == EditAccess:
		return whyNoEdit(s)
	case a == ResendMail, a == ResetInvite:
		return whyNoInvite(s, registered)
	case a == AssignAgain:
		return "no assignment has failed (R54)"
	case a == Recheck:
		return "the status is not User not found (R57)"
	}
	return "not available in this status (R59)"
}

func whyNoEdit(s Status) string {
	switch s {
	case StatusAssignmentInProgress:
		return "roles can't be edited until the status is Active (R52)"
	case StatusFailed:
		return "the last assignment failed: assign the roles again (R54)"
	}
	return notInDirectory
}

func whyNoInvite(s Status, registered bool) string {
	switch {
	case registered:
		return "the person has already registered (R62)"
	case s == StatusInvitationExpired:
		return "the invitation has expired: reset it (R56)"
	case s == StatusUserNotFound:
		return notInDirectory
	case s == StatusFailed:
		return "the email can't be delivered: correct the business email, then reset the invitation (R58)"
	}
	return "there is no open invitation (R58)"
}

// SupportAfter is the number of failed attempts after which the answer recommends support (R54).
const SupportAfter = 3

// Advice returns what an admin should do about a status, or "" where there is nothing to do (R54, R56, R57).
func Advice(s Status, attempts int, p Policy) string {
	switch s {
	case StatusFailed:
		if attempts >= SupportAfter {
			return strings.TrimSpace("The assignment failed " + itoa(int64(attempts)) +
				" times. Contact support and quote the reference. " + p.Support)
		}
		return "Assign the roles again. If the person has never registered, " +
			"you can also reset the invitation."
	case StatusInvitationExpired:
		return "Reset the invitation to send a new link."
	case StatusUserNotFound:
		return "The person isn't in the organization's directory. Re-check, or delete the user."
	}
	return ""
}
