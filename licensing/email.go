package licensing

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"
)

// Email is an address as its owner writes it. Compare [Email.Key]s, never Emails.
type Email string

// Key returns the form in which addresses are compared and indexed: in lower case, with plus signs and dots
// kept (R66).
func (e Email) Key() string { return strings.ToLower(string(e)) }

// Domain returns the part behind the @ in lower case.
func (e Email) Domain() string {
	k := e.Key()
	return k[strings.LastIndexByte(k, '@')+1:]
}

// ParseEmail reads a bare address (R66): local part up to 64 bytes, 254 in all, ASCII, a domain with a dot.
// It returns an Invalid *Error that doesn't repeat the input.
func ParseEmail(s string) (Email, error) {
	s = strings.TrimSpace(s)
	bad := func(why string) (Email, error) { return "", Refuse(Invalid, "R66", "%s", why) }
	if s == "" {
		return bad("an email address is required")
	}
	if len(s) > 254 {
		return bad("the email address is longer than 254 characters")
	}
	for i := 0; i < len(s); i++ {
		if s[i] > unicode.MaxASCII {
			return bad("the email address has non-ASCII characters; use the xn-- form of its domain")
		}
		if s[i] <= ' ' || s[i] == 0x7f || strings.IndexByte(`"(),:;<>[\]`, s[i]) >= 0 {
			return bad("the email address has a character that isn't allowed")
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return bad("enter a valid email address, such as name@example.com")
	}
	at := strings.LastIndexByte(s, '@')
	if at > 64 {
		return bad("the email address has more than 64 characters before the @")
	}
	labels := strings.Split(s[at+1:], ".")
	if len(labels) < 2 {
		return bad("the domain of the email address needs a dot, as in name@example.com")
	}
	top := labels[len(labels)-1]
	isNumber := strings.Trim(top, "0123456789") == ""
	if isNumber || slices.ContainsFunc(labels, func(l string) bool { return !isLabel(l) }) {
		return bad("the email address has an invalid domain")
	}
	return Email(s), nil
}

func isLabel(l string) bool {
	if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	for i := 0; i < len(l); i++ {
		c := l[i] | 0x20
		if (c < 'a' || c > 'z') && (l[i] < '0' || l[i] > '9') && l[i] != '-' {
			return false
		}
	}
	return true
}
