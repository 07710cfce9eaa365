package licensing

import (
	"slices"
	"strconv"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// InvitationState is where an invitation stands.
type InvitationState string

// The states of an invitation.
const (
	NotInvited          InvitationState = ""
	InvitationOpen      InvitationState = "open"
	InvitationAccepted  InvitationState = "accepted"
	InvitationLapsed    InvitationState = "expired"
	InvitationRefused   InvitationState = "failed" // its mail can't be delivered; a link that was seen all the same works
	InvitationCancelled InvitationState = "cancelled"
)

var invitationNext = map[InvitationState][]InvitationState{
	NotInvited:        {InvitationOpen},
	InvitationOpen:    {InvitationOpen, InvitationAccepted, InvitationLapsed, InvitationRefused, InvitationCancelled},
	InvitationRefused: {InvitationOpen, InvitationAccepted, InvitationLapsed, InvitationCancelled},
	InvitationLapsed:  {InvitationOpen, InvitationCancelled},
}

// May says whether an invitation in state s may go to state next. Accepted and cancelled are ends: a new invitation is
// another row. Open → open is a reset.
func (s InvitationState) May(next InvitationState) bool {
	return slices.Contains(invitationNext[s], next)
}

// Binding says who may accept an invitation (R28).
type Binding string

// The bindings.
const (
	Bound       Binding = "bound"       // added by an admin: only the sign-in e-mail named
	Forwardable Binding = "forwardable" // a contract's contact: whoever receives the mail
)

// Invitation is what the rules need to know of one.
type Invitation struct {
	State      InvitationState
	Binding    Binding
	Generation int
	ExpiresAt  time.Time
	LastSentAt time.Time // when it was last sent or asked to be; the cool-down counts from here
	SignIn     Email     // of the addressee
	ObjectID   ObjectID  // of the addressee, where the directory knows the person
	Left       bool      // the addressee was in the tenant and has left it
}

// Identity is who registers: what the identity provider vouches for.
type Identity struct {
	Email    Email    `json:"email"`
	ObjectID ObjectID `json:"object_id,omitempty"`
	Name     string   `json:"name,omitempty"`
}

// Check returns the identity in canonical form, or an Invalid *Error: a profile needs a sign-in e-mail (R66), even where
// whoever holds the link may register (R28). A name that can't be shown is left out.
func (i Identity) Check() (Identity, error) {
	e, err := ParseEmail(string(i.Email))
	if err != nil {
		return i, err.(*Error).In("email")
	}
	if !i.ObjectID.printable() {
		return i, Refuse(Invalid, "R47", "the object id has at most 128 printable ASCII characters").In("object_id")
	}
	i.Email, i.Name = e, CleanName(i.Name)
	return i, nil
}

// Addresses says whether the identity is the addressee's: by object id where both have one, else by sign-in e-mail (R47).
func (i Invitation) Addresses(who Identity) bool {
	if i.ObjectID != "" && who.ObjectID != "" {
		return i.ObjectID == who.ObjectID
	}
	return i.SignIn.Key() == who.Email.Key()
}

// MayRegister says whether the identity may accept generation gen of the invitation now, first come first served
// (R28, R29, R47, R56, R58, R82, R84). A refusal names nobody (R35).
func MayRegister(i Invitation, who Identity, gen int, now time.Time) error {
	switch {
	case i.State == InvitationAccepted:
		return Refuse(Gone, "R29", "this invitation has been used already: if you did not use it, ask the person who invited you")
	case i.State == InvitationCancelled:
		return Refuse(Gone, "R82", "this invitation was withdrawn: ask the person who invited you")
	case gen != i.Generation:
		return Refuse(Gone, "R58", "this link was replaced by a newer one: use the link of the latest mail")
	case i.State == InvitationLapsed, !now.Before(i.ExpiresAt):
		return Refuse(Gone, "R56", "this invitation has expired: ask the person who invited you to reset it")
	case i.State != InvitationOpen && i.State != InvitationRefused:
		return Refuse(NotFound, "R28", "there is no such invitation: open the link of the mail again, or ask for a new one")
	case i.Left && (i.Binding == Bound || i.Addresses(who)):
		return Refuse(Forbidden, "R84", "this invitation is for somebody who is no longer in the organization's directory: ask the person who invited you")
	case i.Binding == Forwardable && !i.Addresses(who):
		return nil
	case i.ObjectID != "" && who.ObjectID != "" && i.ObjectID != who.ObjectID:
		return Refuse(Forbidden, "R47", "this invitation is for another account: sign in with the account that was invited")
	case !i.Addresses(who):
		return Refuse(Forbidden, "R28", "this invitation is for another sign-in e-mail: sign in with the account that was invited")
	}
	return nil
}

// MayResend says whether the same link may be mailed again now: while Invitation sent, after the cool-down (R58).
func MayResend(i Invitation, now time.Time, p Policy) error {
	switch {
	case i.State == InvitationAccepted:
		return Refuse(Conflict, "R62", "the person has registered already: no invitation is needed")
	case i.State == InvitationLapsed, i.State == InvitationOpen && !now.Before(i.ExpiresAt):
		return Refuse(Conflict, "R58", "the invitation has expired: reset it")
	case i.State == InvitationRefused:
		return Refuse(Conflict, "R58", "the mail was refused by the receiving server: correct the business e-mail, then reset the invitation")
	case i.State != InvitationOpen:
		return Refuse(Conflict, "R58", "there is no open invitation: assign roles to invite the person")
	}
	if next := i.LastSentAt.Add(p.ResendEvery); now.Before(next) {
		e := Refuse(Locked, "R58", "the invitation was sent a short while ago: it can be sent again from %s on", Clock(next))
		e.Until = next
		return e
	}
	return nil
}

// MayReset says whether a new link may replace the old one: from Invitation sent, Invitation expired and Failed (R58).
func MayReset(i Invitation) error {
	switch {
	case i.State == InvitationAccepted:
		return Refuse(Conflict, "R62", "the person has registered already: no invitation is needed")
	case !i.State.May(InvitationOpen) || i.State == NotInvited:
		return Refuse(Conflict, "R58", "there is no invitation to reset: assign roles to invite the person")
	}
	return nil
}

// Clock writes a time as people read it, in UTC: "2026-11-23 18:04 UTC", with seconds where they matter.
func Clock(t time.Time) string {
	t = t.UTC()
	if t.Second() == 0 {
		return t.Format("2006-01-02 15:04 UTC")
	}
	return t.Format("2006-01-02 15:04:05 UTC")
}
