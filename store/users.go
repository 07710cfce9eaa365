package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// read runs f on one snapshot of the database.
func (s *Store) read(ctx context.Context, verb string, f func(*tx) error) error {
	o := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	if s.lite {
		o = nil // a transaction that reads is a snapshot there
	}
	t, err := s.reads.BeginTxx(ctx, o)
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	defer t.Rollback() //nolint:errcheck // nothing was written
	if err := f(&tx{Tx: t, ctx: ctx, lite: s.lite}); err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return nil
}

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

func ids(in ...string) bool {
	return !slices.ContainsFunc(in, func(s string) bool { return uuid.Validate(s) != nil })
}

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
	if err != nil || !ids(string(c.ID)) || strings.ContainsRune(c.NameKey, 0) {
		return nil, licensing.Refuse(licensing.Invalid, "R40", "not a cursor of this list: start with the first page").In("cursor")
	}
	return &c, nil
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

// mayBe is in which states an assignment must be for a person to have the status.
var mayBe = map[licensing.Status][]licensing.AssignmentState{
	licensing.Failed:               {licensing.Broken, licensing.Pending},
	licensing.InvitationExpired:    {licensing.Pending},
	licensing.AssignmentInProgress: {licensing.Propagating},
	licensing.InvitationSent:       {licensing.Pending},
	licensing.Active:               {licensing.Settled},
}

