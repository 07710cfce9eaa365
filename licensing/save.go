package licensing

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// The bounds of one save.
const (
	MaxPeople   = 500   // people in one save
	MaxLicenses = 200   // License IDs of one person in one save
	MaxChanges  = 5_000 // (person, License ID) pairs in one save
)

// Save is one request of an admin: people × License IDs × roles (R67, R70). It is decided and stored as a whole; each
// (person, License ID) has a verdict of its own.
type Save struct {
	ID        RequestID      `json:"id"`
	Org       OrgID          `json:"org"`
	Admin     UserID         `json:"admin"` // who saves
	People    []PersonChange `json:"people"`
	InviteFor time.Duration  `json:"invite_for,omitempty"` // time to register for those who are invited; 0: the deployment's (R56)
}

// PersonChange is what a save wants for one person: an existing VL user by id, or anybody by sign-in e-mail.
type PersonChange struct {
	User     UserID         `json:"user,omitempty"`
	SignIn   Email          `json:"sign_in_email,omitempty"`
	Business Email          `json:"business_email,omitempty"` // "": the sign-in e-mail for a new person, no change for a known one
	Name     string         `json:"name,omitempty"`           // needed for a new external person (R44)
	Access   []AccessChange `json:"access,omitempty"`
}

// AccessChange adds and clears roles of one person on one License ID (R08, R20), or copies them from elsewhere. Adding what is held is
// no change; on a Failed assignment it is the new attempt (R54).
type AccessChange struct {
	License LicenseID   `json:"license_id"`
	Add     []Role      `json:"add,omitempty"`
	Remove  []Role      `json:"remove,omitempty"`
	From    *RoleSource `json:"from,omitempty"` // instead of Add and Remove
}

// Check reads the whole request and returns it in canonical form, or an *Error that names the first field at fault.
// It asks no database: whether the people and License IDs exist is judged at the save.
func (s Save) Check(p Policy) (Save, error) {
	if len(s.People) == 0 || len(s.People) > MaxPeople {
		return s, Refuse(Invalid, "R70", "a save has 1 to %d people, this one %d", MaxPeople, len(s.People)).In("people")
	}
	if _, err := p.InvitePeriod(s.InviteFor); err != nil {
		return s, err
	}
	people := make([]PersonChange, len(s.People))
	seen := map[string]int{}
	changes := 0
	for n, pc := range s.People {
		field := fmt.Sprintf("people[%d]", n)
		clean, err := pc.check()
		if err != nil {
			return s, in(field, err)
		}
		key := string(clean.User)
		if key == "" {
			key = clean.SignIn.Key()
		}
		if first, twice := seen[key]; twice {
			return s, Refuse(Invalid, "R66", "the same person stands at people[%d] already", first).In(field)
		}
		seen[key] = n
		people[n] = clean
		changes += len(clean.Access)
	}
	if changes > MaxChanges {
		return s, Refuse(Invalid, "R70", "a save has at most %d changes (people × License IDs), this one %d", MaxChanges, changes).In("people")
	}
	s.People = people
	return s, nil
}

func (pc PersonChange) check() (PersonChange, error) {
	if (pc.User == "") == (pc.SignIn == "") {
		return pc, Refuse(Invalid, "R66", "give the user's id or the sign-in e-mail, one of the two").In("sign_in_email")
	}
	err := cmp.Or(
		parseGiven("sign_in_email", &pc.SignIn, ParseEmail),
		parseGiven("business_email", &pc.Business, ParseEmail),
		parseGiven("name", &pc.Name, ParseName),
	)
	if err != nil {
		return pc, err
	}
	if len(pc.Access) > MaxLicenses {
		return pc, Refuse(Invalid, "R08", "one person gets at most %d License IDs in one save", MaxLicenses).In("access")
	}
	if len(pc.Access) == 0 && (pc.User == "" || pc.Business == "" && pc.Name == "") {
		return pc, Refuse(Invalid, "R08", "name at least one License ID with its roles").In("access")
	}
	pc.Access, err = checkAccess(pc.Access)
	return pc, err
}

// checkAccess reads the changes of one person, one for each License ID at most.
func checkAccess(changes []AccessChange) ([]AccessChange, error) {
	out := make([]AccessChange, len(changes))
	var seen []LicenseID
	for n, c := range changes {
		field := fmt.Sprintf("access[%d]", n)
		clean, err := c.check()
		if err != nil {
			return changes, in(field, err)
		}
		if slices.Contains(seen, clean.License) {
			return changes, Refuse(Invalid, "R08", "License ID %s is given twice for this person", clean.License).In(field)
		}
		seen = append(seen, clean.License)
		out[n] = clean
	}
	return out, nil
}

func (c AccessChange) check() (AccessChange, error) {
	if err := parse("license_id", &c.License, ParseLicenseID); err != nil {
		return c, err
	}
	if c.From != nil {
		return c.checkSource()
	}
	var err error
	if c.Add, err = checkRoles("add", c.Add); err != nil {
		return c, err
	}
	if c.Remove, err = checkRoles("remove", c.Remove); err != nil {
		return c, err
	}
	if len(c.Add)+len(c.Remove) == 0 {
		return c, Refuse(Invalid, "R10", "name at least one role to add or to remove").In("add")
	}
	for _, r := range c.Add {
		if slices.Contains(c.Remove, r) {
			return c, Refuse(Invalid, "R70", "%s stands in both lists: add it or remove it", r.Info().Name).In("add")
		}
		for _, o := range c.Add {
			if exclude(r, o) {
				return c, Refuse(Invalid, "R19", "Administrator and Invoice Reader exclude each other on one License ID").In("add")
			}
		}
	}
	return c, nil
}

// checkRoles turns names and aliases into roles, sorted, once each.
func checkRoles(field string, given []Role) ([]Role, error) {
	if len(given) > len(roles) {
		return given, Refuse(Invalid, "R10", "there are seven roles, each is given once").In(field)
	}
	out := slices.Clone(given)
	for n := range out {
		if err := parse(fmt.Sprintf("%s[%d]", field, n), &out[n], ParseRole); err != nil {
			return given, err
		}
	}
	return SortRoles(out), nil
}
