package licensing

// MayDelete says whether there is anything of a user that the caller may end: roles on License IDs that he
// administers, or what the user inherits from agreements that he administers (R80). Whoever sees the user
// only as an heir of somebody else's agreement is told which one (R87), everybody else nothing (R43).
func MayDelete(roles, inheritance int, l, above LicenseID) error {
	switch {
	case roles+inheritance > 0:
		return nil
	case l != "":
		return Refuse(Conflict, "R87", "the user is Administrator on License ID %s by inheritance: ask an "+
			"administrator of %s, which it comes from", l, above)
	}
	return Hidden()
}

// Deletion is the answer to the deletion of a VL user (R80): a verdict for each License ID that the caller
// administers, and on how many License IDs of other admins the user remains. The user's account in the
// organization isn't touched (R81).
type Deletion struct {
	User      UserID    `json:"user"`
	Verdicts  []Verdict `json:"verdicts"`
	Remaining int       `json:"remaining"`
	Work      int       `json:"work"`

	// Inherits are License IDs of the caller where the user remains Administrator, inherited from an
	// agreement that the caller doesn't administer.
	Inherits []LicenseID `json:"inherits,omitempty"`

	// Ended are the agreements of the caller from which the user inherits no more, and EndedOn on how many
	// License IDs below them he was Administrator by that.
	Ended   []LicenseID `json:"ended,omitempty"`
	EndedOn int         `json:"ended_on,omitempty"`
}
