package licensing

import "slices"

// Preference is one person's wish to inherit Administrator below an agreement that names the person (R88–R90).
type Preference struct {
	License LicenseID   `json:"license_id"`
	Program string      `json:"program"`
	Inherit bool        `json:"inherit"`
	Below   int         `json:"below"`             // how many License IDs stand below it
	Without []LicenseID `json:"without,omitempty"` // of those: where the person's Invoice Reader excludes it (R92)
}

// PreferenceChange is what a contact wants.
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

// MayPrefer says whether the person may set the preference of the agreement: a registered contact of it who is in the
// tenant, named as Primary, Notices or Online Administrator (R88, R90). Anybody may opt out of what he has.
func MayPrefer(p Person, as []ContactKind, l LicenseID) error {
	named := slices.ContainsFunc(as, ContactKind.MayInherit)
	switch {
	case !p.Registered() || !p.InTenant() || !named:
		return Refuse(Forbidden, "R90", "only a primary, notices or online administrator contact named on License ID %s, who has registered, may inherit below it", l)
	}
	return nil
}

// Inherits says whether Administrator is inherited on a License ID below an agreement where the person has opted in: not
// beside a direct Invoice Reader (R92).
func Inherits(optedIn bool, held []Grant) bool {
	return optedIn && !slices.ContainsFunc(held, func(g Grant) bool { return g.Role == InvoiceReader })
}
