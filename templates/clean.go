package templates

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"vlroles/licensing"
)

// lineColumns is the width of a text body. Within 78 columns it leaves room for a margin or the ">" of a
// reply.
const lineColumns = 76

// Line returns s as one line of data: without controls, without marks that reorder text or can't be seen, and
// with single spaces. It is the one place where names, addresses and reasons are made safe to show, in mails
// and on pages. Joiners stay, because names in several scripts need them. Text that shows nothing becomes "".
func Line(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '\u200c', r == '\u200d':
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co), strings.ContainsRune(blanks, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if !strings.ContainsFunc(s, isVisible) {
		return ""
	}
	return s
}

func isVisible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsMark(r) && !unicode.IsSpace(r) }

// Name returns a name as a line of at most [licensing.MaxName] characters.
func Name(s string) string { return Line(licensing.CleanName(Line(s))) }

// blanks are letters and symbols that show nothing: a name made of them would look like none.
const blanks = "\u115f\u1160\u2800\u3164\uffa0"

// truncate returns the name s, cut to a number of columns of a text body.
func truncate(limit int, s string) string {
	s = Name(s)
	if columns(s) <= limit {
		return s
	}
	used := 0
	for n, r := range s {
		if used += runeColumns(r); used > limit-1 {
			return strings.TrimSpace(s[:n]) + "…"
		}
	}
	return s
}

// columns counts the columns of a terminal that s takes: two for a wide character, none for a mark on the one
// before.
func columns(s string) (n int) {
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// layout gives a text body its final form: long lines are folded at spaces and keep their indentation,
// addresses of pages stay whole, and no two empty lines follow each other.
func layout(s string) string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		l = strings.TrimRight(l, " ")
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, fold(l)...)
	}
	return strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n"
}

func fold(l string) []string {
	if columns(l) <= lineColumns {
		return []string{l}
	}
	body := strings.TrimLeft(l, " ")
	indent := l[:len(l)-len(body)]
	hang := indent
	if strings.HasPrefix(body, "- ") {
		hang += "  "
	}
	var out []string
	line, used := indent, columns(indent)
	for n, word := range strings.Split(body, " ") {
		w := columns(word)
		switch {
		case n == 0:
			line, used = line+word, used+w
		case used+1+w <= lineColumns:
			line, used = line+" "+word, used+1+w
		default:
			out = append(out, line)
			line, used = hang+word, columns(hang)+w
		}
	}
	return append(out, line)
}

// pageURL reads the address of a page: absolute, http or https, plain ASCII, without a user name. The error
// doesn't repeat it, since a link is a secret.
func pageURL(what, s string) (string, error) {
	bad := func(why string) (string, error) { return "", fmt.Errorf("the %s %s", what, why) }
	foreign := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"'<>\\^`{|}", r) }
	if strings.ContainsFunc(s, foreign) {
		return bad("has a character that an address of a page can't have")
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return bad("is not an address of a page")
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("begins with neither http:// nor https://")
	case u.Hostname() == "":
		return bad("names no host")
	case u.User != nil:
		return bad("has a user name in it")
	}
	return u.String(), nil
}

// optionalURL is pageURL where there need not be one.
func optionalURL(what, s string) (string, error) {
	if s == "" {
		return "", nil
	}
	return pageURL(what, s)
}

// contact is whom to ask: Href is empty where Text is neither an address nor a page.
type contact struct{ Text, Href string }

// contactOf reads what a deployment says about its support. It never names a person by itself (R35).
func contactOf(s string) contact {
	s = Line(s)
	if s == "" {
		return contact{Text: "your organization's volume licensing administrator"}
	}
	if e, err := licensing.ParseEmail(s); err == nil {
		return contact{Text: s, Href: "mailto:" + url.PathEscape(string(e))}
	}
	if u, err := pageURL("support page", s); err == nil {
		return contact{Text: u, Href: u}
	}
	return contact{Text: s}
}

// sentence returns s as one line with a full stop, unless it ends in an address that a stop would spoil.
func sentence(s string) string {
	s = Line(s)
	last := s[strings.LastIndexByte(s, ' ')+1:]
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") || strings.ContainsAny(last, "@/") {
		return s
	}
	return s + "."
}

// message is sentence with a capital letter, for what stands alone.
func message(s string) string {
	s = sentence(s)
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
