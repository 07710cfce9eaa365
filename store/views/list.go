package views

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// whereAdministered narrows assignments a to the License IDs that the caller, its one argument, administers
// directly (R40, R41).
const whereAdministered = `
	JOIN grants m ON m.license_id = a.license_id AND m.user_id = ?
		AND m.role = 'administrator' AND m.effective`

// A filter reads a page's worth of people, then twice as many and so on, up to pageStride at a time and at
// most maxStrides times: where it finds next to nobody among very many people, the call ends with the page as
// it is and the cursor goes on.
const (
	pageStride = 250
	maxStrides = 8
)

// Users returns one page of the Manage Assignments list: the people who have roles on a License ID that the
// caller administers directly, whoever invited them (R40, R41), in the order of their names. Without a
// filter, or by License ID, a page takes four queries that cost the same whatever the number of users. With
// another filter a page may be short, even empty, and yet have a next one: what a person's status is the rule
// decides and not the database, and a call reads a bounded number of people.
func (v *Views) Users(
	ctx context.Context, org licensing.OrgID, caller licensing.UserID, f licensing.UserFilter,
) (licensing.UserPage, error) {
	page := licensing.UserPage{Users: []licensing.UserRow{}}
	f, err := f.Check()
	if err != nil {
		return page, err
	}
	after, err := readCursor(f.Cursor)
	if err != nil || !rows.IDs(string(org), string(caller)) {
		return page, err
	}
	err = v.read(ctx, "list users", func(q *snapshot) error {
		l := listing{snapshot: q, org: org, caller: caller, filter: f, after: after}
		return l.page(&page)
	})
	return page, err
}

// listing is one reading of the list.
type listing struct {
	*snapshot
	org      licensing.OrgID
	caller   licensing.UserID
	filter   licensing.UserFilter
	after    *cursor               // the last person who was looked at
	licenses []licensing.LicenseID // that the caller administers
	heirs    rows.Inherited        // who is Administrator there by inheritance (R87)
	found    []licensing.UserID    // all who may match, where narrowed
	narrowed bool

	conditions string // on people u and their invitation i
	args       []any
}

// listed is a person of the list with the invitation that has not ended, and how far its newest mail is.
type listed struct {
	rows.User
	Invitation licensing.InvitationState `db:"invitation"`
	ExpiresAt  rows.Timestamp            `db:"expires_at"`
	Mail       rows.NullString           `db:"mail"`
}

func (l *listing) page(page *licensing.UserPage) error {
	if err := l.open(); err != nil || len(l.licenses) == 0 {
		return err
	}
	if err := l.inherit(); err != nil {
		return err
	}
	l.narrow()
	if err := l.gather(); err != nil {
		return err
	}
	size := l.filter.Limit + 1
	for range maxStrides {
		people, more, err := l.next(size)
		if err != nil {
			return err
		}
		lines, err := l.lines(people)
		if err != nil {
			return err
		}
		page.Users = append(page.Users, lines...)
		if n := l.filter.Limit; len(page.Users) > n {
			page.Users = page.Users[:n]
			last := page.Users[n-1]
			page.Next = cursor{NameKey: rows.NameKey(last.Name), ID: last.ID}.String()
			return nil
		}
		if !more {
			return nil
		}
		size = min(2*size, pageStride)
	}
	page.Next = l.after.String()
	return nil
}

// open finds the License IDs whose people the caller sees: none where the caller has not registered or has
// left the tenant (R02, R84).
func (l *listing) open() error {
	return l.All(&l.licenses, `
		SELECT m.license_id
		FROM users c
		JOIN grants m ON m.user_id = c.id AND m.role = 'administrator' AND m.effective
		WHERE c.id = ? AND c.org_id = ? AND c.registered_at IS NOT NULL AND c.in_tenant
		ORDER BY m.license_id`, l.caller, l.org)
}

// next reads the people behind the cursor and moves it on. Of size people looked at, those who don't match
// are left out; more says that others may follow.
func (l *listing) next(size int) (people []listed, more bool, err error) {
	if l.narrowed {
		people, err = l.people(l.found, size)
		if len(people) > 0 {
			last := people[len(people)-1]
			l.after = &cursor{NameKey: last.NameKey, ID: last.ID}
		}
		return people, len(people) == size, err
	}
	places, err := l.places(size)
	if err != nil || len(places) == 0 {
		return nil, false, err
	}
	users := make([]licensing.UserID, len(places))
	for n, p := range places {
		users[n] = p.ID
	}
	people, err = l.people(users, size)
	l.after = &places[len(places)-1]
	return people, len(places) == size, err
}

