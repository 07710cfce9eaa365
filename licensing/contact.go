package licensing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ContactKind is the capacity in which a contract names a person.
type ContactKind string

// The kinds of contact.
const (
	PrimaryContact             ContactKind = "primary"
	NoticesContact             ContactKind = "notices"
	OnlineAdministratorContact ContactKind = "online_administrator"
	BillToContact              ContactKind = "bill_to"
)

var contactKinds = []ContactKind{PrimaryContact, NoticesContact, OnlineAdministratorContact, BillToContact}

// ParseContactKind reads a kind, also with spaces or hyphens in place of underscores. An unknown kind is an
// Invalid *Error that names the valid ones.
func ParseContactKind(s string) (ContactKind, error) {
	k := ContactKind(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(s))))
	if slices.Contains(contactKinds, k) {
		return k, nil
	}
	return "", Refuse(Invalid, "R34",
		"unknown contact kind; valid values: primary, notices, online_administrator, bill_to")
}

// Role returns the role that comes with this kind of contact, "" for none: Administrator (R25), or Invoice
// Reader, which moves with the contact (R18).
func (k ContactKind) Role() Role {
	switch k {
	case PrimaryContact, NoticesContact:
		return Administrator
	case BillToContact:
		return InvoiceReader
	}
	return ""
}

// MayInherit says whether the contact may opt in to Administrator on everything below the agreement (R88).
func (k ContactKind) MayInherit() bool { return k != BillToContact }

// Contact is a person whom a contract names. The business email is the address on the contract (R48). Where
// the partner gives no sign-in email, it is the same as the business email.
type Contact struct {
	Kind     ContactKind `json:"kind"`
	Business Email       `json:"business_email"`
	SignIn   Email       `json:"sign_in_email,omitempty"`
	Name     string      `json:"name"`
}

// Same says whether two contacts are one person as far as their contracts go (R34): by the sign-in email where
// both contracts give one, else by the business email, or by that of the one and the sign-in email of the
// other. No address besides those on the contracts counts.
func (c Contact) Same(o Contact) bool {
	if c.SignIn != "" && o.SignIn != "" {
		return c.SignIn.Key() == o.SignIn.Key()
	}
	return c.Business.Key() == o.Business.Key() || c.SignIn.Key() == o.Business.Key() ||
		c.Business.Key() == o.SignIn.Key()
}

func (c *Contact) check() error {
	return cmp.Or(
		parse("kind", &c.Kind, ParseContactKind),
		parse("business_email", &c.Business, ParseEmail),
		parseGiven("sign_in_email", &c.SignIn, ParseEmail),
		parse("name", &c.Name, ParseName),
	)
}

// checkContacts reads the contacts of one agreement, at most one of each kind (R34).
func checkContacts(contacts []Contact) ([]Contact, error) {
	out := slices.Clone(contacts)
	var seen []ContactKind
	for n := range out {
		field := fmt.Sprintf("contacts[%d]", n)
		if err := out[n].check(); err != nil {
			return out, in(field, err)
		}
		if slices.Contains(seen, out[n].Kind) {
			return out, Refuse(Invalid, "R34", "the %s contact is listed twice", out[n].Kind).
				In(field + ".kind")
		}
		seen = append(seen, out[n].Kind)
	}
	return out, nil
}

// ContactChange is a Change of Contact Information Request: Contact replaces the contact of the same kind,
// either on Licenses or on every License ID that names From (R34).
type ContactChange struct {
	ID        RequestID     `json:"id"`
	Org       OrgID         `json:"org"`
	Contact   Contact       `json:"contact"`
	Licenses  []LicenseID   `json:"license_ids,omitempty"`
	From      Email         `json:"from,omitempty"` // the present contact's, as the contract has it
	InviteFor time.Duration `json:"invite_for,omitempty"`
	Partner   string        `json:"partner,omitempty"` // who says so (L04)
}

// Check returns the change in canonical form, or an Invalid *Error that names the first field at fault (R34).
func (c ContactChange) Check(p Policy) (ContactChange, error) {
	if _, err := p.InvitePeriod(c.InviteFor); err != nil {
		return c, err
	}
	if err := c.Contact.check(); err != nil {
		return c, in("contact", err)
	}
	if (len(c.Licenses) == 0) == (c.From == "") {
		return c, Refuse(Invalid, "R34", "name either the License IDs, or the present contact whose place is taken "+
			"everywhere: one of the two").In("license_ids")
	}
	if len(c.Licenses) > MaxAgreements {
		return c, Refuse(Invalid, "R34", "you can change up to %d License IDs at a time", MaxAgreements).
			In("license_ids")
	}
	c.Licenses = slices.Clone(c.Licenses)
	for n := range c.Licenses {
		field := fmt.Sprintf("license_ids[%d]", n)
		if err := parse(field, &c.Licenses[n], ParseLicenseID); err != nil {
			return c, err
		}
		if id := c.Licenses[n]; slices.Contains(c.Licenses[:n], id) {
			return c, Refuse(Invalid, "R08", "License ID %s is listed twice", id).In(field)
		}
	}
	err := cmp.Or(parseGiven("from", &c.From, ParseEmail), parse("partner", &c.Partner, ParsePrincipal))
	return c, err
}

// ContactOutcome is what a request did with one contact of one agreement.
type ContactOutcome string

// The outcomes of a contact.
const (
	ContactNamed     ContactOutcome = "named"     // is the contact now
	ContactUnchanged ContactOutcome = "unchanged" // was it before: a role that was removed is not given again
	ContactSkipped   ContactOutcome = "skipped"   // the contract is inactive (R37)
)

// ContactVerdict is the answer to one contact of one agreement. What happened to the roles is in the answer's
// people.
type ContactVerdict struct {
	License LicenseID      `json:"license_id"`
	Kind    ContactKind    `json:"kind"`
	Outcome ContactOutcome `json:"outcome"`
	User    UserID         `json:"user,omitempty"`
	Former  UserID         `json:"former,omitempty"` // who is replaced; only Bill To loses its role (R34)
	Rule    string         `json:"rule,omitempty"`
}

// MayChangeContact says whether the contacts of an agreement can be changed (R37). fresh says that this
// request adds the agreement.
func MayChangeContact(active, fresh bool) bool { return active || fresh }

// MayReplace says whether a contact who is listed on so many License IDs
// can be replaced by one request (R34).
func MayReplace(listed int, as ContactKind) error {
	switch {
	case listed == 0:
		return Refuse(NotFound, "R34", "no License ID lists that person as its %s contact", as).In("from")
	case listed > MaxAgreements:
		return Refuse(Invalid, "R34",
			"%d License IDs list that person, and one request changes at most %d: name them in parts",
			listed, MaxAgreements).In("from")
	}
	return nil
}
