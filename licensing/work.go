package licensing

import "time"

// Propagation is what one change makes effective for one user, and when.
type Propagation struct {
	Change  ChangeID    `json:"change"`
	Mail    MailID      `json:"mail,omitempty"`    // the mail that tells the user
	Dues    []time.Time `json:"dues,omitempty"`    // distinct and ascending; none where roles were only removed
	Removed bool        `json:"removed,omitempty"` // roles were removed, which is effective already
}

// WorkKind says which workflow a save needs for a person.
type WorkKind string

// The kinds of work.
const (
	WorkInvite   WorkKind = "invite"   // a first invitation
	WorkRenew    WorkKind = "renew"    // a new generation of an invitation whose run may still be open
	WorkAssign   WorkKind = "assign"   // propagation for a registered person
	WorkWithdraw WorkKind = "withdraw" // the invitation has no roles left: end its run
	WorkStop     WorkKind = "stop"     // what Propagation.Change put in progress was removed: end its run
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
