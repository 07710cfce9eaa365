package licensing

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Ids are random UUIDs in their canonical form; they carry no meaning and no personal data.
type (
	OrgID        string // an organization (a customer with its tenant)
	UserID       string // a VL user's profile; stable for life
	InvitationID string // an invitation; a reset raises its generation and keeps its id
	RequestID    string // one command of one caller: the key of idempotency
	ObjectID     string // a person in the tenant's directory, immutable there (R47)
	MailID       string // one mail: what it is for, which generation, which kind
)

// printable says whether the id can stand in a row and a log: at most 128 printable ASCII characters.
func (id ObjectID) printable() bool {
	return len(id) <= 128 && !strings.ContainsFunc(string(id), func(r rune) bool { return r <= ' ' || r > '~' })
}

// LicenseID is the number of one agreement (contract): 1 to 32 capital letters, digits and dashes.
type LicenseID string

// ParseLicenseID reads a License ID, folding letters to capitals. It returns an Invalid *Error.
func ParseLicenseID(s string) (LicenseID, error) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 32 {
		return "", Refuse(Invalid, "R08", "a License ID has 1 to 32 characters")
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return "", Refuse(Invalid, "R08", "a License ID has only letters, digits and dashes")
		}
	}
	return LicenseID(strings.ToUpper(s)), nil
}

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

// MaxName is the longest display name in characters (R44).
const MaxName = 256

// ParseName reads a display name (R44): not blank, at most 256 characters, on one line, nothing that reorders text.
// It returns an Invalid *Error.
func ParseName(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "", !strings.ContainsFunc(s, visible):
		return "", Refuse(Invalid, "R44", "the full name is missing")
	case !utf8.ValidString(s):
		return "", Refuse(Invalid, "R44", "the full name is not valid UTF-8")
	case utf8.RuneCountInString(s) > MaxName:
		return "", Refuse(Invalid, "R44", "the full name has more than 256 characters")
	case strings.ContainsFunc(s, disruptive):
		return "", Refuse(Invalid, "R44", "the full name has control characters, line breaks or marks that reorder text")
	}
	return s, nil
}

// CleanName returns a name from a directory without what [ParseName] refuses, cut to 256 characters; "" where nothing to
// see is left.
func CleanName(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		if disruptive(r) {
			return -1
		}
		return r
	}, s))
	if r := []rune(s); len(r) > MaxName {
		s = strings.TrimSpace(string(r[:MaxName]))
	}
	if !strings.ContainsFunc(s, visible) {
		return ""
	}
	return s
}

// visible tells runes that leave something to see: a name of zero-width marks alone is blank.
func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// disruptive tells runes that break a line, a header or the direction of the text around them.
func disruptive(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\u200e' || r == '\u200f' || r == '\u061c' ||
		(r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
}

// PersonKind says whether an organization's directory knows a person (R63, R64).
type PersonKind string

// The kinds of person.
const (
	Internal PersonKind = "internal" // the address's domain is one of the organization's
	External PersonKind = "external" // any other address: VL information only
)

// Person is what the rules need to know of a VL user.
type Person struct {
	Kind         PersonKind
	Present      bool      // internal: is in the tenant's directory. External people: not asked
	RegisteredAt time.Time // zero: has not registered yet
}

// Registered says whether the person has a profile (R23).
func (p Person) Registered() bool { return !p.RegisteredAt.IsZero() }

// InTenant says whether the directory lets the person in: external people always, internal ones while present (R57, R84).
func (p Person) InTenant() bool { return p.Kind == External || p.Present }
