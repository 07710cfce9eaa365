package licensing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The bounds of one intake. Send a larger one in parts.
const (
	MaxDomains        = 100   // domains in one intake
	MaxDirectory      = 1_000 // directory people in one intake
	MaxAgreements     = 200   // agreements in one intake
	MaxAdministrators = 50    // first administrators of one agreement
)

// Intake is what partner and tenant say about an organization: its domains and directory, its agreements and
// their first administrators (R03, R25). The same intake a second time changes nothing.
type Intake struct {
	ID         RequestID           `json:"id"`
	Org        OrgID               `json:"org"`
	Name       string              `json:"name"`
	Domains    []string            `json:"domains,omitempty"`
	Directory  []DirectoryPerson   `json:"directory,omitempty"`
	Agreements []ContractAgreement `json:"agreements,omitempty"`
	InviteFor  time.Duration       `json:"invite_for,omitempty"`
	Partner    string              `json:"partner,omitempty"` // who says so (L04)
}

// ContractAgreement is one agreement of an intake. A parent comes before its children, or is in the database
// already.
type ContractAgreement struct {
	License     LicenseID `json:"license_id"`
	Program     string    `json:"program"`
	Parent      LicenseID `json:"parent,omitempty"`
	ProcessedAt time.Time `json:"processed_at"`
	Inactive    bool      `json:"inactive,omitempty"`
	// people get roles without one (R76)
	NoInvitation   bool                    `json:"no_invitation,omitempty"`
	Contacts       []Contact               `json:"contacts,omitempty"` // other kinds stay as they are
	Administrators []ContractAdministrator `json:"administrators,omitempty"`
}

// ContractAdministrator is a first administrator whom the partner names (R25). Where the person has
// registered elsewhere before, Registered says when, and the role is effective at once. Otherwise the person
// gets an invitation that may be forwarded (R27, R28).
type ContractAdministrator struct {
	SignIn     Email     `json:"sign_in_email"`
	Business   Email     `json:"business_email,omitempty"`
	Name       string    `json:"name"`
	Registered time.Time `json:"registered,omitzero"`
}

// IntakeAnswer is what an intake did.
type IntakeAnswer struct {
	Domains    int              `json:"domains"`
	Directory  int              `json:"directory"`
	Agreements int              `json:"agreements"`
	Contacts   []ContactVerdict `json:"contacts,omitempty"`
	People     []PersonVerdict  `json:"people"` // whose roles changed, in the order of the intake
	Orphaned   []LicenseID      `json:"orphaned,omitempty"`
	Odd        []OddEntry       `json:"odd,omitempty"` // directory people who were left out, and why (R84)
	Work       int              `json:"work"`
}

// Check returns the intake in canonical form, or an Invalid *Error that names the first field at fault.
func (i Intake) Check(p Policy) (Intake, error) {
	if err := cmp.Or(parse("name", &i.Name, ParseName), parse("partner", &i.Partner, ParsePrincipal)); err != nil {
		return i, err
	}
	if _, err := p.InvitePeriod(i.InviteFor); err != nil {
		return i, err
	}
	if len(i.Domains) > MaxDomains || len(i.Directory) > MaxDirectory || len(i.Agreements) > MaxAgreements {
		return i, Refuse(Invalid, "",
			"a request can have up to %d domains, %d directory people and %d agreements",
			MaxDomains, MaxDirectory, MaxAgreements)
	}
	var err error
	if i.Domains, err = checkDomains(i.Domains); err != nil {
		return i, err
	}
	i.Directory, _ = Tidy(i.Directory) // an odd entry is left out and reported (R84)
	i.Agreements, err = checkAgreements(i.Agreements)
	return i, err
}

// checkDomains reads the domains of a tenant.
func checkDomains(domains []string) ([]string, error) {
	out := slices.Clone(domains)
	for n, d := range out {
		e, err := ParseEmail("x@" + strings.ToLower(strings.TrimSpace(d)))
		if err != nil {
			return out, Refuse(Invalid, "R63", "enter a valid domain, such as example.com").
				In(fmt.Sprintf("domains[%d]", n))
		}
		out[n] = e.Domain()
	}
	return out, nil
}

