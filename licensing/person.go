package licensing

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxName is the longest display name in characters (R44).
const MaxName = 256

// ParseName reads a display name (R44): not blank, at most 256 characters, on one line, nothing that reorders
// text. It returns an Invalid *Error.
func ParseName(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "", !strings.ContainsFunc(s, visible):
		return "", Refuse(Invalid, "R44", "a full name is required")
	case !utf8.ValidString(s):
		return "", Refuse(Invalid, "R44", "the full name isn't valid UTF-8")
	case utf8.RuneCountInString(s) > MaxName:
		return "", Refuse(Invalid, "R44", "the full name is longer than 256 characters")
	case strings.ContainsFunc(s, disruptive):
		return "", Refuse(Invalid, "R44", "the full name can't have control characters, line breaks "+
			"or marks that reorder text")
	}
	return s, nil
}

// CleanName returns a name from a directory without what [ParseName] refuses, cut to 256 characters. It
// returns "" where no visible character is left.
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

// visible says whether a reader sees the rune. A name of zero-width marks alone is blank.
func visible(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }

// disruptive says whether the rune breaks a line, a header or the direction of the text around it.
func disruptive(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' ||
		r == '\u200e' || r == '\u200f' || r == '\u061c' ||
		(r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
}

// PersonKind says whether a person belongs to the organization, by the domain of the address (R63, R64).
type PersonKind string

// The kinds of person.
const (
	Internal PersonKind = "internal" // the address's domain is one of the organization's
	External PersonKind = "external" // any other address: VL information only
)

// Person is what the rules need to know of a VL user.
type Person struct {
	Kind         PersonKind
	Present      bool      // is in the tenant's directory; of internal people only
	RegisteredAt time.Time // zero: has not registered yet
}

// Registered says whether the person has a profile (R23).
func (p Person) Registered() bool { return !p.RegisteredAt.IsZero() }

// InTenant says whether the person may have access as far as the directory goes: external people always,
// internal people while the directory has them (R57, R84).
func (p Person) InTenant() bool { return p.Kind == External || p.Present }

// On returns the person as a License ID knows him on which his roles are suspended or not: while they are, he
// is not found there, though he may be back in the directory (R86).
func (p Person) On(suspended bool) Person {
	if suspended {
		p.Kind, p.Present = Internal, false
	}
	return p
}

// Newcomer is somebody who has no profile yet.
type Newcomer struct {
	Managed bool   // the domain of the address is one of the organization's
	Listed  bool   // the directory has the address
	Name    string // the directory's, or as typed
}

// MayCreate says whether a profile may be made: for an address of the organization's where its directory has
// it (R63), for any other with a full name (R44, R64). A contract reaches people whom the directory doesn't
// have: they show as User not found (R57).
func MayCreate(n Newcomer, m Mandate) error {
	switch {
	case n.Managed && !n.Listed && !m.Unknown:
		return Refuse(NotFound, "R63",
			"the address is one of your organization's, but its directory doesn't have it: "+
				"check the address").In("sign_in_email")
	case n.Name == "":
		return Refuse(Invalid, "R44", "enter the full name of an external person").In("name")
	}
	return nil
}

// MayAct says whether a caller may assign roles at all: who has registered and is in the tenant (R02, R05,
// R84).
func MayAct(active bool) error {
	if !active {
		return Hidden()
	}
	return nil
}
