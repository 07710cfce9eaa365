package licensing

import (
	"slices"
	"time"
)

// InvitationState is where an invitation stands.
type InvitationState string

// The states of an invitation.
const (
	InvitationNone      InvitationState = ""
	InvitationOpen      InvitationState = "open"
	InvitationAccepted  InvitationState = "accepted"
	InvitationExpired   InvitationState = "expired"
	InvitationFailed    InvitationState = "failed" // the mail was refused; the link works
	InvitationCancelled InvitationState = "cancelled"
)

var invitationNext = map[InvitationState][]InvitationState{
	InvitationNone: {InvitationOpen},
	InvitationOpen: {InvitationOpen, InvitationAccepted, InvitationExpired, InvitationFailed,
		InvitationCancelled},
	InvitationFailed:  {InvitationOpen, InvitationAccepted, InvitationExpired, InvitationCancelled},
	InvitationExpired: {InvitationOpen, InvitationCancelled},
}

// May says whether an invitation in state s may go to state next. Accepted and cancelled are final: a new
// invitation is another row. Open → open is a reset.
func (s InvitationState) May(next InvitationState) bool {
	return slices.Contains(invitationNext[s], next)
}

// At returns where an invitation that ends at expires stands now: from then on nobody can accept it, though
// its timer may be a moment late (R56).
func (s InvitationState) At(expires, now time.Time) InvitationState {
	if s == InvitationOpen && !now.Before(expires) {
		return InvitationExpired
	}
	return s
}

// Invitation is what the rules need to know of one.
type Invitation struct {
	State      InvitationState
	Moves      bool // by the link that is used, what a contract gave goes to whoever registers (R28)
	Generation int
	ExpiresAt  time.Time
	LastSentAt time.Time // when it was last sent or queued: the start of the cool-down
	SignIn     Email     // of the addressee
	ObjectID   ObjectID  // of the addressee, where the directory knows the person
	Left       bool      // the addressee was in the tenant and has left it
}

const alreadyRegistered = "the person has already registered, so no invitation is needed"

// NotInvited refuses a command on an invitation of a person who has none.
func NotInvited() *Error { return Refuse(Conflict, "R58", "the person has no invitation") }

// MayResend says whether the same link may be mailed again now: in status Invitation sent, after the
// cool-down (R58).
func MayResend(i Invitation, now time.Time, p Policy) error {
	switch {
	case i.State == InvitationAccepted:
		return Refuse(Conflict, "R62", alreadyRegistered)
	case i.State == InvitationExpired, i.State == InvitationOpen && !now.Before(i.ExpiresAt):
		return Refuse(Conflict, "R58", "the invitation has expired: reset it")
	case i.State == InvitationFailed:
		return Refuse(Conflict, "R58", "the recipient's mail server refused the email: "+
			"correct the business email, then reset the invitation")
	case i.State != InvitationOpen:
		return Refuse(Conflict, "R58", "there is no open invitation: assign roles to invite the person")
	}
	return i.coolDown(now, p, "resend")
}

// coolDown refuses to mail an invitation again that was mailed a moment ago (R58).
func (i Invitation) coolDown(now time.Time, p Policy, verb string) error {
	next := i.LastSentAt.Add(p.ResendEvery)
	if !now.Before(next) {
		return nil
	}
	e := Refuse(Locked, "R58", "the invitation was sent recently; you can %s it after %s", verb, Clock(next))
	e.Until = next
	return e
}

// MayReset says whether a new link may replace the old one: in status Invitation sent, after the cool-down, and
// at once in status Invitation expired or Failed, where the last mail is long ago or never arrived (R58).
func MayReset(i Invitation, now time.Time, p Policy) error {
	switch {
	case i.State == InvitationAccepted:
		return Refuse(Conflict, "R62", alreadyRegistered)
	case !i.State.May(InvitationOpen) || i.State == InvitationNone:
		return Refuse(Conflict, "R58", "there is no invitation to reset: assign roles to invite the person")
	case i.State == InvitationOpen && now.Before(i.ExpiresAt):
		return i.coolDown(now, p, "reset")
	}
	return nil
}

// MayInvite says whether the person may be sent an invitation, the same or a new one: nobody who has
// registered (R62), and nobody who is missing from the directory (R57).
func MayInvite(p Person) error {
	if p.Registered() {
		return Refuse(Conflict, "R62", alreadyRegistered)
	}
	if err := mayReach(p); err != nil {
		return err
	}
	return nil
}

// Command is an admin's command for one user's invitation.
type Command struct {
	Request RequestID `json:"request"`
	Org     OrgID     `json:"org"`
	User    UserID    `json:"user"`
	By      UserID    `json:"by"`
}

// Withdrawal is the answer to a cancel: on how many License IDs the pending roles were removed, and on how
// many they remain because other admins gave them.
type Withdrawal struct {
	Withdrawn int  `json:"withdrawn"`
	Remaining int  `json:"remaining"`
	Ended     bool `json:"ended"` // the invitation has ended, and its links stopped working (R82)
}

// InvitationLine is the state of a user's invitation.
type InvitationLine struct {
	ID         InvitationID    `json:"id"`
	State      InvitationState `json:"state"`
	Generation int             `json:"generation"`
	ExpiresAt  time.Time       `json:"expires_at"`
	Delivery   Delivery        `json:"delivery,omitempty"`
	Reason     string          `json:"reason,omitempty"` // failed: why
}

// InvitationView is what the page behind an invitation's link shows. It names nobody (R35).
type InvitationView struct {
	Organization string          `json:"organization"`
	State        InvitationState `json:"state"`
	Generation   int             `json:"generation"`
	ExpiresAt    time.Time       `json:"expires_at"`
	Access       []AccessEntry   `json:"access,omitempty"` // what registering gives; none after the end
}

// InvitationRun is one generation of an invitation, as its run needs it.
type InvitationRun struct {
	Invitation InvitationID `json:"invitation"`
	Generation int          `json:"generation"`
	ExpiresAt  time.Time    `json:"expires_at"`
	RemindAt   time.Time    `json:"remind_at,omitzero"`
	Mail       MailID       `json:"mail,omitempty"` // the mail to send now
	Also       []MailID     `json:"also,omitempty"` // and besides: each address has a link of its own (R28)
}

// Channels returns to which addresses an invitation is mailed, each with a link of its own (R28, R48): to
// every address on a contract that gave something that waits; and where an admin gave something as well, to
// the person's business email, which stands as "", unless that is one of those addresses.
func Channels(business Email, waiting []Grant) []Email {
	var out []Email
	own := len(waiting) == 0
	add := func(e Email) {
		same := func(o Email) bool { return o.Key() == e.Key() }
		if !slices.ContainsFunc(out, same) {
			out = append(out, e)
		}
	}
	for _, g := range waiting {
		if g.Contract != "" {
			add(g.Contract)
		}
		own = own || g.Contract == ""
	}
	if own && !slices.ContainsFunc(out, func(o Email) bool { return o.Key() == business.Key() }) {
		out = append(out, "")
	}
	return out
}

// InvitationStatus is the state of an invitation, for those who send commands to its run.
type InvitationStatus struct {
	Org   OrgID
	User  UserID
	State InvitationState
	Run   InvitationRun // without a mail
}

// MayCancel says whether an invitation in this state may be taken back: not when
// the person has registered (R62, R82).
func MayCancel(s InvitationState, p Person) error {
	if s == InvitationAccepted || p.Registered() {
		return Refuse(Conflict, "R62", "the person has registered already: remove the roles instead")
	}
	return nil
}
