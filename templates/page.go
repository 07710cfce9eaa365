package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"vlroles/licensing"
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
	Access       []licensing.AccessEntry
	Expires      time.Time
	Propagation  time.Duration // from registration to access; 0: not said
	Action       string        // where the form is posted; "": to the page's own address
	Token        string        // posted as FieldToken
	SignIn       string        // fills FieldSignIn beforehand; "" is fine
	Problem      error         // why the last attempt was not accepted; nil: none
}

// NoticePage is a result, or a refusal with its [Explain].
type NoticePage struct {
	Title, Message string
	Next           string // where to go on; "": nowhere
	OK             bool
}

// Explain says to a person on a page why something was not done: the sentence of a [licensing.Error], without
// its field and its rule. It hides what any other error says. It returns "" for nil.
func Explain(err error) string {
	var refusal *licensing.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.Message
	}
	return "Something went wrong. Try again later."
}

var (
	inboxPage      = parsePage("inbox")
	mailPage       = parsePage("mail")
	invitationPage = parsePage("invitation")
	noticePage     = parsePage("notice")
)

// Inbox writes the list of caught mails.
func Inbox(w io.Writer, p InboxPage) error {
	for _, m := range p.Mails {
		if err := localURL("mail's page", m.Open); err != nil {
			return fmt.Errorf("write the inbox: %w", err)
		}
	}
	newest := func(a, b InboxMail) int { return b.At.Compare(a.At) }
	p.Mails = slices.SortedStableFunc(slices.Values(p.Mails), newest)
	return render(w, inboxPage, "the inbox", p)
}

// MailView writes one caught mail. Its HTML is in a sandbox, where nothing runs and no link works; the links
// of the text body are listed above it.
func MailView(w io.Writer, p MailPage) error {
	if err := localURL("inbox's address", p.Back); err != nil {
		return fmt.Errorf("write a mail's page: %w", err)
	}
	return render(w, mailPage, "a mail's page", struct {
		MailPage
		Links []string
	}{p, links(p.Text)})
}

// InvitationShow writes the page behind an invitation's link.
func InvitationShow(w io.Writer, p InvitationPage) error {
	if err := localURL("form's address", p.Action); err != nil {
		return fmt.Errorf("write the invitation's page: %w", err)
	}
	return render(w, invitationPage, "the invitation's page", struct {
		InvitationPage
		Problem, TokenField, SignInField string
	}{p, Explain(p.Problem), FieldToken, FieldSignIn})
}

// Notice writes a result or a refusal.
func Notice(w io.Writer, p NoticePage) error {
	if err := localURL("next address", p.Next); err != nil {
		return fmt.Errorf("write a notice: %w", err)
	}
	return render(w, noticePage, "a notice", p)
}

// StyleHash returns what a Content-Security-Policy's style-src must allow for these pages and for the mails
// that MailView shows, in quotes and separated by a space: 'sha256-…' 'sha256-…'.
func StyleHash() string { return styleHash(pageStyle) + " " + styleHash(mailStyle) }

// CSP returns the Content-Security-Policy under which the pages work: nothing is loaded, forms go to the same
// origin.
func CSP() string {
	return "default-src 'none'; style-src " + StyleHash() +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

func styleHash(css htmltemplate.CSS) string {
	sum := sha256.Sum256([]byte(css))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// render writes the whole page, or nothing and an error.
func render(w io.Writer, t *htmltemplate.Template, what string, data any) error {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page", data); err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// localURL lets pass an address on the same host ("/mail/7"), a page elsewhere, or none.
func localURL(what, s string) error {
	if s == "" || strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.Contains(s, `\`) {
		if _, err := url.Parse(s); err == nil {
			return nil
		}
	}
	_, err := pageURL(what, s)
	return err
}

// links returns the addresses of pages that stand on a line of their own.
func links(text string) (out []string) {
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if u, err := pageURL("link", l); err == nil && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}
