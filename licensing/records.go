package licensing

import (
	"strings"
	"time"
)

// ChangeID fences what a run may still write: the invitation and its generation, or the request of a save. Rows that a
// later change has taken over no longer carry it, so a late attempt of an old run changes nothing.
type ChangeID string

// InvitationChange is the fence of the grants that an accepted invitation puts in progress.
func InvitationChange(i InvitationID, generation int) ChangeID {
	return ChangeID(string(i) + "." + itoa(int64(generation)))
}

// Sending is one generation of an invitation, as its workflow needs it.
type Sending struct {
	Invitation InvitationID `json:"invitation"`
	Generation int          `json:"generation"`
	ExpiresAt  time.Time    `json:"expires_at"`
	RemindAt   time.Time    `json:"remind_at,omitzero"`
	Mail       MailID       `json:"mail,omitempty"` // the mail to send now
}

// Standing is where an invitation stands, for whoever speaks to its run.
type Standing struct {
	Org     OrgID
	User    UserID
	State   InvitationState
	Sending Sending // without a mail
}

// Propagation is what becomes effective for one user by one change.
type Propagation struct {
	Change  ChangeID    `json:"change"`
	Mail    MailID      `json:"mail,omitempty"`    // the mail that tells the user
	Dues    []time.Time `json:"dues,omitempty"`    // distinct due times, ascending; none where roles were only taken away
	Removed bool        `json:"removed,omitempty"` // roles were taken away, which holds already
}

// WorkKind says which workflow a save needs for a person.
type WorkKind string

// The kinds of work.
const (
	WorkInvite   WorkKind = "invite"   // a first invitation
	WorkRenew    WorkKind = "renew"    // a new generation of an invitation whose run may still be open
	WorkAssign   WorkKind = "assign"   // propagation for a registered person
	WorkWithdraw WorkKind = "withdraw" // the invitation has nothing left to give: end its run
	WorkStop     WorkKind = "stop"     // what Propagation.Change put in progress was taken away: end its run
)

// Work is one workflow to start or end for one person of a request.
type Work struct {
	Kind        WorkKind    `json:"kind"`
	Org         OrgID       `json:"org"`
	Request     RequestID   `json:"request"`
	User        UserID      `json:"user"`
	Sending     Sending     `json:"sending,omitzero"`     // invite, renew
	Propagation Propagation `json:"propagation,omitzero"` // assign
}

// SaveAnswer is what a save did: a verdict per person in the order of the request.
type SaveAnswer struct {
	People       []PersonVerdict `json:"people"`
	Work         int             `json:"work"`                   // how many workflows it starts or ends
	Confirmation MailID          `json:"confirmation,omitempty"` // the mail to the admin (R75)
}

// Command is what an admin wants with one user's invitation.
type Command struct {
	Request RequestID `json:"request"`
	Org     OrgID     `json:"org"`
	User    UserID    `json:"user"`
	By      UserID    `json:"by"`
}

// Registration is an acceptance of an invitation (R23, R28).
type Registration struct {
	Request    RequestID    `json:"request"`
	Invitation InvitationID `json:"invitation"`
	Generation int          `json:"generation"`
	Identity   Identity     `json:"identity"`
}

// Registered is the answer to a Registration: the profile and what becomes effective when.
type Registered struct {
	User        UserID        `json:"user"`
	Propagation Propagation   `json:"propagation"`
	Access      []AccessEntry `json:"access"`
	Notice      MailID        `json:"notice,omitempty"` // the mail to the addressee where somebody else registered (R28)
	Again       Sending       `json:"again,omitzero"`   // the addressee's own invitation to what an admin gave and stays (R28)
}

// AccessEntry is a user's roles on one License ID.
type AccessEntry struct {
	License   LicenseID `json:"license_id"`
	Roles     []Role    `json:"roles"`
	DueAt     time.Time `json:"due_at,omitzero"`
	Status    Status    `json:"status,omitempty"`
	Grants    []Grant   `json:"grants,omitempty"`
	Attempts  int       `json:"attempts,omitempty"`
	Reason    string    `json:"reason,omitempty"`    // Failed: why
	Reference string    `json:"reference,omitempty"` // Failed: to quote to support
	Advice    string    `json:"advice,omitempty"`

	Contact       []ContactKind `json:"contact,omitempty"`        // as what the contract names the user
	FormerContact bool          `json:"former_contact,omitempty"` // it named the user once, and doesn't any more (R34)
}