// checkAgreements reads a list of agreements, each of them once.
func checkAgreements(agreements []ContractAgreement) ([]ContractAgreement, error) {
	out := slices.Clone(agreements)
	var seen []LicenseID
	for n := range out {
		field := fmt.Sprintf("agreements[%d]", n)
		if err := out[n].check(); err != nil {
			return out, in(field, err)
		}
		l := out[n].License
		if slices.Contains(seen, l) {
			return out, Refuse(Invalid, "R08", "License ID %s is listed twice", l).In(field + ".license_id")
		}
		seen = append(seen, l)
	}
	return out, nil
}

func (a *ContractAgreement) check() error {
	err := cmp.Or(
		parse("license_id", &a.License, ParseLicenseID),
		parseGiven("parent", &a.Parent, ParseLicenseID),
	)
	if err != nil {
		return err
	}
	if a.Parent == a.License {
		return Refuse(Invalid, "R41", "an agreement can't be its own parent").In("parent")
	}
	if a.Program = CleanName(a.Program); a.Program == "" {
		return Refuse(Invalid, "", "program is required (for example, MBSA)").In("program")
	}
	if a.ProcessedAt.IsZero() {
		return Refuse(Invalid, "R61", "processed_at is required").In("processed_at")
	}
	if a.Contacts, err = checkContacts(a.Contacts); err != nil {
		return err
	}
	a.Administrators = slices.Clone(a.Administrators)
	if len(a.Administrators) > MaxAdministrators {
		return Refuse(Invalid, "R25", "an agreement can have up to %d administrators", MaxAdministrators).
			In("administrators")
	}
	for n := range a.Administrators {
		if err := a.Administrators[n].check(); err != nil {
			return in(fmt.Sprintf("administrators[%d]", n), err)
		}
	}
	return nil
}

func (c *ContractAdministrator) check() error {
	return cmp.Or(
		parse("sign_in_email", &c.SignIn, ParseEmail),
		parseGiven("business_email", &c.Business, ParseEmail),
		parse("name", &c.Name, ParseName),
	)
}

// AgreementPut is one new or changed agreement as the partner sends it (R03, R25, R34).
type AgreementPut struct {
	ID        RequestID         `json:"id"`
	Org       OrgID             `json:"org"`
	Agreement ContractAgreement `json:"agreement"`
	InviteFor time.Duration     `json:"invite_for,omitempty"`
	Partner   string            `json:"partner,omitempty"` // who says so (L04)
}

// Check returns the put in canonical form, or an Invalid *Error that names the first field at fault.
func (p AgreementPut) Check(policy Policy) (AgreementPut, error) {
	if _, err := policy.InvitePeriod(p.InviteFor); err != nil {
		return p, err
	}
	err := cmp.Or(p.Agreement.check(), parse("partner", &p.Partner, ParsePrincipal))
	return p, err
}

// MayTakeIn says whether an agreement can be added. A new one must name somebody who becomes its
// administrator (R25).
func MayTakeIn(a ContractAgreement, known bool) error {
	names := slices.ContainsFunc(a.Contacts, func(c Contact) bool { return c.Kind.Role() == Administrator })
	if known || names || len(a.Administrators) > 0 {
		return nil
	}
	return Refuse(Invalid, "R25", "a new agreement needs a primary or notices contact, "+
		"who becomes its administrator").In("contacts")
}

// AgreementLine is a License ID whose assignments the caller may change (R68).
type AgreementLine struct {
	License     LicenseID `json:"license_id"`
	Program     string    `json:"program"`
	Parent      LicenseID `json:"parent,omitempty"`
	ProcessedAt time.Time `json:"processed_at"`
	Inactive    bool      `json:"inactive,omitempty"`
	Inherited   bool      `json:"inherited,omitempty"` // through a parent; its users aren't listed (R41)
	Admins      int       `json:"admins"`              // active admins (R33)
}

// Orphan is a License ID without an active admin (R33). Waiting is how many people were given Administrator
// there and have not registered, or wait for their due time.
type Orphan struct {
	License LicenseID `json:"license_id"`
	Program string    `json:"program"`
	Waiting int       `json:"waiting"`
}
