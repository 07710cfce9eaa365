package licensing

// Deletion is the answer to the deletion of a VL user (R80): a verdict for each License ID that the caller administers, and
// how many License IDs of other admins remain. User's account in the organization isn't touched (R81).
type Deletion struct {
	User      UserID    `json:"user"`
	Verdicts  []Verdict `json:"verdicts"`
	Remaining int       `json:"remaining"`
	Work      int       `json:"work"`

	Inherits []LicenseID `json:"inherits,omitempty"` // of the caller's: where the user still is Administrator by an agreement above that the caller doesn't administer
}
