package templates

import (
	"io"
	"time"
)

// InboxPage is the list of the mails that the development catcher holds.
type InboxPage struct {
	Mails  []InboxMail // in any order; shown newest first
	Paused bool        // no refresh. The page links to itself with ?pause=1 and ?pause=0
}

// InboxMail is one line of the inbox.
type InboxMail struct {
	Open              string // the address of its MailView
	At                time.Time
	To, Subject, Kind string
}

// MailPage is one mail, with its text and its HTML.
type MailPage struct {
	Back              string // the address of the inbox
	At                time.Time
	To, Subject, Kind string
	Headers           []Header // as received, in order
	Text, HTML        string
}

// Header is one field of a mail's head.
type Header struct{ Name, Value string }

// The fields of the form of an InvitationPage.
const (
	FieldToken  = "token"
	FieldSignIn = "sign_in_email"
)

// InvitationPage shows what an invitation gives, with a form that registers. To show it changes nothing.
type InvitationPage struct {
	Organization string
	Support      string
	Access       []Access
	Expires      time.Time
	Propagation  time.Duration
	Action       string // where the form is posted
	Token        string // posted as FieldToken
	SignIn       string // fills FieldSignIn beforehand; "" is fine
	Problem      string // why the last attempt was not accepted; "": none
}

// NoticePage is a result or a refusal.
type NoticePage struct {
	Title, Message string
	Next           string // where to go on; "": nowhere
	Rule           string // the rule's id; "": none
	OK             bool
}

// Inbox writes the list of caught mails.
func Inbox(w io.Writer, p InboxPage) error { return errNotYet }

// MailView writes one caught mail.
func MailView(w io.Writer, p MailPage) error { return errNotYet }

// InvitationShow writes the page behind an invitation's link.
func InvitationShow(w io.Writer, p InvitationPage) error { return errNotYet }

// Notice writes a result or a refusal.
func Notice(w io.Writer, p NoticePage) error { return errNotYet }

// StyleHash returns the sources that a Content-Security-Policy's style-src needs for these pages, quotes included.
func StyleHash() string { return "" }
