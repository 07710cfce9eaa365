package store

import (
	"context"
	"slices"
	"strings"

	"vlroles/licensing"
)

// mine narrows assignments a to the License IDs that the caller, its one argument, administers directly (R40, R41).
const mine = ` JOIN grants m ON m.license_id = a.license_id AND m.user_id = ? AND m.role = 'administrator' AND m.effective`

// few is up to how many people a search, a role or a missing directory entry may narrow the list to for them to be looked
// up one and all; where there are more, the list is read in its order and the others are left out.
const few = 2000

// A filter reads a page's worth of people, then twice as many and so on, up to stride at a time and at most mostStrides
// times: where it finds next to nobody among very many people, the call ends with the page as it is and the cursor goes on.
const (
	stride      = 250
	mostStrides = 8
)

// Users returns one page of the Manage Assignments list: the people who have roles on a License ID that the caller
// administers directly, whoever invited them (R40, R41), in the order of their names. Without a filter, or by License ID, a
// page takes four queries that cost the same whatever the number of users. With another filter a page may be short, even
// empty, and yet have a next one: what a person's status is the rule decides and not the database, and a call reads a
// bounded number of people.
func (s *Store) Users(ctx context.Context, org licensing.OrgID, caller licensing.UserID, f licensing.UserFilter) (licensing.UserPage, error) {
	page := licensing.UserPage{Users: []licensing.UserRow{}}
	f, err := f.Check()
	if err != nil {
		return page, err
	}
	after, err := readCursor(f.Cursor)
	if err != nil || !ids(string(org), string(caller)) {
		return page, err
	}
	err = s.read(ctx, "list users", func(t *tx) error {
		l := listing{tx: t, org: org, caller: caller, filter: f, after: after}
		return l.page(&page)
	})
	return page, err
}

// listing is one reading of the list.
type listing struct {
	*tx
	org      licensing.OrgID
	caller   licensing.UserID
	filter   licensing.UserFilter
	after    *cursor               // the last person who was looked at
	licenses []licensing.LicenseID // that the caller administers
	found    []licensing.UserID    // who may match, where short
	short    bool

	conditions string // on people u and their invitation i
	args       []any
}

// listed is a person of the list with the invitation that has not ended, and how far its newest mail is.
type listed struct {
	userRow
	Invitation opt    `db:"invitation"`
	ExpiresAt  moment `db:"expires_at"`
	Mail       opt    `db:"mail"`
}

func (l *listing) page(page *licensing.UserPage) error {
	if err := l.open(); err != nil || len(l.licenses) == 0 {
		return err
	}
	l.narrow()
	if err := l.gather(); err != nil {
		return err
	}
	size := l.filter.Limit + 1
	for range mostStrides {
		people, more, err := l.next(size)
		if err != nil {
			return err
		}
		rows, err := l.rows(people)
		if err != nil {
			return err
		}
		page.Users = append(page.Users, rows...)
		if n := l.filter.Limit; len(page.Users) > n {
			page.Users = page.Users[:n]
			last := page.Users[n-1]
			page.Next = cursor{NameKey: nameKey(last.Name), ID: last.ID}.String()
			return nil
		}
		if !more {
			return nil
		}
		size = min(2*size, stride)
	}
	page.Next = l.after.String()
	return nil
}

// open finds the License IDs whose people the caller sees: none where the caller has not registered or has left the
// tenant (R02, R84).
func (l *listing) open() error {
	return l.all(&l.licenses, `
		SELECT m.license_id
		FROM users c
		JOIN grants m ON m.user_id = c.id AND m.role = 'administrator' AND m.effective
		WHERE c.id = ? AND c.org_id = ? AND c.registered_at IS NOT NULL AND c.in_tenant
		ORDER BY m.license_id`, l.caller, l.org)
}

