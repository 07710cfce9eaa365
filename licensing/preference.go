package licensing

import "slices"

// Preference is one person's choice whether to inherit Administrator below an agreement that names the person
// as a contact (R88–R90).
type Preference struct {
	License LicenseID `json:"license_id"`
	Program string    `json:"program"`
	Inherit bool      `json:"inherit"`
	Below   int       `json:"below"` // how many License IDs are below it
	// License IDs below where Invoice Reader rules it out (R92)
	Without []LicenseID `json:"without,omitempty"`
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
// Notices and Online Administrator contacts may, while they are in the tenant (R88, R90).
func MaySetPreference(p Person, as []ContactKind, l LicenseID) error {
	named := slices.ContainsFunc(as, ContactKind.MayInherit)
	if !p.Registered() || !p.InTenant() || !named {
		return Refuse(Forbidden, "R90", "to inherit below License ID %s you must be registered and be "+
			"its primary, notices or online administrator contact", l)
	}
	return nil
}

// Inherits says whether the person inherits Administrator on a License ID below an agreement: after opting in
// there (R91), and without a direct Invoice Reader on the License ID (R92).
func Inherits(optedIn bool, held []Grant) bool {
	return optedIn && !slices.ContainsFunc(held, func(g Grant) bool { return g.Role == InvoiceReader })
}
