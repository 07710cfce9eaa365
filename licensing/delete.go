package licensing

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
}
