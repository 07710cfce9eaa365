package templates

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"slices"
	texttemplate "text/template"
	"time"

	"vlroles/licensing"
)

// Mail is a mail as it is sent: the text and the HTML body say the same. The subject is one line.
type Mail struct{ Subject, Text, HTML string }

// Letterhead is what a deployment puts on its mails.
type Letterhead struct {
	Support     string        // whom to ask: an address, a page or words; "": the organization's admin
	Portal      string        // where people with a profile go; "": no link is shown
	LinkBase    string        // an invitation's link is this with the token behind it
	Propagation time.Duration // from registration to access

	// Token makes the secret part of an invitation's link, as [licensing.LinkKeys.Token] does.
	Token func(t licensing.Ticket, keyID string) (string, error)
}

// content is what the templates of a mail are given.
type content struct {
	licensing.MailJob
	Letterhead
	Link string // registers the reader; set by writeInvitation
}

// Write writes the mail of any kind. It returns an error for a kind that the table doesn't have, for a
// letterhead whose portal is no address of a page, and for an invitation without an end or a link. The error
// doesn't repeat the link, since that is a secret. Names may hold anything: they are shown on one line, as
// data.
func Write(job licensing.MailJob, l Letterhead) (Mail, error) {
	n := slices.IndexFunc(kinds, func(k Kind) bool { return k.Kind == job.Kind })
	if n < 0 {
		return Mail{}, fmt.Errorf("write mail: there is no kind %q", job.Kind)
	}
	var err error
	if l.Portal, err = optionalURL("portal", l.Portal); err != nil {
		return Mail{}, fmt.Errorf("write mail of kind %s: %w", job.Kind, err)
	}
	m, err := kinds[n].write(kinds[n].template, content{MailJob: job, Letterhead: l})
	if err != nil {
		return Mail{}, fmt.Errorf("write mail of kind %s: %w", job.Kind, err)
	}
	return m, nil
}

// writeContent writes a mail whose templates need the content as it is.
func writeContent(t mailTemplate, c content) (Mail, error) { return t.write(c) }

// writeInvitation writes a mail with a link that registers.
func writeInvitation(t mailTemplate, c content) (Mail, error) {
	if c.Expires.IsZero() {
		return Mail{}, errors.New("the invitation has no end")
	}
	token, err := c.Token(licensing.Ticket{Invitation: c.Invitation, Generation: c.Generation, Link: c.MailJob.Link},
		c.KeyID)
	if err != nil {
		return Mail{}, fmt.Errorf("make the link: %w", err)
	}
	if c.Link, err = pageURL("link", c.LinkBase+token); err != nil {
		return Mail{}, err
	}
	return t.write(c)
}

// mailTemplate is the two templates of a mail. The text one holds the subject too.
type mailTemplate struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

// parseMail reads the templates of a mail by name, and those that all mails share. It panics where one is
// missing or wrong, which shows at start.
func parseMail(subject string, names ...string) mailTemplate {
	var html, text []string
	for _, n := range append([]string{"base"}, names...) {
		html, text = append(html, "mail/"+n+".html"), append(text, "mail/"+n+".txt")
	}
	t := mailTemplate{
		html: htmltemplate.New("mail").Funcs(words).Funcs(htmlWords),
		text: texttemplate.New("mail").Funcs(words).Option("missingkey=error"),
	}
	htmltemplate.Must(t.html.ParseFS(files, html...))
	texttemplate.Must(t.text.ParseFS(files, text...))
	texttemplate.Must(t.text.New("subject").Parse(subject))
	return t
}

// write renders the subject and both bodies of a mail from a content, or from what embeds one.
func (t mailTemplate) write(body any) (Mail, error) {
	var subject, html, text bytes.Buffer
	if err := t.text.ExecuteTemplate(&subject, "subject", body); err != nil {
		return Mail{}, fmt.Errorf("write the subject: %w", err)
	}
	data := struct {
		Subject string
		Body    any
	}{Line(subject.String()), body}
	if err := t.html.ExecuteTemplate(&html, "mail", data); err != nil {
		return Mail{}, fmt.Errorf("write the HTML body: %w", err)
	}
	if err := t.text.ExecuteTemplate(&text, "mail", data); err != nil {
		return Mail{}, fmt.Errorf("write the text body: %w", err)
	}
	return Mail{Subject: data.Subject, Text: layout(text.String()), HTML: html.String()}, nil
}