// places reads the next places of the list: of each License ID, and of each state that the status allows, as
// many as are asked for, straight from an index that has them in order.
func (l *listing) places(size int) ([]cursor, error) {
	var out []cursor
	limit := ` LIMIT ` + strconv.Itoa(size)
	for part := range slices.Chunk(l.ranges(), rangesPerQuery) {
		var terms []string
		var args []any
		for _, r := range part {
			terms = append(terms, `
				SELECT *
				FROM (
					SELECT a.name_key, a.user_id
					FROM assignments a
					WHERE `+r.condition+`
					ORDER BY a.name_key, a.user_id`+limit+`
				) p`)
			args = append(args, r.args...)
		}
		var some []cursor
		err := l.All(&some, strings.Join(terms, ` UNION `)+` ORDER BY name_key, user_id`+limit, args...)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	if f := l.filter.Status; len(l.heirs) > 0 && (f == "" || f == licensing.StatusActive) {
		heirs, err := l.heirPlaces(size)
		if err != nil {
			return nil, err
		}
		out = append(out, heirs...)
	}
	slices.SortFunc(out, cursor.compare)
	out = slices.Compact(out)
	return out[:min(size, len(out))], nil
}

func (l *listing) ranges() []indexRange {
	licenses, states := l.licenses, mayBe[l.filter.Status]
	if l.filter.Status == "" {
		licenses = l.asked() // a status is that of all License IDs together
	}
	behind, place := ``, []any{}
	if l.after != nil {
		behind, place = ` AND (a.name_key, a.user_id) > (?, ?)`, []any{l.after.NameKey, l.after.ID}
	}
	var out []indexRange
	for _, id := range licenses {
		if len(states) == 0 {
			out = append(out, indexRange{`a.license_id = ?` + behind, append([]any{id}, place...)})
		}
		for _, s := range states {
			condition, args := `a.license_id = ? AND a.state = ?`, []any{id, s}
			if s == licensing.AssignmentPropagating {
				condition, args = condition+` AND `+l.leftBehind(), append(args, l.LostBefore())
			}
			out = append(out, indexRange{condition + behind, append(args, place...)})
		}
	}
	return out
}

// leftBehind says of what is in progress whether it shows as Failed, where that is asked for, or not (R52).
func (l *listing) leftBehind() string {
	if l.filter.Status == licensing.StatusFailed {
		return rows.LeftBehind
	}
	return `NOT ` + rows.LeftBehind
}

// people reads some users in the order of the list, as far as they match, are behind the cursor and have
// something that the caller sees. They are materialized, so that no planner walks the whole list in search of
// them.
func (l *listing) people(users []licensing.UserID, size int) ([]listed, error) {
	if len(users) == 0 {
		return nil, nil
	}
	query := `
		WITH u AS MATERIALIZED (SELECT * FROM users WHERE org_id = ? AND id IN (?))
		SELECT u.id, u.org_id, u.sign_in_email, u.sign_in_key, u.business_email, u.name, u.name_key, u.kind,
			u.object_id, u.in_tenant, u.registered_at, u.created_at,
			COALESCE(i.state, '') AS invitation, i.expires_at,
			(
				SELECT w.state
				FROM mails w
				WHERE w.invitation_id = i.id AND w.kind = 'welcome'
				ORDER BY w.queued_at DESC, w.id DESC
				LIMIT 1
			) AS mail
		FROM u
		LEFT JOIN invitations i ON i.user_id = u.id AND i.state NOT IN ('accepted', 'cancelled')
		WHERE true` + l.conditions
	args := append([]any{l.org, users}, l.args...)
	if l.narrowed {
		query += ` AND (u.id IN (?) OR EXISTS (
			SELECT 1 FROM assignments a WHERE a.user_id = u.id AND a.license_id IN (?)
		))`
		args = append(args, l.inheriting(), l.asked())
	}
	if l.after != nil {
		query += ` AND (u.name_key, u.id) > (?, ?)`
		args = append(args, l.after.NameKey, l.after.ID)
	}
	var people []listed
	err := l.In(&people, query+` ORDER BY u.name_key, u.id LIMIT ?`, append(args, size)...)
	return people, err
}

// lines turns people into lines, without those who have another status than the one asked for.
func (l *listing) lines(people []listed) ([]licensing.UserRow, error) {
	users := make([]licensing.UserID, len(people))
	for n, p := range people {
		users[n] = p.ID
	}
	access, err := l.visible(l.caller, users)
	if err != nil {
		return nil, err
	}
	var out []licensing.UserRow
	for _, p := range people {
		p.Invitation = p.Invitation.At(p.ExpiresAt.Time, l.Now)
		row := p.line(p.inherit(p.access(access[p.ID]), l.heirs[p.ID]))
		if l.filter.Status == "" || l.filter.Status == row.Status {
			out = append(out, row)
		}
	}
	return out, nil
}

// rangesPerQuery is how many index ranges one query reads; SQLite takes 500.
const rangesPerQuery = 100

// indexRange is a part of an index of assignments a that is in the order of the list.
type indexRange struct {
	condition string
	args      []any
}
