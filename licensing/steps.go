package licensing

import "time"

// What workflows and activities say to each other. The JSON names are part of recorded histories and stay.

// GenerationRef names one generation of an invitation.
type GenerationRef struct {
	Invitation InvitationID `json:"invitation"`
	Number     int          `json:"number"`
	Reason     string       `json:"reason,omitempty"` // why it is marked as Failed
}

// ChangeRef names what of one user's change is due.
type ChangeRef struct {
	User   UserID    `json:"user"`
	Change ChangeID  `json:"change"`
	UpTo   time.Time `json:"up_to"`            // everything that is due until then
	Reason string    `json:"reason,omitempty"` // why it is marked as Failed
}

// HandOverRef names a hand-over.
type HandOverRef struct {
	Org OrgID     `json:"org"`
	ID  RequestID `json:"id"`
}

// MailOutcome is how a mail ended.
type MailOutcome struct {
	State  MailState `json:"state"` // sent, refused, dropped or given up
	Reason string    `json:"reason,omitempty"`
}

// SendMailTimeout is how long one attempt to send a mail may take. The attempt holds the mail for as long, so
// that no second one begins between DATA and its answer.
const SendMailTimeout = 90 * time.Second

// OrganizationsPerRun is how many organizations one run of the directory comparison goes through (R84).
const OrganizationsPerRun = 50

// RefusedDownstream is the type of the error with which a downstream system's refusal ends the activity for
// good (R54).
const RefusedDownstream = "RefusedDownstream"
