package activities

import (
	"regexp"
	"strings"
	"unicode"
)

// maxReason is the length of the longest reason that others may give, in characters.
const maxReason = 300

// addresses finds email addresses, written plainly or as in a URL.
var addresses = regexp.MustCompile(`[^\s<>"(),;:=\[\]]+(@|%40)[^\s<>"(),;:=\[\]]+`)

// OneLine makes a text of others fit for a log, a history and a page: no email addresses, no line breaks,
// nothing that reorders text, at most 300 characters.
func OneLine(s string) string {
	s = strings.Map(printable, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(addresses.ReplaceAllString(s, "[address]")), " ")
	if r := []rune(s); len(r) > maxReason {
		s = string(r[:maxReason-1]) + "…"
	}
	return s
}

// printable makes every space a plain one and drops what can't be printed.
func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return -1
	}
	return r
}
