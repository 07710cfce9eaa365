package licensing

import (
	"slices"
	"strings"
)

// Umbrella says whether the contacts of an agreement may inherit below it: it is of the program MBSA, or has
// others below it. A leaf has nothing to give (R88).
func Umbrella(program string, below int) bool {
	return strings.EqualFold(strings.TrimSpace(program), "MBSA") || below > 0
}

// Naming is how an agreement names a person as a contact.
type Naming struct {
	License  LicenseID
	As       []ContactKind
	Umbrella bool
	Deleted  bool // an admin deleted the person, whom the partner has not named again since (R80)
}

// Preference is one person's choice whether to inherit Administrator below an agreement that names the person
// as a contact (R88–R90).
type Preference struct {
	License LicenseID `json:"license_id"`
	Program string    `json:"program"`
	Inherit bool      `json:"inherit"`
	Below   int       `json:"below"` // how many License IDs are below it
	// License IDs below where Invoice Reader rules it out (R92)
	Without []LicenseID `json:"without,omitempty"`
	WhyNot  *Error      `json:"why_not,omitempty"` // why the person can't opt in, where he can't
}

// PreferenceChange is a contact's request to set the preference of one agreement.
type PreferenceChange struct {
	Request RequestID `json:"request"`
	Org     OrgID     `json:"org"`
	User    UserID    `json:"user"`
	License LicenseID `json:"license_id"`
	Inherit bool      `json:"inherit"`
}

// Check returns the change in canonical form, or an Invalid *Error that names the field at fault.
func (c PreferenceChange) Check() (PreferenceChange, error) {
	err := parse("license_id", &c.License, ParseLicenseID)
	return c, err
}

// PreferenceAnswer is the answer to a PreferenceChange.
type PreferenceAnswer struct {
	Preference
	Changed bool `json:"changed"`
	Work    int  `json:"work"`
}

// MaySetPreference says whether the person may set the preference of the agreement. Its registered Primary,
// Notices and Online Administrator contacts may, while they are in the tenant (R88, R90). They may always opt
// out; to opt in, the agreement must be one that others can stand below, and an admin must not have deleted
// the person since the contract named him (R80).
func MaySetPreference(p Person, n Naming, inherit bool) error {
	named := slices.ContainsFunc(n.As, ContactKind.MayInherit)
	switch {
	case !p.Registered() || !p.InTenant() || !named:
		return Refuse(Forbidden, "R90", "to inherit below License ID %s you must be registered and be "+
			"its primary, notices or online administrator contact", n.License)
	case inherit && !n.Umbrella:
		return Refuse(Conflict, "R88", "nothing can be inherited from License ID %s: it is no MBSA, and no "+
			"License ID is below it", n.License)
	case inherit && n.Deleted:
		return Refuse(Forbidden, "R80", "an administrator of License ID %s ended what you inherit from it: "+
			"you can opt in again when your partner has named you as a contact of it again", n.License)
	}
	return nil
}

// Inherits says whether the person inherits Administrator on a License ID below an agreement: after opting in
// there (R91), and without a direct Invoice Reader on the License ID (R92).
func Inherits(optedIn bool, held []Grant) bool {
	return optedIn && !slices.ContainsFunc(held, func(g Grant) bool { return g.Role == InvoiceReader })
}
