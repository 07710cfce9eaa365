package licensing

import "time"

// Erased is what one turn of the retention erased (L10).
type Erased struct {
	Mails     int `json:"mails"`     // recipient, content and the server's answer
	People    int `json:"people"`    // profiles; the id stays, for the audit
	Directory int `json:"directory"` // entries of people who left the tenant
}

// Plus adds what another turn erased.
func (e Erased) Plus(o Erased) Erased {
	return Erased{e.Mails + o.Mails, e.People + o.People, e.Directory + o.Directory}
}

// ErasePage is where a turn of the retention begins. Its zero value is the beginning.
type ErasePage struct {
	After UserID `json:"after,omitempty"` // the last profile that was looked at
	Done  Erased `json:"done"`            // so far
}

// Erasure is support's request to erase one person's data now, because the person asked for it (L10).
type Erasure struct {
	ID     RequestID `json:"id"`
	Org    OrgID     `json:"org"`
	User   UserID    `json:"user"`
	Reason string    `json:"reason"` // a case number, for example; no personal data
}

// Check returns the request in canonical form, or an Invalid *Error.
func (e Erasure) Check() (Erasure, error) {
	e.Reason = CleanName(e.Reason)
	if e.Reason == "" {
		return e, Refuse(Invalid, "L10", "say why, with a case number for example").In("reason")
	}
	return e, nil
}

// Holding is what still needs a person's profile.
type Holding struct {
	Roles    bool // on any License ID, in whatever state
	Contact  bool // named on a contract now
	Invited  bool // an invitation has not ended
	HandOver bool // a hand-over is open
	Mails    bool // a mail is on its way
}

// MayErase says whether a person's data may be erased: not while something needs it (L10). The partner and the
// admins decide about that first.
func MayErase(h Holding) error {
	switch {
	case h.Roles:
		return Refuse(Conflict, "L10", "the person still has roles: remove them first")
	case h.Contact:
		return Refuse(Conflict, "L10", "the person is a contact on a contract: "+
			"the partner has to name somebody else first")
	case h.Invited:
		return Refuse(Conflict, "L10", "the person has an open invitation: cancel it first")
	case h.HandOver:
		return Refuse(Conflict, "L10", "the person has an open hand-over: cancel it first")
	case h.Mails:
		return Refuse(Conflict, "L10", "an email to the person is on its way: try again in some minutes")
	}
	return nil
}

// ErasedName is what stands where a person's name stood.
const ErasedName = "Former user"

// PersonalData is everything that is kept about one person (L10): the rows of each table, by the names of the
// columns; what is empty is left out. Other people appear in it by id alone.
type PersonalData struct {
	At           time.Time                   `json:"at"`
	Organization string                      `json:"organization"`
	Tables       map[string][]map[string]any `json:"tables"`
}
