package licensing

import "time"

// Propagation is what one change makes effective for one user, and when.
type Propagation struct {
	Change ChangeID `json:"change"`
	Mail   MailID   `json:"mail,omitempty"` // the mail that tells the user
	// distinct and ascending; none where roles were only removed
	Dues    []time.Time `json:"dues,omitempty"`
	Removed bool        `json:"removed,omitempty"` // roles were removed, which is effective already
}

// OutboxKind says which workflow a save needs for a person.
type OutboxKind string

// The kinds of work.
const (
	OutboxInvite   OutboxKind = "invite"   // a first invitation
	OutboxRenew    OutboxKind = "renew"    // a new generation of an invitation whose run may still be open
	OutboxAssign   OutboxKind = "assign"   // propagation for a registered person
	OutboxWithdraw OutboxKind = "withdraw" // the invitation has no roles left: end its run
	OutboxStop     OutboxKind = "stop"     // what Propagation.Change put in progress was removed: end its run
	OutboxHandOver OutboxKind = "handover" // the hand-over waits for nothing any more: end its run
)

// OutboxEntry is one workflow to start or end for one person of a request.
type OutboxEntry struct {
	Kind        OutboxKind    `json:"kind"`
	Org         OrgID         `json:"org"`
	Request     RequestID     `json:"request"`
	User        UserID        `json:"user"`
	Run         InvitationRun `json:"sending,omitzero"`     // invite, renew
	Propagation Propagation   `json:"propagation,omitzero"` // assign
	HandOver    RequestID     `json:"hand_over,omitempty"`  // handover
}
