package store

import "vlroles/licensing"

// The data of mails: what of a mail is kept in its ledger row. Everything else is read when it is sent.
type (
	// changesData is what one request changed for the recipient (R70).
	changesData struct {
		Verdicts []licensing.Verdict `json:"verdicts"`
	}
	// confirmationData is what a request did with each person (R75).
	confirmationData struct {
		Request licensing.RequestID         `json:"request"`
		People  []licensing.ConfirmedPerson `json:"people"`
	}
	// expiredData is who did not register, and on which License IDs roles waited (R56).
	expiredData struct {
		Person   licensing.UserID      `json:"person"`
		Licenses []licensing.LicenseID `json:"licenses"`
	}
	// licensesData is which License IDs a forwarded invitation or a hand-over is about (R28, R32).
	licensesData struct {
		Licenses []licensing.LicenseID `json:"licenses"`
	}
)
