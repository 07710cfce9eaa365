package templates

import (
	"errors"
	"fmt"
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
	Forwardable bool          // whoever gets the mail may register instead (R28)
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

// Expired tells the inviting admin that a person has not registered in time (R56).
type Expired struct {
	Common
	Person string
	Email  licensing.Email
	Access []Access
	Portal string // "": no link is shown
}

// Forwarded tells the addressee of a forwardable invitation that somebody else registered with it (R28). It names nobody
// (R35).
type Forwarded struct {
	Common
	Licenses []licensing.LicenseID // whose roles the other person has now
}

// HandOver asks a successor to agree that Administrator is handed over (R30, R32). It names nobody (R35).
type HandOver struct {
	Common
	Licenses []licensing.LicenseID
	Portal   string // "": no link is shown
}

// The subjects that RULES.md gives.
const (
	welcomeSubject    = "Action required: Sign in to manage your volume licensing assets" // R73
	registeredSubject = "Registration successful: Welcome to Microsoft admin center"      // R74
	changesSubject    = "Permission changes for Microsoft Volume Licensing contracts"     // R70
	expiredSubject    = "An invitation to volume licensing has expired"                   // R56
	handOverSubject   = "Volume licensing administration is to be handed over to you"     // R32
	forwardedSubject  = "Your volume licensing invitation was used by somebody else"      // R28
)

// Mail writes the invitation. It refuses one without a link to a page or without an end.
func (m Welcome) Mail() (Mail, error) {
	if err := m.check(); err != nil {
		return Mail{}, fmt.Errorf("write the welcome mail: %w", err)
	}
	return welcomeLetter.write(welcomeSubject, m)
}

// Mail writes the reminder. It refuses what Welcome refuses.
func (m Reminder) Mail() (Mail, error) {
	if err := m.check(); err != nil {
		return Mail{}, fmt.Errorf("write the reminder: %w", err)
	}
	return reminderLetter.write("Reminder: your volume licensing invitation ends on "+day(m.Expires), m)
}

func (m *Welcome) check() (err error) {
	if m.Expires.IsZero() {
		return errors.New("it is not known until when the link works")
	}
	m.Link, err = pageURL("link", m.Link)
	return err
}

// Mail writes the confirmation of a registration.
func (m Registered) Mail() (_ Mail, err error) {
	if m.Portal, err = optionalURL("portal", m.Portal); err != nil {
		return Mail{}, fmt.Errorf("write the registration mail: %w", err)
	}
	return registeredLetter.write(registeredSubject, m)
}

// Mail writes the notice of changed permissions.
func (m Changes) Mail() (_ Mail, err error) {
	if m.Portal, err = optionalURL("portal", m.Portal); err != nil {
		return Mail{}, fmt.Errorf("write the permission-changes mail: %w", err)
	}
	return changesLetter.write(changesSubject, m)
}

// Mail writes the notice of an expired invitation.
func (m Expired) Mail() (_ Mail, err error) {
	if m.Portal, err = optionalURL("portal", m.Portal); err != nil {
		return Mail{}, fmt.Errorf("write the notice of an expired invitation: %w", err)
	}
	return expiredLetter.write(expiredSubject, m)
}

// Mail writes the notice of a forwarded invitation that was accepted.
func (m Forwarded) Mail() (Mail, error) { return forwardedLetter.write(forwardedSubject, m) }

// Mail writes the request to a successor.
func (m HandOver) Mail() (_ Mail, err error) {
	if m.Portal, err = optionalURL("portal", m.Portal); err != nil {
		return Mail{}, fmt.Errorf("write the hand-over mail: %w", err)
	}
	return handOverLetter.write(handOverSubject, m)
}
