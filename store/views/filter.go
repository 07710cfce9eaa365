package views

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// cursor is the place of a person in the list: the next page starts behind it.
type cursor struct {
	NameKey string           `json:"n" db:"name_key"`
	ID      licensing.UserID `json:"i" db:"user_id"`
}

func (c cursor) compare(o cursor) int {
	return cmp.Or(cmp.Compare(c.NameKey, o.NameKey), cmp.Compare(c.ID, o.ID))
}

// String writes the cursor so that it fits into an address.
func (c cursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func readCursor(s string) (*cursor, error) {
	if s == "" {
		return nil, nil
	}
	var c cursor
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil || !rows.IDs(string(c.ID)) || strings.ContainsRune(c.NameKey, 0) {
		return nil, licensing.Refuse(licensing.Invalid, "R40",
			"not a cursor of this list: start with the first page").In("cursor")
	}
	return &c, nil
}

// mayBe is in which states an assignment must be for a person to have the status. What is in progress may
// have been left behind (R52).
var mayBe = map[licensing.Status][]licensing.AssignmentState{
	licensing.StatusFailed: {
		licensing.AssignmentFailed, licensing.AssignmentPending, licensing.AssignmentPropagating,
	},
	licensing.StatusInvitationExpired:    {licensing.AssignmentPending},
	licensing.StatusAssignmentInProgress: {licensing.AssignmentPropagating},
	licensing.StatusInvitationSent:       {licensing.AssignmentPending},
	licensing.StatusActive:               {licensing.AssignmentActive},
}

// narrow turns the filter into conditions. Those on the status only leave out who can't have it: which of
// several a person has is for the rule to say. Roles, License ID and status are each asked of all that the
// caller sees of a person, as the line shows it.
func (l *listing) narrow() {
	f := l.filter
	switch f.Status {
	case "":
	case licensing.StatusUserNotFound:
		l.where(`(
				NOT u.in_tenant
				OR EXISTS (
					SELECT 1
					FROM assignments s
					WHERE s.user_id = u.id AND s.suspended AND s.license_id IN (?)
				)
			)`, l.asked())
	case licensing.StatusInvitationSent:
		l.where(`u.in_tenant AND i.state = 'open' AND i.expires_at > ?`, rows.At(l.Now))
	case licensing.StatusInvitationExpired:
		l.where(`u.in_tenant AND (i.state = 'expired' OR i.state = 'open' AND i.expires_at <= ?)`,
			rows.At(l.Now))
	default:
		l.where(`u.in_tenant`)
	}
	if f.Role != "" {
		heirs := []licensing.UserID{nobody}
		if f.Role == licensing.Administrator {
			heirs = l.inheriting()
		}
		l.where(`(u.id IN (?) OR EXISTS (
				SELECT 1
				FROM grants r
				WHERE r.user_id = u.id AND r.role = ? AND r.license_id IN (?)
			))`, heirs, f.Role, l.asked())
	} else if f.License != "" && f.Status != "" {
		l.where(`(u.id IN (?) OR EXISTS (
				SELECT 1
				FROM assignments r
				WHERE r.user_id = u.id AND r.license_id IN (?)
			))`, l.inheriting(), l.asked())
	}
	if f.Query != "" {
		l.where(begins, beginning(f.Query)...)
	}
}

func (l *listing) where(condition string, args ...any) {
	l.conditions += ` AND ` + condition
	l.args = append(l.args, args...)
}

const begins = `(u.name_key >= ? AND u.name_key < ? OR u.sign_in_key >= ? AND u.sign_in_key < ?
	OR lower(u.business_email) >= ? AND lower(u.business_email) < ?)`

func beginning(q string) []any {
	end := q + "\U0010FFFF"
	return []any{q, end, q, end, q, end}
}

// asked is the License IDs that the filter leaves; "" is none that there could be.
func (l *listing) asked() []licensing.LicenseID {
	switch {
	case l.filter.License == "":
		return l.licenses
	case slices.Contains(l.licenses, l.filter.License):
		return []licensing.LicenseID{l.filter.License}
	}
	return []licensing.LicenseID{""}
}

// maxLookup is the most matches that are looked up by id; where there are more, the list is read in its order
// and the others are left out.
const maxLookup = 2000

// gather looks for a part of the filter that few people match: they are looked up then, wherever they stand
// in the list.
func (l *listing) gather() error {
	f := l.filter
	for _, part := range []struct {
		asked bool
		query string
		args  []any
		heirs bool // those who inherit match too
	}{
		{f.Query != "",
			`SELECT u.id FROM users u WHERE u.org_id = ? AND ` + begins,
			append([]any{l.org}, beginning(f.Query)...), false},
		{f.Role != "",
			`SELECT g.user_id FROM grants g WHERE g.license_id IN (?) AND g.role = ?`,
			[]any{l.asked(), f.Role}, f.Role == licensing.Administrator},
		{f.Status == licensing.StatusUserNotFound,
			`SELECT u.id FROM users u WHERE u.org_id = ? AND NOT u.in_tenant
				UNION SELECT s.user_id FROM assignments s WHERE s.suspended AND s.license_id IN (?)`,
			[]any{l.org, l.asked()}, false},
	} {
		if !part.asked {
			continue
		}
		var found []licensing.UserID
		if err := l.In(&found, part.query+` LIMIT `+strconv.Itoa(maxLookup+1), part.args...); err != nil {
			return err
		}
		if part.heirs {
			found = append(found, l.inheriting()...)
		}
		if len(found) <= maxLookup {
			l.found, l.narrowed = rows.Unique(found), true
			return nil
		}
	}
	return nil
}
