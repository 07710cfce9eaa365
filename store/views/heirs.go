package views

import (
	"slices"

	"vlroles/licensing"
)

// nobody stands where a query needs an id and there is none.
const nobody licensing.UserID = "00000000-0000-0000-0000-000000000000"

// inherit finds who is Administrator by inheritance on the License IDs whose people the caller sees (R87).
func (l *listing) inherit() (err error) {
	l.heirs, err = l.Heirs(l.org, l.licenses)
	return err
}

// inheriting returns who inherits on the License IDs that the filter leaves; never nothing, since IN () is no
// SQL.
func (l *listing) inheriting() []licensing.UserID {
	out, asked := []licensing.UserID{nobody}, l.asked()
	for user, above := range l.heirs {
		for license := range above {
			if slices.Contains(asked, license) {
				out = append(out, user)
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

// heirPlaces reads the next places of those who inherit: next to nobody.
func (l *listing) heirPlaces(size int) ([]cursor, error) {
	query, args := `
		SELECT u.name_key, u.id AS user_id
		FROM users u
		WHERE u.org_id = ? AND u.id IN (?)`, []any{l.org, l.inheriting()}
	if l.after != nil {
		query += ` AND (u.name_key, u.id) > (?, ?)`
		args = append(args, l.after.NameKey, l.after.ID)
	}
	var out []cursor
	err := l.In(&out, query+` ORDER BY u.name_key, u.id LIMIT ?`, append(args, size)...)
	return out, err
}

// visibleHeritage returns on which License IDs that the caller administers directly a user inherits, and on
// how many he has anything at all, roles of his own included (R43, R87).
func (q *snapshot) visibleHeritage(
	org licensing.OrgID, caller, user licensing.UserID,
) (shown map[licensing.LicenseID]licensing.LicenseID, all int, err error) {
	above, err := q.InheritedBy(org, user)
	if err != nil {
		return nil, 0, err
	}
	var held, mine []licensing.LicenseID
	err = q.All(&held, `SELECT license_id FROM assignments WHERE user_id = ?`, user)
	if err != nil {
		return nil, 0, err
	}
	err = q.All(&mine, `
		SELECT license_id
		FROM grants
		WHERE user_id = ? AND role = 'administrator' AND effective`, caller)
	shown = map[licensing.LicenseID]licensing.LicenseID{}
	for _, l := range mine {
		if above[l] != "" {
			shown[l] = above[l]
		}
	}
	all = len(held)
	for l := range above {
		if !slices.Contains(held, l) {
			all++
		}
	}
	return shown, all, err
}
