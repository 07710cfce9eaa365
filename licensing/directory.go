package licensing

// DirectoryPerson is a person of the tenant (R47, R84).
type DirectoryPerson struct {
	ObjectID ObjectID `json:"object_id"`
	Email    Email    `json:"email"`
	Name     string   `json:"name"`
	Left     bool     `json:"left,omitempty"` // is no longer in the tenant
}

func (d *DirectoryPerson) check() error {
	if d.ObjectID == "" || !d.ObjectID.printable() {
		return Refuse(Invalid, "R47", "an object ID has 1 to 128 printable ASCII characters").In("object_id")
	}
	if d.Left { // what else it says doesn't matter (R84)
		return nil
	}
	if err := parse("email", &d.Email, ParseEmail); err != nil {
		return err
	}
	if d.Name = CleanName(d.Name); d.Name == "" {
		return Refuse(Invalid, "R44", "a name is required").In("name")
	}
	return nil
}

// DirectoryChange is what a tenant says about some of its people: who joined, left, returned, or has a new
// name or address (R47, R84–R86).
type DirectoryChange struct {
	ID     RequestID         `json:"id"`
	Org    OrgID             `json:"org"`
	People []DirectoryPerson `json:"people"`
}

// Check returns the change in canonical form, or an Invalid *Error for a change of nobody or of too many people.
// An entry that is odd by itself is no fault of the change: see [Tidy].
func (d DirectoryChange) Check() (DirectoryChange, error) {
	if len(d.People) == 0 || len(d.People) > MaxDirectory {
		return d, Refuse(Invalid, "R84", "a directory change can have 1 to %d people; this one has %d",
			MaxDirectory, len(d.People)).In("people")
	}
	d.People, _ = Tidy(d.People)
	return d, nil
}

// DirectoryAnswer is what a change of the directory did.
type DirectoryAnswer struct {
	Changed  int         `json:"changed"`            // people whose entry changed
	Left     []UserID    `json:"left,omitempty"`     // VL users whose access ended with it (R84)
	Returned []UserID    `json:"returned,omitempty"` // VL users whose access a re-check can restore (R86)
	Orphaned []LicenseID `json:"orphaned,omitempty"` // License IDs that lost their last active admin (R33)
	Odd      []OddEntry  `json:"odd,omitempty"`      // entries that were left out, and why (R84)
	Work     int         `json:"work"`
}

// Rechecked is the answer to a re-check: the person is in the directory, and the access is restored (R86).
type Rechecked struct {
	User     UserID      `json:"user"`
	Licenses []LicenseID `json:"license_ids"` // those that the caller administers
	Work     int         `json:"work"`
}

// MayRecheck says whether a re-check may restore the person's access. found says that the directory has the
// person's object id, or, for a person who was never in it, the address; suspended, that roles are suspended
// which the caller administers (R57, R86).
func MayRecheck(p Person, found, suspended bool) error {
	switch {
	case p.InTenant() && !suspended:
		return Refuse(Conflict, "R57", "the person isn't missing from the organization's directory")
	case !found:
		return Refuse(Conflict, "R86", "the person still isn't in the organization's directory: "+
			"have the account restored there, or delete the user")
	}
	return nil
}

// Differences compares the people who were known to be present with the directory of now. It returns those
// who left, then those who joined or have a new name or address, then the odd entries of them, which change
// nothing (R84). Whoever stands there by an odd entry has not left.
func Differences(known, now []DirectoryPerson) (changes []DirectoryPerson, left int) {
	was := make(map[ObjectID]DirectoryPerson, len(known))
	holders := make(map[string]ObjectID, len(known))
	for _, p := range known {
		was[p.ObjectID], holders[p.Email.Key()] = p, p.ObjectID
	}
	there := make(map[ObjectID]bool, len(now))
	for _, p := range now {
		if there[p.ObjectID] = true; p.ObjectID == "" || !p.ObjectID.printable() {
			there[holders[p.Email.Key()]] = true // perhaps he: nobody loses access by an entry that can't be read
		}
	}
	for _, p := range known {
		if !there[p.ObjectID] {
			p.Left = true
			changes = append(changes, p)
		}
	}
	left = len(changes)
	for _, p := range now {
		if old, isKnown := was[p.ObjectID]; isKnown && old != p || !isKnown && p.Email != "" {
			changes = append(changes, p)
		}
	}
	tidied, odd := Tidy(changes)
	sifted := Sift(tidied, odd, Registry{Holders: holders})
	sorted := make([]DirectoryPerson, 0, len(changes))
	for _, n := range sifted.Taken {
		sorted = append(sorted, changes[n])
	}
	for _, o := range sifted.Odd {
		sorted = append(sorted, changes[o.Index])
	}
	return sorted, left
}

// How many people one comparison may remove: a directory that was emptied by mistake must not lock everybody
// out. A comparison is refused where it exceeds both bounds.
const (
	LeaversAnyhow = 20 // people
	LeaversAtMost = 20 // percent of those who are known
)

// MayCompare says whether one comparison may remove so many people (R84).
func MayCompare(known, left int) error {
	if left > LeaversAnyhow && left*100 > known*LeaversAtMost {
		return Refuse(Conflict, "R84",
			"this comparison would remove %d of %d people, so nothing was changed; "+
				"if they did leave, remove them with `starter directory`", left, known)
	}
	return nil
}

// Organization is a customer with its tenant.
type Organization struct {
	ID   OrgID  `json:"id"`
	Name string `json:"name"`
}

// MayRecheckAs says whether a profile can be bound to the directory's
// person: not where another profile is (R47).
func MayRecheckAs(free bool) error {
	if !free {
		return Refuse(Conflict, "R47",
			"the person in the directory has another profile: delete this user and assign the roles there")
	}
	return nil
}
