package licensing

import (
	"fmt"
	"strings"
	"time"
)

// AccessFacts is what the access check of one person on one License ID depends on.
type AccessFacts struct {
	Person Person
	Held   []Grant
	Above  LicenseID // where the person has opted in to inherit Administrator, "" for nowhere (R88)

	Suspended         bool // the person has left since the roles were given (R86)
	Failed            bool // what was added last could not be made effective (R54)
	Reason, Reference string
}

// Answer is the result of "may X do Y on License ID Z", and why.
type Answer struct {
	Allowed bool   `json:"allowed"`
	Rule    string `json:"rule"`
	Why     string `json:"why"`
	Role    Role   `json:"role,omitempty"`   // Allowed: through which role
	Origin  Origin `json:"origin,omitempty"` // Allowed: where that role comes from

	Above LicenseID `json:"above,omitempty"` // Allowed by inheritance: from which agreement
}

// MayDo answers whether the person may do p on License ID l (R01, R02, R07, R11–R17, R54, R71, R84, R88,
// R92). known is false where the organization has no such person or License ID. A role in the tenant is not
// an input (R07).
func MayDo(known bool, f AccessFacts, p Permission, l LicenseID) Answer {
	deny := func(rule, format string, args ...any) Answer {
		return Answer{Rule: rule, Why: fmt.Sprintf(format, args...)}
	}
	switch {
	case !known:
		return deny("R02", "no role on License ID %s", l)
	case !f.Person.InTenant():
		return deny("R84", "the person isn't in the organization's directory")
	case !f.Person.Registered():
		return deny("R23", "the person hasn't registered")
	}
	waiting, suspended := false, false
	for _, g := range f.Held {
		if !g.Role.Permits(p) {
			continue
		}
		if g.Effective {
			return Answer{Allowed: true, Rule: "R01", Role: g.Role, Origin: g.Origin,
				Why: fmt.Sprintf("%s on License ID %s", g.Role.Info().Name, l)}
		}
		waiting, suspended = true, suspended || g.Suspended || f.Suspended
	}
	if Inherits(f.Above != "", f.Held) && Administrator.Permits(p) {
		return Answer{Allowed: true, Rule: "R88", Role: Administrator, Origin: Inherited, Above: f.Above,
			Why: fmt.Sprintf("Administrator on License ID %s, inherited from %s", l, f.Above)}
	}
	if suspended {
		return deny("R86", "the role on License ID %s is suspended since the person left the organization's "+
			"directory: an administrator can re-check the user", l)
	}
	if waiting && f.Failed {
		return deny("R54", "the role on License ID %s couldn't be made effective (%s): "+
			"an administrator can assign it again", l, strings.TrimSpace(f.Reason+" "+f.Reference))
	}
	if waiting {
		return deny("R53", "the role on License ID %s isn't effective yet", l)
	}
	if len(f.Held) == 0 {
		return deny("R02", "no role on License ID %s", l)
	}
	return deny("R02", "none of the person's roles on License ID %s allows this", l)
}

// AccessEntry is a user's roles on one License ID.
type AccessEntry struct {
	License   LicenseID `json:"license_id"`
	Above     LicenseID `json:"above,omitempty"` // Administrator is inherited from there: read-only (R87)
	Roles     []Role    `json:"roles"`
	DueAt     time.Time `json:"due_at,omitzero"`
	Status    Status    `json:"status,omitempty"`
	Grants    []Grant   `json:"grants,omitempty"`
	Attempts  int       `json:"attempts,omitempty"`
	Reason    string    `json:"reason,omitempty"`    // Failed: why
	Reference string    `json:"reference,omitempty"` // Failed: to quote to support
	Advice    string    `json:"advice,omitempty"`

	Contact       []ContactKind `json:"contact,omitempty"`        // the contacts that the user is
	FormerContact bool          `json:"former_contact,omitempty"` // the user was replaced as a contact (R34)
}
