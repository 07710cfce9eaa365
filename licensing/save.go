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

// Save is one request of an admin: people × License IDs × roles (R67, R70). It is decided and stored in one
// step, and each pair of person and License ID gets its own verdict.
type Save struct {
	ID        RequestID      `json:"id"`
	Org       OrgID          `json:"org"`
	Admin     UserID         `json:"admin"` // who saves
	People    []PersonChange `json:"people"`
	InviteFor time.Duration  `json:"invite_for,omitempty"` // validity of invitations; 0: the default (R56)
}

// PersonChange is what a save changes for one person: a VL user by id, or anybody by sign-in email.
type PersonChange struct {
	User     UserID         `json:"user,omitempty"`
	SignIn   Email          `json:"sign_in_email,omitempty"`
	Business Email          `json:"business_email,omitempty"` // "": the sign-in email, or unchanged
	Name     string         `json:"name,omitempty"`           // required for a new external person (R44)
	Access   []AccessChange `json:"access,omitempty"`
}

// AccessChange adds and removes roles of one person on one License ID (R08, R20), or copies them from
// elsewhere. Adding a role that the person has changes nothing, except that on a Failed assignment it starts
// the next attempt (R54).
type AccessChange struct {
	License LicenseID   `json:"license_id"`
	Add     []Role      `json:"add,omitempty"`
	Remove  []Role      `json:"remove,omitempty"`
	From    *RoleSource `json:"from,omitempty"` // instead of Add and Remove
}

// Check returns the request in canonical form, or an *Error that names the first field at fault (R67, R70).
// It reads no database: whether the people and License IDs exist is decided when the save is carried out.
func (s Save) Check(p Policy) (Save, error) {
	if len(s.People) == 0 {
		return s, Refuse(Invalid, "R70", "provide at least one person").In("people")
	}
	if len(s.People) > MaxPeople {
		return s, Refuse(Invalid, "R70", "you can change up to %d people at a time; this request has %d",
			MaxPeople, len(s.People)).In("people")
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
			return s, Twice(first).In(field)
		}
		seen[key] = n
		people[n] = clean
		changes += len(clean.Access)
	}
	if changes > MaxChanges {
		return s, Refuse(Invalid, "R70", "a request can have up to %d changes (people × License IDs); "+
			"this one has %d", MaxChanges, changes).In("people")
	}
	s.People = people
	return s, nil
}

// Twice refuses a person who stands in a request twice, the first time in the place given, from 0 on.
func Twice(first int) *Error {
	return Refuse(Invalid, "R66", "this is the same person as number %d of the list: list each person once",
		first+1)
}

func (pc PersonChange) check() (PersonChange, error) {
	if (pc.User == "") == (pc.SignIn == "") {
		return pc, Refuse(Invalid, "R66", "provide either a user ID or a sign-in email, not both").
			In("sign_in_email")
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
		return pc, Refuse(Invalid, "R08", "you can change up to %d License IDs of one person at a time",
			MaxLicenses).In("access")
	}
	if len(pc.Access) == 0 && (pc.User == "" || pc.Business == "" && pc.Name == "") {
		return pc, Refuse(Invalid, "R08", "provide at least one License ID and its roles").In("access")
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
			return changes, Refuse(Invalid, "R08", "License ID %s is listed twice for this person",
				clean.License).
				In(field)
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
		return c, Refuse(Invalid, "R10", "provide at least one role to add or remove").In("add")
	}
	for _, r := range c.Add {
		if slices.Contains(c.Remove, r) {
			return c, Refuse(Invalid, "R70", "%s is in both add and remove", r.Info().Name).In("add")
		}
		for _, o := range c.Add {
			if exclude(r, o) {
				return c, Refuse(Invalid, "R19",
					"nobody can be both Administrator and Invoice Reader on one License ID").
					In("add")
			}
		}
	}
	return c, nil
}

// checkRoles turns names and aliases into roles, sorted, once each.
func checkRoles(field string, given []Role) ([]Role, error) {
	if len(given) > len(roles) {
		return given, Refuse(Invalid, "R10", "list each role at most once").In(field)
	}
	out := slices.Clone(given)
	for n := range out {
		if err := parse(fmt.Sprintf("%s[%d]", field, n), &out[n], ParseRole); err != nil {
			return given, err
		}
	}
	return SortRoles(out), nil
}
