// Package templates holds what people read: the mails, each as text and as HTML, and the pages of the invitation and of the
// development inbox. It turns data into words and knows no rules, no mail server and no HTTP.
//
// Data stays data. Every name, address and reason goes through [Line], which leaves one line that can't reorder its
// surroundings; HTML is escaped by html/template; the address of a page must be http or https. Nothing is fetched from
// anywhere: no images, scripts or fonts.
package templates

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"vlroles/licensing"
)

//go:embed mail/*.html mail/*.txt mail/*.css page/*.html page/*.css
var files embed.FS

var (
	mailStyle = stylesheet("mail/mail.css")
	pageStyle = stylesheet("page/page.css")
)

// words are what both kinds of template may say; everything that comes out is one clean line.
var words = map[string]any{
	"line":    Line,
	"name":    Name,
	"say":     say,
	"fit":     fit,
	"id":      func(l licensing.LicenseID) string { return Line(string(l)) },
	"until":   until,
	"from":    from,
	"second":  licensing.Clock,
	"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"period":  licensing.Period,
	"roles":   roleNames,
	"contact": contactOf,
	"plural":  plural,
	"rule":    func(s string) string { return strings.Repeat("-", columns(s)) },
}

var htmlWords = htmltemplate.FuncMap{
	"mailstyle": func() htmltemplate.CSS { return mailStyle },
	"pagestyle": func() htmltemplate.CSS { return pageStyle },
}

// letter is a mail's two templates.
type letter struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

var (
	welcomeLetter      = parseLetter("welcome", "invitation")
	reminderLetter     = parseLetter("reminder", "invitation")
	registeredLetter   = parseLetter("registered")
	changesLetter      = parseLetter("changes")
	confirmationLetter = parseLetter("confirmation")
	expiredLetter      = parseLetter("expired")
	forwardedLetter    = parseLetter("forwarded")
	handOverLetter     = parseLetter("handover")
)

// parseLetter reads mail/name and what it shares with others. It panics where a template is wrong, which shows at start.
func parseLetter(names ...string) letter {
	var html, text []string
	for _, n := range append([]string{"base"}, names...) {
		html, text = append(html, "mail/"+n+".html"), append(text, "mail/"+n+".txt")
	}
	return letter{
		html: htmltemplate.Must(htmltemplate.New("mail").Funcs(words).Funcs(htmlWords).ParseFS(files, html...)),
		text: texttemplate.Must(texttemplate.New("mail").Funcs(words).Option("missingkey=error").ParseFS(files, text...)),
	}
}

func parsePage(name string) *htmltemplate.Template {
	return htmltemplate.Must(htmltemplate.New("page").Funcs(words).Funcs(htmlWords).ParseFS(files, "page/base.html", "page/"+name+".html"))
}

func stylesheet(name string) htmltemplate.CSS {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return htmltemplate.CSS("\n" + string(b))
}

// write renders both bodies of a mail.
func (l letter) write(subject string, body any) (Mail, error) {
	data := struct {
		Subject string
		Body    any
	}{subject, body}
	var html, text bytes.Buffer
	if err := l.html.ExecuteTemplate(&html, "mail", data); err != nil {
		return Mail{}, fmt.Errorf("write the mail as HTML: %w", err)
	}
	if err := l.text.ExecuteTemplate(&text, "mail", data); err != nil {
		return Mail{}, fmt.Errorf("write the mail as text: %w", err)
	}
	return Mail{Subject: subject, Text: layout(text.String()), HTML: html.String()}, nil
}

const clock = "2 January 2006, 15:04 UTC"

// until writes the end of a period as people read it: "2 December 2026, 09:00 UTC", never later than it is.
func until(t time.Time) string { return t.UTC().Format(clock) }

// from writes the begin of a period as people read it, never earlier than it is.
func from(t time.Time) string {
	if m := t.Truncate(time.Minute); m.Before(t) {
		t = m.Add(time.Minute)
	}
	return t.UTC().Format(clock)
}

// day writes a date as people read it: "2 December 2026".
func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// roleNames lists roles by name, in the order in which people see them everywhere.
func roleNames(in []licensing.Role) string {
	var names []string
	for _, r := range licensing.SortRoles(in) {
		name := r.Info().Name
		if name == "" {
			name = Line(string(r))
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
