// Package templates holds what people read: the mails, each as text and as HTML, and the pages of the
// invitation and of the development inbox. It turns data into words and knows no rules, no mail server and no
// HTTP. The table of mails is in kinds.go; [Write] writes any of them.
//
// Data stays data. Every name, address and reason goes through [Line], which leaves one line that can't
// reorder its surroundings; HTML is escaped by html/template; the address of a page must be http or https.
// Nothing is fetched from anywhere: no images, scripts or fonts.
package templates

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"time"

	"vlroles/licensing"
)

//go:embed mail/*.html mail/*.txt mail/*.css page/*.html page/*.css
var files embed.FS

var (
	mailStyle = stylesheet("mail/mail.css")
	pageStyle = stylesheet("page/page.css")
)

// words are the functions that mails and pages may use; everything that they return is one clean line.
var words = map[string]any{
	"line":      Line,
	"name":      Name,
	"message":   message,
	"truncate":  truncate,
	"licenseID": func(l licensing.LicenseID) string { return Line(string(l)) },
	"startTime": startTime,
	"endTime":   endTime,
	"day":       day,
	"seconds":   licensing.Clock,
	"rfc3339":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"duration":  licensing.Period,
	"left":      left,
	"roles":     roleNames,
	"contact":   contactOf,
	"plural":    plural,
	"underline": func(s string) string { return strings.Repeat("-", columns(s)) },
}

var htmlWords = htmltemplate.FuncMap{
	"mailstyle": func() htmltemplate.CSS { return mailStyle },
	"pagestyle": func() htmltemplate.CSS { return pageStyle },
}

func parsePage(name string) *htmltemplate.Template {
	t := htmltemplate.New("page").Funcs(words).Funcs(htmlWords)
	return htmltemplate.Must(t.ParseFS(files, "page/base.html", "page/"+name+".html"))
}

func stylesheet(name string) htmltemplate.CSS {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return htmltemplate.CSS("\n" + string(b))
}

const clock = "2 January 2006, 15:04 UTC"

// endTime writes the end of a period as people read it: "2 December 2026, 09:00 UTC". It is never later than
// t.
func endTime(t time.Time) string { return t.UTC().Format(clock) }

// startTime writes the beginning of a period as people read it. It is never earlier than t.
func startTime(t time.Time) string {
	if m := t.Truncate(time.Minute); m.Before(t) {
		t = m.Add(time.Minute)
	}
	return t.UTC().Format(clock)
}

// left writes how long something is still possible, to the nearest day, hour or minute: "3 days". It is empty
// where that is not known.
func left(d time.Duration) string {
	switch {
	case d >= 36*time.Hour:
		d = d.Round(24 * time.Hour)
	case d >= time.Hour:
		d = d.Round(time.Hour)
	default:
		d = d.Round(time.Minute)
	}
	if d <= 0 {
		return ""
	}
	return licensing.Period(d)
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
