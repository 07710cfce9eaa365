package templates

import (
	"errors"
	"time"

	"vlroles/licensing"
)

// Mail is a mail as it is sent: the text and the HTML body say the same. The subject is one line.
type Mail struct{ Subject, Text, HTML string }

// Access is what a person gets on one License ID.
type Access struct {
	License licensing.LicenseID
	Roles   []licensing.Role
	DueAt   time.Time // when it takes effect; zero: not known
}

// Change is what changes for a person on one License ID: removed roles have ended, added ones wait until DueAt.
type Change struct {
	License        licensing.LicenseID
	Added, Removed []licensing.Role
	DueAt          time.Time // when the added roles take effect; zero: not known
}

// Common is what every mail needs. Names may hold anything: they are shown on one line, as data.
type Common struct {
	Name         string // the recipient
	Organization string
	Support      string // whom to ask, as people read it: an address, a page or words
}

// Welcome invites a person to register (R73). It names no admin (R35).
type Welcome struct {
	Common
	Link        string // required
	Expires     time.Time
	InviteFor   time.Duration // the period that ends at Expires, to be said in words; 0: only Expires is said
	Access      []Access
	Propagation time.Duration // from registration to access
}

// Reminder says in the last days that an invitation is still open. It holds what the Welcome held.
type Reminder struct{ Welcome }

// Registered confirms a registration (R74).
type Registered struct {
	Common
	Portal string // "": no link is shown
	Access []Access
}

// Changes tells a registered person what one save changed (R70).
type Changes struct {
	Common
	Portal  string // "": no link is shown
	Changes []Change
}

// Confirmation tells an admin what a save did with each person (R75).
type Confirmation struct {
	Common
	Request licensing.RequestID
	Portal  string // "": no link is shown
	People  []ConfirmedPerson
}

// ConfirmedPerson is one person of a save.
type ConfirmedPerson struct {
	Name     string
	Email    licensing.Email
	Refused  string // the person as a whole was refused: why
	Verdicts []licensing.Verdict
}

// Expired tells the inviting admin that a person has not registered in time (R56).
type Expired struct {
	Common
	Person string
	Email  licensing.Email
	Access []Access
	Portal string // "": no link is shown
}

var errNotYet = errors.New("this mail is not written yet")

// Mail writes the invitation.
func (m Welcome) Mail() (Mail, error) { return Mail{}, errNotYet }

// Mail writes the reminder.
func (m Reminder) Mail() (Mail, error) { return Mail{}, errNotYet }

// Mail writes the confirmation of a registration.
func (m Registered) Mail() (Mail, error) { return Mail{}, errNotYet }

// Mail writes the notice of changed permissions.
func (m Changes) Mail() (Mail, error) { return Mail{}, errNotYet }

// Mail writes the confirmation of a save.
func (m Confirmation) Mail() (Mail, error) { return Mail{}, errNotYet }

// Mail writes the notice of an expired invitation.
func (m Expired) Mail() (Mail, error) { return Mail{}, errNotYet }
