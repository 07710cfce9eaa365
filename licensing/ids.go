package licensing

import (
	"strconv"
	"strings"
)

// Ids are random UUIDs in their canonical form; they carry no meaning and no personal data.
type (
	OrgID        string // an organization (a customer with its tenant)
	UserID       string // a VL user's profile; stable for life
	InvitationID string // an invitation; a reset raises its generation and keeps its id
	RequestID    string // one command of one caller: the key of idempotency
	ObjectID     string // a person in the tenant's directory, immutable there (R47)
	MailID       string // one mail: what it is for, which generation, which kind
)

// printable says whether the text has at most so many bytes, all of them printable ASCII.
func printable(s string, most int) bool {
	return len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// printable says whether the id can stand in a row and a log: at most 128 printable ASCII characters.
func (id ObjectID) printable() bool { return printable(string(id), 128) }

// LicenseID is the number of one agreement (contract): 1 to 32 capital letters, digits and dashes.
type LicenseID string

// ParseLicenseID reads a License ID and turns its letters into capitals (R08). It returns an Invalid *Error.
func ParseLicenseID(s string) (LicenseID, error) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 32 {
		return "", Refuse(Invalid, "R08", "a License ID has 1 to 32 characters")
	}
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return "", Refuse(Invalid, "R08", "a License ID can have only letters, digits and dashes")
		}
	}
	return LicenseID(strings.ToUpper(s)), nil
}

// ChangeID names the change that last put a row in progress: an invitation's generation, or the request of a
// save. A run writes only rows that still have its ChangeID, so a late attempt of an old run changes nothing.
type ChangeID string

// InvitationChange returns the ChangeID of the grants that an accepted invitation puts in progress.
func InvitationChange(i InvitationID, generation int) ChangeID {
	return ChangeID(string(i) + "." + itoa(int64(generation)))
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
