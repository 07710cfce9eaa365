package licensing

import (
	"slices"
	"time"
)

// Origin says where a grant comes from (R03).
type Origin string

// The origins of grants.
const (
	ByAdmin    Origin = "admin"     // a VL admin added it
	ByContract Origin = "contract"  // the partner named the person at contract creation
	ByBillTo   Origin = "bill_to"   // the Bill To contact's Invoice Reader (R18)
	Inherited  Origin = "inherited" // from a parent agreement; computed, never stored (R88)
)

// Grant is one role of one user on one License ID: the key is (License ID, user, role) (R08).
type Grant struct {
	Role      Role   `json:"role"`
	Origin    Origin `json:"origin"`
	Effective bool   `json:"effective"`           // false while it waits for registration or propagation
	Suspended bool   `json:"suspended,omitempty"` // was effective when the person left the tenant (R86)
	// of what a contract gave: the address on the contract, where its mail goes (R28, R34)
	Contract Email `json:"-"`
}

// exclude says whether the two roles can't be held together on one License ID (R19).
func exclude(a, b Role) bool {
	return a == Administrator && b == InvoiceReader || a == InvoiceReader && b == Administrator
}

// Exclude says whether the role can't be held beside one of the grants (R19).
func Exclude(r Role, held []Grant) bool {
	return slices.ContainsFunc(held, func(g Grant) bool { return exclude(r, g.Role) })
}

// Effective is a user's grants as a downstream system must know them: those that are effective, and those
// that become so now.
type Effective struct {
	// Version rises with every change of what is told here: who is told a lower one than before ignores it (L08)
	Version int64 `json:"version"`
	// UpTo is until when what is due is among it
	UpTo time.Time `json:"-"`

	Org    OrgID            `json:"organization"`
	User   UserID           `json:"user"`
	Email  Email            `json:"sign_in_email"`
	Object ObjectID         `json:"object_id,omitempty"`
	Grants []EffectiveGrant `json:"grants"`
}

// EffectiveGrant is one role on one License ID.
type EffectiveGrant struct {
	License LicenseID `json:"license_id"`
	Role    Role      `json:"role"`
}