// next reads the people behind the cursor and moves it on. Of size people looked at, those who don't match are left out;
// more says that others may follow.
func (l *listing) next(size int) (people []listed, more bool, err error) {
	if l.short {
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

// places reads the next places of the list: of each License ID, and of each state that the status allows, as many as are
// asked for, straight from an index that has them in order.
func (l *listing) places(size int) ([]cursor, error) {
	var out []cursor
	for part := range slices.Chunk(l.ranges(), together) {
		var terms []string
		var args []any
		for _, r := range part {
			terms = append(terms, `
				SELECT *
				FROM (SELECT a.name_key, a.user_id FROM assignments a WHERE `+r.condition+` ORDER BY a.name_key, a.user_id LIMIT `+itoa(size)+`) p`)
			args = append(args, r.args...)
		}
		var some []cursor
		if err := l.all(&some, strings.Join(terms, ` UNION `)+` ORDER BY name_key, user_id LIMIT `+itoa(size), args...); err != nil {
			return nil, err
		}
		out = append(out, some...)
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
			out = append(out, indexRange{`a.license_id = ? AND a.state = ?` + behind, append([]any{id, s}, place...)})
		}
	}
	return out
}

// people reads some users in the order of the list, as far as they match, are behind the cursor and have something that
// the caller sees. They are materialized, so that no planner walks the whole list in search of them.
func (l *listing) people(users []licensing.UserID, size int) ([]listed, error) {
	if len(users) == 0 {
		return nil, nil
	}
	query := `
		WITH u AS MATERIALIZED (SELECT * FROM users WHERE org_id = ? AND id IN (?))
		SELECT u.id, u.org_id, u.sign_in_email, u.sign_in_key, u.business_email, u.name, u.name_key, u.kind, u.object_id,
			u.in_tenant, u.registered_at, u.created_at, i.state AS invitation, i.expires_at,
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
	if l.short {
		query += ` AND EXISTS (SELECT 1 FROM assignments a WHERE a.user_id = u.id AND a.license_id IN (?))`
		args = append(args, l.asked())
	}
	if l.after != nil {
		query += ` AND (u.name_key, u.id) > (?, ?)`
		args = append(args, l.after.NameKey, l.after.ID)
	}
	var people []listed
	err := l.in(&people, query+` ORDER BY u.name_key, u.id LIMIT ?`, append(args, size)...)
	return people, err
}

// rows turns people into lines, without those who have another status than the one asked for.
func (l *listing) rows(people []listed) ([]licensing.UserRow, error) {
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
		row := p.line(access[p.ID])
		if l.filter.Status == "" || l.filter.Status == row.Status {
			out = append(out, row)
		}
	}
	return out, nil
}

// together is how many index ranges one query reads; SQLite takes 500.
const together = 100

// indexRange is a part of an index of assignments a that is in the order of the list.
type indexRange struct {
	condition string
	args      []any
}

// heldRow is one grant with its assignment.
type heldRow struct {
	assignmentRow
	Role      licensing.Role   `db:"role"`
	Origin    licensing.Origin `db:"origin"`
	Effective bool             `db:"effective"`
}

// visible returns the assignments of some users on the License IDs that the caller administers directly, with their grants.
func (t *tx) visible(caller licensing.UserID, users []licensing.UserID) (map[licensing.UserID][]heldRow, error) {
	out := map[licensing.UserID][]heldRow{}
	for part := range slices.Chunk(users, batch) {
		var rows []heldRow
		err := t.in(&rows, `
			SELECT a.user_id, a.license_id, a.state, a.due_at, a.attempts, a.reason, a.reference,
				COALESCE(g.role, '') AS role, COALESCE(g.origin, '') AS origin, COALESCE(g.effective, false) AS effective
			FROM assignments a`+mine+`
			LEFT JOIN grants g ON g.license_id = a.license_id AND g.user_id = a.user_id
			WHERE a.user_id IN (?)
			ORDER BY a.user_id, a.license_id`, caller, part)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.UserID] = append(out[r.UserID], r)
		}
	}
	return out, nil
}

// access gathers a person's grants by License ID and decides the status there (R45).
func (p listed) access(held []heldRow) []licensing.AccessEntry {
	out := []licensing.AccessEntry{}
	for _, h := range held {
		if n := len(out); n == 0 || out[n-1].License != h.LicenseID {
			e := licensing.AccessEntry{
				License: h.LicenseID, DueAt: h.DueAt.Time, Attempts: h.Attempts,
				Status: licensing.StatusOf(p.person(), h.State, licensing.InvitationState(p.Invitation)),
			}
			if e.Status == licensing.Failed {
				e.Reason, e.Reference = string(h.Reason), string(h.Reference)
			}
			e.Advice = licensing.Advice(e.Status, e.Attempts, licensing.Policy{})
			out = append(out, e)
		}
		e := &out[len(out)-1]
		if h.Role != "" {
			e.Grants = append(e.Grants, licensing.Grant{Role: h.Role, Origin: h.Origin, Effective: h.Effective})
			e.Roles = licensing.SortRoles(append(e.Roles, h.Role))
		}
	}
	return out
}

// line is the person's line of the list (R45, R46, R50, R55).
func (p listed) line(held []heldRow) licensing.UserRow {
	row := licensing.UserRow{
		ID: p.ID, Name: p.Name, SignIn: licensing.Email(p.SignInEmail), Business: licensing.Email(p.BusinessEmail), Kind: p.Kind,
		Delivery: licensing.MailState(p.Mail).Delivery(), ExpiresAt: p.ExpiresAt.Time, Roles: []licensing.Role{},
	}
	var all []licensing.Status
	attempts := 0
	for _, e := range p.access(held) {
		row.Licenses++
		row.Roles = append(row.Roles, e.Roles...)
		all = append(all, e.Status)
		attempts = max(attempts, e.Attempts)
		if e.DueAt.After(row.DueAt) {
			row.DueAt = e.DueAt
		}
	}
	row.Roles, row.Status = licensing.SortRoles(row.Roles), licensing.Foremost(all...)
	row.Advice = licensing.Advice(row.Status, attempts, licensing.Policy{})
	row.Decide(p.person().Registered())
	return row
}
