package licensing

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"
)

// Email is an address as its owner writes it. Compare [Email.Key]s, never Emails.
type Email string

// Key returns the form in which addresses are compared and indexed: without case; plus and dots are kept (R66).
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
	bad := func(why string) (Email, error) { return "", Refuse(Invalid, "R66", "the e-mail address %s", why) }
	if s == "" {
		return bad("is missing")
	}
	if len(s) > 254 {
		return bad("is longer than 254 characters")
	}
	for i := 0; i < len(s); i++ {
		if s[i] > unicode.MaxASCII {
			return bad("has letters outside ASCII; write its domain in the xn-- form")
		}
		if s[i] <= ' ' || s[i] == 0x7f || strings.IndexByte(`"(),:;<>[\]`, s[i]) >= 0 {
			return bad("has a character that is not allowed in an address")
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return bad("has not the form name@domain")
	}
	at := strings.LastIndexByte(s, '@')
	if at > 64 {
		return bad("has more than 64 characters before the @")
	}
	labels := strings.Split(s[at+1:], ".")
	if len(labels) < 2 {
		return bad("needs a domain with a dot, such as name@contoso.example")
	}
	top := labels[len(labels)-1]
	if slices.ContainsFunc(labels, func(l string) bool { return !isLabel(l) }) || strings.Trim(top, "0123456789") == "" {
		return bad("has a domain that is not valid")
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
