package smtp

import (
	netmail "net/mail"
	"strings"

	"github.com/wneessen/go-mail"

	"vlroles/activities"
	"vlroles/licensing"
)

// compose makes the message. Names and subject lose what could break a header; an address that can't be one
// is an error.
func (s *Relay) compose(l activities.Message) (*mail.Msg, error) {
	if _, err := licensing.ParseEmail(l.To); err != nil {
		return nil, err
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	// Not the library's FromFormat and AddToFormat: they paste the name between quotes, and a quote in it is
	// lost or fails.
	m.FromMailAddress(&netmail.Address{Name: header(s.c.FromName), Address: s.c.From})
	m.ToMailAddress(&netmail.Address{Name: header(l.ToName), Address: l.To})
	if s.c.ReplyTo != "" {
		m.ReplyToMailAddress(&netmail.Address{Address: s.c.ReplyTo})
	}
	m.SetMessageIDWithValue(l.ID)
	m.SetDate()
	m.Subject(header(l.Subject))
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetBodyString(mail.TypeTextPlain, l.Text)
	m.AddAlternativeString(mail.TypeTextHTML, l.HTML)
	return m, nil
}

// header makes a text fit for a header: one line, and nothing that a reader decodes into something else.
func header(s string) string { return strings.ReplaceAll(licensing.CleanName(s), "=?", "= ?") }