// Withdrawal is the answer to a cancel: how many License IDs' pending roles were taken back, and how many remain that
// other admins gave.
type Withdrawal struct {
	Withdrawn int  `json:"withdrawn"`
	Remaining int  `json:"remaining"`
	Ended     bool `json:"ended"` // the invitation has ended; its links are dead (R82)
}

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

// MailState is where a row of the mail ledger stands.
type MailState string

// The states of a mail. queued → sending → sent, refused or dropped; deferred and unknown are sent again.
const (
	MailQueued   MailState = "queued"
	MailSending  MailState = "sending"  // an attempt holds the lease
	MailSent     MailState = "sent"     // the relay took it
	MailRefused  MailState = "refused"  // the relay refused it for good
	MailDeferred MailState = "deferred" // the relay asked to come later
	MailUnknown  MailState = "unknown"  // the connection broke before the answer
	MailDropped  MailState = "dropped"  // no longer wanted: the invitation was used, replaced or withdrawn
	MailGivenUp  MailState = "given_up" // not delivered within a day
)

// MailJob is everything that one mail is made of; which fields are set follows from the kind.
type MailJob struct {
	ID           MailID
	Kind         MailKind
	Attempt      int // fences the settlement
	Unknown      int // earlier attempts whose outcome is not known
	Org          OrgID
	User         UserID
	To           Email
	Name         string
	Organization string
	Invitation   InvitationID // welcome, reminder
	Generation   int
	KeyID        string
	Expires      time.Time
	InviteFor    time.Duration
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

// Claim is the answer to an attempt to send a mail.
type Claim struct {
	State MailState // MailSending: send Job. Another: nothing to do
	Busy  time.Time // MailSending by another attempt, until then; Job is empty
	Job   MailJob
}

// Settlement is the outcome of an attempt.
type Settlement struct {
	State  MailState
	Code   int    // the server's reply code, 0 for none
	Answer string // the server's reply without addresses
}

// Effective is a user's grants as a downstream system must know them: what is effective, with what becomes so now.
type Effective struct {
	Org    OrgID            `json:"organization"`
	User   UserID           `json:"user"`
	Email  Email            `json:"sign_in_email"`
	Object ObjectID         `json:"object_id,omitempty"`
	Grants []EffectiveGrant `json:"grants"`
}

// EffectiveGrant is one role on one License ID.
type EffectiveGrant struct {
	License LicenseID `json:"license_id"`
	Role    Role      `json:"role"`
}

// Deletion is the answer to the deletion of a VL user (R80): a verdict for each License ID that the caller administers, and
// how many License IDs of other admins remain. User's account in the organization isn't touched (R81).
type Deletion struct {
	User      UserID    `json:"user"`
	Verdicts  []Verdict `json:"verdicts"`
	Remaining int       `json:"remaining"`
	Work      int       `json:"work"`

	Inherits []LicenseID `json:"inherits,omitempty"` // of the caller's: where the user still is Administrator by an agreement above that the caller doesn't administer
}

// Seat is support's request to make somebody the administrator of a License ID that has no active admin (R33).
type Seat struct {
	ID        RequestID     `json:"id"`
	Org       OrgID         `json:"org"`
	License   LicenseID     `json:"license_id"`
	Person    PersonChange  `json:"person"` // without Access
	Reason    string        `json:"reason"` // such as the number of the case; kept in the audit
	InviteFor time.Duration `json:"invite_for,omitempty"`
}

// MaxReason is the length of the longest reason, in characters.
const MaxReason = 200

// Check returns the request as a save in canonical form, or an Invalid *Error that names the first field at fault.
func (s Seat) Check(p Policy) (Save, error) {
	reason := CleanName(s.Reason)
	if reason == "" || len([]rune(reason)) > MaxReason || strings.Contains(reason, "@") {
		return Save{}, Refuse(Invalid, "R33", "say why, in 1 to %d characters without an address: the number of the case", MaxReason).In("reason")
	}
	s.Person.Access = []AccessChange{{License: s.License, Add: []Role{Administrator}}}
	return Save{ID: s.ID, Org: s.Org, InviteFor: s.InviteFor, People: []PersonChange{s.Person}}.Check(p)
}

// MaySeat says whether support may seat an administrator: only where nobody else can (R05, R33).
func MaySeat(l LicenseID, known bool, admins int) *Error {
	switch {
	case !known:
		return Refuse(NotFound, "R08", "the organization has no License ID %s", l).In("license_id")
	case admins > 0:
		return Refuse(Conflict, "R05", "License ID %s has an active admin, who assigns its roles", l).In("license_id")
	}
	return nil
}
