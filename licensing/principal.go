package licensing

import "strings"

// PrincipalKind says what sort of principal acts (L04).
type PrincipalKind string

// The kinds of principal.
const (
	ByPerson    PrincipalKind = "person"    // a VL user; which one the audit's actor says
	ByPartner   PrincipalKind = "partner"   // a partner or seller, by contract
	ByDirectory PrincipalKind = "directory" // the organization's tenant
	BySupport   PrincipalKind = "support"
	BySystem    PrincipalKind = "system" // what time does, or a mail server
)

// Principal is who acts besides the VL users: their lines name the user (L04).
type Principal struct {
	Kind PrincipalKind
	Name string // a partner's or support's, as given; "" where none was
}

// MaxPrincipal is the length of the longest name of a partner or of support, in characters.
const MaxPrincipal = 100

// ParsePrincipal reads the name by which a partner or support acts: at most 100 characters on one line, no
// email address, since the audit keeps none (L10). "" stays. It returns an Invalid *Error.
func ParsePrincipal(s string) (string, error) {
	name := CleanName(s)
	if len([]rune(name)) > MaxPrincipal || strings.Contains(name, "@") || name == "" && s != "" {
		return "", Refuse(Invalid, "L04", "say who acts by a name or a number, 1–%d characters, "+
			"no email addresses", MaxPrincipal)
	}
	return name, nil
}