// narrow turns the filter into conditions. Those on the status only leave out who can't have it: which of several a person
// has is for the rule to say. Roles, License ID and status are each asked of all that the caller sees of a person, as the
// line shows it.
func (l *listing) narrow() {
	f := l.filter
	switch f.Status {
	case "":
	case licensing.UserNotFound:
		l.where(`NOT u.in_tenant`)
	case licensing.InvitationSent:
		l.where(`u.in_tenant AND i.state = 'open'`)
	case licensing.InvitationExpired:
		l.where(`u.in_tenant AND i.state = 'expired'`)
	default:
		l.where(`u.in_tenant`)
	}
	if f.Role != "" {
		l.where(`EXISTS (SELECT 1 FROM grants r WHERE r.user_id = u.id AND r.role = ? AND r.license_id IN (?))`, f.Role, l.asked())
	} else if f.License != "" && f.Status != "" {
		l.where(`EXISTS (SELECT 1 FROM assignments r WHERE r.user_id = u.id AND r.license_id IN (?))`, l.asked())
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

// gather looks for a part of the filter that few people match: they are looked up then, wherever they stand in the list.
func (l *listing) gather() error {
	f := l.filter
	for _, part := range []struct {
		asked bool
		query string
		args  []any
	}{
		{f.Query != "", `SELECT u.id FROM users u WHERE u.org_id = ? AND ` + begins, append([]any{l.org}, beginning(f.Query)...)},
		{f.Role != "", `SELECT g.user_id FROM grants g WHERE g.license_id IN (?) AND g.role = ?`, []any{l.asked(), f.Role}},
		{f.Status == licensing.UserNotFound, `SELECT u.id FROM users u WHERE u.org_id = ? AND NOT u.in_tenant`, []any{l.org}},
	} {
		if !part.asked {
			continue
		}
		var found []licensing.UserID
		if err := l.in(&found, part.query+` LIMIT `+itoa(few+1), part.args...); err != nil {
			return err
		}
		if len(found) <= few {
			l.found, l.short = unique(found), true
			return nil
		}
	}
	return nil
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

// together is how many index ranges one query reads; SQLite takes 500.
const together = 100

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

// indexRange is a part of an index of assignments a that is in the order of the list.
type indexRange struct {
	condition string
	args      []any
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

// active says whether the caller may use what he has: registered, and in the tenant (R02, R84).
func (t *tx) active(org licensing.OrgID, caller licensing.UserID) (bool, error) {
	if !ids(string(org), string(caller)) {
		return false, nil
	}
	u, err := t.user(org, caller)
	return err == nil && u != nil && u.person().Registered() && u.person().InTenant(), err
}

// User returns what the caller may see of one user: the License IDs that both have to do with, and of the others how many
// there are (R43).
func (s *Store) User(ctx context.Context, org licensing.OrgID, caller, id licensing.UserID) (licensing.UserView, error) {
	var v licensing.UserView
	err := s.read(ctx, "read user", func(t *tx) error {
		p, held, err := t.seen(org, caller, id)
		if err != nil {
			return err
		}
		var all int
		if err := t.get(&all, `SELECT COUNT(*) FROM assignments WHERE user_id = ?`, id); err != nil {
			return err
		}
		newest, err := t.newestInvitation(id)
		if err != nil {
			return err
		}
		if v.Mails, err = t.mailsTo(id, held); err != nil {
			return err
		}
		if newest != nil {
			p.Mail = opt(welcomeState(*newest, v.Mails))
			v.Invitation = &licensing.InvitationLine{
				ID: newest.ID, State: newest.State, Generation: newest.Generation, ExpiresAt: newest.ExpiresAt.Time,
				Delivery: licensing.MailState(p.Mail).Delivery(), Reason: string(newest.Reason),
			}
			if newest.State != licensing.InvitationAccepted && newest.State != licensing.InvitationCancelled {
				p.Invitation, p.ExpiresAt = opt(newest.State), newest.ExpiresAt
			} else {
				p.Mail = ""
			}
		}
		v.UserRow, v.Access, v.RegisteredAt = p.line(held), p.access(held), p.RegisteredAt.Time
		v.Hidden = all - len(v.Access)
		return t.markContacts(id, v.Access)
	})
	return v, err
}

// markContacts says of each License ID whether the contract names the user, or did so once (R34).
func (t *tx) markContacts(user licensing.UserID, access []licensing.AccessEntry) error {
	var rows []struct {
		License licensing.LicenseID   `db:"license_id"`
		Kind    licensing.ContactKind `db:"kind"`
		Former  bool                  `db:"former"`
	}
	err := t.all(&rows, `
		SELECT license_id, kind, until IS NOT NULL AS former
		FROM contacts
		WHERE user_id = ?
		ORDER BY license_id, kind`, user)
	for n := range access {
		e := &access[n]
		for _, r := range rows {
			switch {
			case r.License != e.License:
			case r.Former:
				e.FormerContact = true
			default:
				e.Contact = append(e.Contact, r.Kind)
			}
		}
		e.FormerContact = e.FormerContact && len(e.Contact) == 0
	}
	return err
}

// seen reads a user whom the caller may see, with what the caller may see of the user's roles.
func (t *tx) seen(org licensing.OrgID, caller, id licensing.UserID) (listed, []heldRow, error) {
	hidden := missingUser(nil)
	ok, err := t.active(org, caller)
	if err != nil || !ok || !ids(string(id)) {
		return listed{}, nil, either(err, hidden)
	}
	u, err := t.user(org, id)
	if err != nil || u == nil {
		return listed{}, nil, either(err, hidden)
	}
	held, err := t.visible(caller, []licensing.UserID{id})
	if err != nil || len(held[id]) == 0 {
		return listed{}, nil, either(err, hidden)
	}
	return listed{userRow: *u}, held[id], nil
}

func either(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (t *tx) newestInvitation(user licensing.UserID) (*invitationRow, error) {
	var rows []invitationRow
	err := t.all(&rows, selectInvitation+` WHERE i.user_id = ?`+newestFirst, user)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// welcomeState is the state of the newest welcome mail of the invitation.
func welcomeState(i invitationRow, mails []licensing.MailLine) licensing.MailState {
	for _, m := range slices.Backward(mails) {
		if m.Kind == licensing.MailWelcome && strings.HasPrefix(string(m.ID), string(i.ID)) {
			return m.State
		}
	}
	return ""
}

// newestMails is how many mails View access shows.
const newestMails = 50

// mailsTo returns the newest mails about the user's own roles, oldest first. A mail about changes on License IDs that the
// caller may not see is left out (R43).
func (t *tx) mailsTo(user licensing.UserID, held []heldRow) ([]licensing.MailLine, error) {
	var rows []struct {
		ledgerRow
		SettledAt moment `db:"settled_at"`
		Code      int    `db:"code"`
		Answer    opt    `db:"answer"`
	}
	err := t.all(&rows, `
		SELECT m.id, m.kind, m.data, m.state, m.queued_at, m.settled_at, m.attempts, m.unknown, COALESCE(m.code, 0) AS code, m.answer
		FROM mails m
		WHERE m.user_id = ? AND m.kind IN ('welcome', 'reminder', 'registered', 'changes')
		ORDER BY m.queued_at DESC, m.id DESC
		LIMIT ?`, user, newestMails)
	out := []licensing.MailLine{}
	for _, m := range slices.Backward(rows) {
		if m.Kind == licensing.MailChanges && !touches(m.Data, held) {
			continue
		}
		out = append(out, licensing.MailLine{
			ID: m.ID, Kind: m.Kind, State: m.State, QueuedAt: m.QueuedAt.Time, SettledAt: m.SettledAt.Time,
			Attempts: m.Attempts, Unknown: m.Unknown, Code: m.Code, Answer: string(m.Answer),
		})
	}
	return out, err
}

// touches says whether a mail about changes names one of the License IDs.
func touches(data string, held []heldRow) bool {
	var d struct {
		Verdicts []licensing.Verdict `json:"verdicts"`
	}
	if json.Unmarshal([]byte(data), &d) != nil {
		return false
	}
	return slices.ContainsFunc(d.Verdicts, func(v licensing.Verdict) bool {
		return slices.ContainsFunc(held, func(h heldRow) bool { return h.LicenseID == v.License })
	})
}

// maxHistory is how many lines History returns at most.
const maxHistory = 1000

// History returns the newest lines of a user's audit on the License IDs that the caller administers, oldest first (R35).
// Limit 0 is the most, a thousand.
func (s *Store) History(ctx context.Context, org licensing.OrgID, caller, user licensing.UserID, limit int) ([]licensing.HistoryLine, error) {
	return s.HistoryBefore(ctx, org, caller, user, limit, 0)
}

// HistoryBefore is History for the lines before the one with the id, 0 for the newest; behind the oldest there are none.
func (s *Store) HistoryBefore(ctx context.Context, org licensing.OrgID, caller, user licensing.UserID, limit int, before int64) ([]licensing.HistoryLine, error) {
	newest := before <= 0
	if newest {
		before = math.MaxInt64
	}
	if limit <= 0 || limit > maxHistory {
		limit = maxHistory
	}
	out := []licensing.HistoryLine{}
	err := s.read(ctx, "read history", func(t *tx) error {
		hidden := missingUser(nil)
		ok, err := t.active(org, caller)
		if err != nil || !ok || !ids(string(user)) {
			return either(err, hidden)
		}
		var rows []struct {
			auditRow
			ID   int64 `db:"id"`
			Name opt   `db:"name"`
		}
		err = t.all(&rows, `
			SELECT a.id, a.at, a.actor, a.action, a.outcome, a.license_id, a.rule, a.before, a.after, a.detail, u.name
			FROM audit a`+mine+`
			LEFT JOIN users u ON u.id = a.actor AND u.org_id = a.org_id
			WHERE a.user_id = ? AND a.org_id = ? AND a.id < ?
			ORDER BY a.id DESC
			LIMIT ?`, caller, user, org, before, limit)
		if err != nil {
			return err
		}
		for _, r := range slices.Backward(rows) {
			out = append(out, licensing.HistoryLine{
				ID: r.ID, At: r.At.Time, ActorID: licensing.UserID(r.Actor), Actor: string(r.Name), Action: r.Action, Outcome: r.Outcome, License: licensing.LicenseID(r.LicenseID),
				Rule: string(r.Rule), Before: licensing.Status(r.Before), After: licensing.Status(r.After), Detail: r.Detail,
			})
		}
		if len(out) == 0 && newest {
			_, _, err = t.seen(org, caller, user)
		}
		return err
	})
	return out, err
}

// UserBySignIn finds a user by the sign-in e-mail.
func (s *Store) UserBySignIn(ctx context.Context, org licensing.OrgID, email licensing.Email) (licensing.UserID, error) {
	if !ids(string(org)) {
		return "", fmt.Errorf("find user: %w", missingUser(nil))
	}
	var id licensing.UserID
	err := s.reads.GetContext(ctx, &id, s.reads.Rebind(`SELECT id FROM users WHERE org_id = ? AND sign_in_key = ?`), org, email.Key())
	if err != nil {
		return "", fmt.Errorf("find user: %w", missing(err, "user"))
	}
	return id, nil
}

// OrganizationOf finds an organization by its id or by one of its domains.
func (s *Store) OrganizationOf(ctx context.Context, key string) (licensing.OrgID, error) {
	query := `SELECT org_id FROM organization_domains WHERE domain = ?`
	if ids(key) {
		query = `SELECT id FROM organizations WHERE id = ?`
	}
	var id licensing.OrgID
	if err := s.reads.GetContext(ctx, &id, s.reads.Rebind(query), strings.ToLower(strings.TrimSpace(key))); err != nil {
		return "", fmt.Errorf("find organization: %w", missing(err, "organization"))
	}
	return id, nil
}

// Organizations returns all organizations by name.
func (s *Store) Organizations(ctx context.Context) ([]licensing.Organization, error) {
	out := []licensing.Organization{}
	if err := s.reads.SelectContext(ctx, &out, `SELECT id, name FROM organizations ORDER BY name, id`); err != nil {
		return nil, fmt.Errorf("list organizations: %w", err)
	}
	return out, nil
}

// Agreements returns the License IDs that the caller administers directly, and with inherited those below, whose
// assignments the caller may change too (R68, R69).
func (s *Store) Agreements(ctx context.Context, org licensing.OrgID, caller licensing.UserID, inherited bool) ([]licensing.AgreementLine, error) {
	out := []licensing.AgreementLine{}
	err := s.read(ctx, "list agreements", func(t *tx) error {
		if ok, err := t.active(org, caller); err != nil || !ok {
			return err
		}
		var rows []struct {
			agreementRow
			Program string `db:"program"`
			Parent  opt    `db:"parent"`
			Active  bool   `db:"active"`
			Direct  bool   `db:"direct"`
		}
		err := t.all(&rows, `
			WITH RECURSIVE roots (license_id, direct) AS (
				SELECT g.license_id, true
				FROM grants g
				WHERE g.user_id = ? AND g.role = 'administrator' AND g.effective
				UNION
				SELECT p.license_id, false
				FROM preferences p
				JOIN contacts c ON c.license_id = p.license_id AND c.user_id = p.user_id AND c.until IS NULL AND c.kind <> 'bill_to'
				WHERE p.user_id = ? AND p.inherit
			), down (license_id, mine) AS (
				SELECT license_id, direct FROM roots
				UNION
				SELECT a.license_id, true FROM down JOIN agreements a ON a.parent = down.license_id
			)
			SELECT a.license_id, a.program, a.parent, a.processed_at, a.active,
				EXISTS (SELECT 1 FROM roots r WHERE r.license_id = a.license_id AND r.direct) AS direct
			FROM agreements a
			WHERE a.org_id = ? AND a.license_id IN (SELECT license_id FROM down WHERE mine)
			ORDER BY a.license_id`, caller, caller, org)
		if err != nil {
			return err
		}
		var all []licensing.LicenseID
		for _, r := range rows {
			all = append(all, r.LicenseID)
		}
		admins, err := t.activeAdmins(all)
		for _, r := range rows {
			if !r.Direct && !inherited {
				continue
			}
			out = append(out, licensing.AgreementLine{
				License: r.LicenseID, Program: r.Program, Parent: licensing.LicenseID(r.Parent), ProcessedAt: r.ProcessedAt.Time,
				Inactive: !r.Active, Inherited: !r.Direct, Admins: len(admins[r.LicenseID]),
			})
		}
		return err
	})
	return out, err
}

// InvitationPage returns what the page behind an invitation's link shows: what waits for whoever registers, and no name
// of any admin (R35). Of an invitation that has ended it shows no roles (R29).
func (s *Store) InvitationPage(ctx context.Context, id licensing.InvitationID) (licensing.InvitationView, error) {
	var v licensing.InvitationView
	err := s.read(ctx, "read invitation", func(t *tx) error {
		notFound := licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
		if !ids(string(id)) {
			return notFound
		}
		var i struct {
			invitationRow
			Organization string `db:"organization"`
		}
		err := t.get(&i, `
			SELECT i.user_id, i.state, i.generation, i.expires_at, o.name AS organization
			FROM invitations i
			JOIN organizations o ON o.id = i.org_id
			WHERE i.id = ?`, id)
		if err != nil {
			if missing(err, "") != err {
				err = notFound
			}
			return err
		}
		v = licensing.InvitationView{Organization: i.Organization, State: i.State, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time}
		if i.State == licensing.InvitationOpen || i.State == licensing.InvitationRefused {
			v.Access, err = t.entries(i.UserID, pending)
		}
		return err
	})
	return v, err
}
