package licensing

import "time"

// MailKind says what a mail is for.
type MailKind string

// The mails.
const (
	MailWelcome      MailKind = "welcome"      // R73
	MailReminder     MailKind = "reminder"     // some days before the expiry
	MailRegistered   MailKind = "registered"   // R74
	MailChanges      MailKind = "changes"      // R70
	MailConfirmation MailKind = "confirmation" // R75
	MailExpired      MailKind = "expired"      // R56, to the inviting admin
	MailForwarded    MailKind = "forwarded"    // R28, to the addressee: somebody else registered
	MailHandOver     MailKind = "handover"     // R30, to the successor: somebody wants to hand over
)

// MailState is the state of a row of the mail ledger.
type MailState string

// The states of a mail: queued → sending → sent, refused or dropped. Deferred and unknown ones are sent
// again.
const (
	MailQueued   MailState = "queued"
	MailSending  MailState = "sending"  // an attempt holds the lease
	MailSent     MailState = "sent"     // the relay took it
	MailRefused  MailState = "refused"  // the relay refused it for good
	MailDeferred MailState = "deferred" // the relay asked to try again later
	MailUnknown  MailState = "unknown"  // the connection broke before the answer
	MailDropped  MailState = "dropped"  // no longer needed: the invitation was used, replaced or cancelled
	MailGivenUp  MailState = "given_up" // not delivered within a day
)

// MailJob is everything that one mail is made of. The kind decides which fields are set.
type MailJob struct {
	ID           MailID
	Kind         MailKind
	Attempt      int // an attempt that was overtaken can't settle the mail
	Unknown      int // earlier attempts whose outcome is not known
	Org          OrgID
	User         UserID
	To           Email
	Name         string
	Organization string
	Invitation   InvitationID // welcome, reminder
	Generation   int
	KeyID        string
	Link         Link // welcome, reminder: which link it carries (R28)
	Expires      time.Time
	Access       []AccessEntry     // welcome, reminder, registered, expired, forwarded, handover
	Forwardable  bool              // welcome, reminder: whoever gets the mail may register instead (R28)
	Changes      []Verdict         // changes
	Request      RequestID         // confirmation
	People       []ConfirmedPerson // confirmation
	Person       string            // expired: who did not register
	PersonEmail  Email             // expired
}

// ConfirmedPerson is one line of a confirmation mail.
type ConfirmedPerson struct {
	Name    string
	Email   Email
	Verdict PersonVerdict
}

// MailLease is the answer to an attempt that wants to send a mail.
type MailLease struct {
	State MailState // MailSending: send Job. Another: nothing to do
	Busy  time.Time // until then another attempt has it, or the limits hold it back (L07); Job is empty
	Job   MailJob
}

// DeliverWithin is how long a mail is tried before it is given up.
const DeliverWithin = 24 * time.Hour

// Settlement is the outcome of an attempt.
type Settlement struct {
	State  MailState
	Code   int    // the server's reply code, 0 for none
	Answer string // the server's reply without addresses
}

// MailLine is one mail to a user as the ledger has it.
type MailLine struct {
	ID        MailID    `json:"id"`
	Kind      MailKind  `json:"kind"`
	State     MailState `json:"state"`
	QueuedAt  time.Time `json:"queued_at"`
	SettledAt time.Time `json:"settled_at,omitzero"`
	Attempts  int       `json:"attempts"`
	Unknown   int       `json:"unknown,omitempty"` // attempts whose outcome was never learnt
	Code      int       `json:"code,omitempty"`    // the server's last reply
	Answer    string    `json:"answer,omitempty"`
}

// Ended says whether nothing more happens to the mail.
func (s MailState) Ended() bool {
	return s == MailSent || s == MailRefused || s == MailDropped || s == MailGivenUp
}

// Delivery returns the delivery state that the list shows for a mail (R55), "" for a dropped one.
func (s MailState) Delivery() Delivery {
	switch s {
	case MailQueued, MailSending:
		return DeliveryQueued
	case MailSent:
		return DeliverySent
	case MailDeferred:
		return DeliveryDeferred
	case MailRefused, MailGivenUp:
		return DeliveryBounced
	case MailUnknown:
		return DeliveryUnknown
	}
	return ""
}
