package licensing

import (
	"strings"
	"time"
)

// Appointment is support's request to make a person the administrator of a
// License ID that has no active admin (R33).
type Appointment struct {
	ID        RequestID     `json:"id"`
	Org       OrgID         `json:"org"`
	License   LicenseID     `json:"license_id"`
	Person    PersonChange  `json:"person"` // without Access
	Reason    string        `json:"reason"` // such as the number of the case; kept in the audit
	InviteFor time.Duration `json:"invite_for,omitempty"`
	Support   string        `json:"support,omitempty"` // who appoints (L04)
}

// MaxReason is the length of the longest reason, in characters.
const MaxReason = 200

// Check returns the request as a save in canonical form, or an Invalid *Error that names the first field at
// fault.
func (s Appointment) Check(p Policy) (Save, error) {
	reason := CleanName(s.Reason)
	if reason == "" || len([]rune(reason)) > MaxReason || strings.Contains(reason, "@") {
		return Save{}, Refuse(Invalid, "R33", "reason is required: 1–%d characters, no email addresses "+
			"(for example, a case number)", MaxReason).In("reason")
	}
	if err := parse("support", &s.Support, ParsePrincipal); err != nil {
		return Save{}, err
	}
	s.Person.Access = []AccessChange{{License: s.License, Add: []Role{Administrator}}}
	return Save{ID: s.ID, Org: s.Org, InviteFor: s.InviteFor, People: []PersonChange{s.Person}}.Check(p)
}

// MayAppoint says whether support may appoint an administrator: only where there is no active admin who could
// (R05).
func MayAppoint(l LicenseID, known bool, admins int) error {
	switch {
	case !known:
		return Refuse(NotFound, "R08", "License ID %s doesn't exist in this organization", l).In("license_id")
	case admins > 0:
		return Refuse(Conflict, "R05",
			"License ID %s has an active administrator, who can assign its roles", l).
			In("license_id")
	}
	return nil
}
