package licensing

import (
	"slices"
	"time"
)

// Outcome is what a save did with one person on one License ID.
type Outcome string

// The outcomes.
const (
	Invited   Outcome = "invited"   // an invitation goes out with it (R73)
	Joined    Outcome = "joined"    // the invitation that is open already carries it too (R62)
	Assigned  Outcome = "assigned"  // in progress until the due time (R52, R62)
	Changed   Outcome = "changed"   // roles were only taken away, which holds at once (R71)
	Unchanged Outcome = "unchanged" // nothing to do
	Refused   Outcome = "refused"   // nothing was written but the audit line
)

// Verdict is the answer to one AccessChange.
type Verdict struct {
	License   LicenseID `json:"license_id"`
	Outcome   Outcome   `json:"outcome"`
	Added     []Role    `json:"added,omitempty"`
	Removed   []Role    `json:"removed,omitempty"`
	Before    Status    `json:"before,omitempty"` // "" where the person had nothing there
	After     Status    `json:"after,omitempty"`
	DueAt     time.Time `json:"due_at,omitzero"` // Assigned: when it takes effect
	Error     *Error    `json:"error,omitempty"` // Refused: why
	Advice    string    `json:"advice,omitempty"`
	Reference string    `json:"reference,omitempty"` // to quote to support (R54)
}

// PersonVerdict is the answer to one PersonChange. Error stands where the person as a whole was refused.
type PersonVerdict struct {
	User     UserID    `json:"user,omitempty"`
	Error    *Error    `json:"error,omitempty"`
	Updated  bool      `json:"updated,omitempty"` // name or business email was changed
	Verdicts []Verdict `json:"verdicts,omitempty"`
}

// Accepted says whether anything was written for the person.
func (v PersonVerdict) Accepted() bool {
	return slices.ContainsFunc(v.Verdicts, func(v Verdict) bool {
		return v.Outcome != Refused && v.Outcome != Unchanged
	})
}

// SaveAnswer is what a save did: a verdict per person in the order of the request.
type SaveAnswer struct {
	People       []PersonVerdict `json:"people"`
	Work         int             `json:"work"`                   // how many workflows it starts or ends
	Confirmation MailID          `json:"confirmation,omitempty"` // the mail to the admin (R75)
}
