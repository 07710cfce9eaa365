package store

import (
	"context"
	"slices"

	"vlroles/licensing"
)

// Directory takes in what a tenant says of some of its people (R47, R84–R86). Whoever left has no access from
// this transaction on; the License IDs that lost their last active admin by it are named and audited (R33).
// Odd entries are left out and named in the answer. A change takes as many statements for a thousand people
// as for one, up to the size of a statement.
func (s *Store) Directory(
	ctx context.Context, d licensing.DirectoryChange,
) (licensing.DirectoryAnswer, error) {
	d, form := d.Check()
	q := request{form: form, id: d.ID, org: d.Org, action: licensing.AuditDirectory,
		who: licensing.Principal{Kind: licensing.ByDirectory}, content: d}
	return carryOut(ctx, s, q, func(t *tx) (licensing.DirectoryAnswer, []licensing.OutboxEntry, error) {
		c := t.newDirectoryImport(q)
		err := c.take(d.People)
		return c.answer, c.work, err
	})
}

// directoryImport is one taking-in of directory people: load, sift, follow, write.
type directoryImport struct {
	*tx
	org     licensing.OrgID
	request licensing.RequestID
	by      licensing.UserID    // the admin who re-checks, "" for another principal
	who     licensing.Principal // the tenant, or a partner (L04)

	known    map[licensing.ObjectID]personRow // of the people of the change
	holders  map[string]licensing.ObjectID    // who is present with an address of the change
	domains  []string
	byObject map[licensing.ObjectID]*userRow // profiles that are bound to people of the change
	byKey    map[string]*userRow             // profiles that have an address of the change
	keys     map[licensing.UserID]string     // the sign-in keys of these profiles before the change

	entries []personRow // of the directory, to write
	freed   []licensing.ObjectID
	changed map[licensing.UserID]*userRow
	left    []licensing.UserID
	lines   []auditLine // each is written once for each License ID of its user

	answer licensing.DirectoryAnswer
	work   []licensing.OutboxEntry
}

func (t *tx) newDirectoryImport(q request) *directoryImport {
	return &directoryImport{
		tx: t, org: q.org, request: q.id, by: q.by, who: q.who,
		known: map[licensing.ObjectID]personRow{}, holders: map[string]licensing.ObjectID{},
		byObject: map[licensing.ObjectID]*userRow{}, byKey: map[string]*userRow{},
		keys: map[licensing.UserID]string{}, changed: map[licensing.UserID]*userRow{},
	}
}

// take takes in what is not odd.
func (c *directoryImport) take(people []licensing.DirectoryPerson) error {
	if len(people) == 0 {
		return nil
	}
	people, odd := licensing.Tidy(people)
	if err := c.lockOrganization(); err != nil {
		return err
	}
	held, err := c.lockAdministered(people)
	if err != nil {
		return err
	}
	if err := c.load(people); err != nil {
		return err
	}
	now, err := c.administered(people) // an Administrator may have become effective before the users were locked
	if err != nil {
		return err
	}
	sifted := licensing.Sift(people, odd, licensing.Registry{Holders: c.holders, Foreign: c.foreign()})
	c.answer.Odd = sifted.Odd
	c.followAll(people, sifted.Taken)
	if err := c.write(); err != nil {
		return err
	}
	return c.orphans(unique(append(held, now...)))
}

// lockOrganization lets the changes of one directory follow one another.
func (c *directoryImport) lockOrganization() error {
	var id licensing.OrgID
	return c.get(&id, c.lock(`SELECT o.id FROM organizations o WHERE o.id = ?`, "o"), c.org)
}

// lockAdministered locks the License IDs that may lose an admin, as a save does that removes one (R33).
func (c *directoryImport) lockAdministered(
	people []licensing.DirectoryPerson,
) ([]licensing.LicenseID, error) {
	held, err := c.administered(people)
	if err != nil {
		return nil, err
	}
	return held, c.lockAgreements(held)
}

// administered returns of which License IDs those who leave are active admins.
func (c *directoryImport) administered(people []licensing.DirectoryPerson) ([]licensing.LicenseID, error) {
	var objects []licensing.ObjectID
	for _, p := range people {
		if p.Left {
			objects = append(objects, p.ObjectID)
		}
	}
	held, err := inParts[licensing.LicenseID](c.tx, `
		SELECT DISTINCT g.license_id
		FROM users u
		JOIN grants g ON g.user_id = u.id
		WHERE u.org_id = ? AND u.object_id IN (?) AND u.in_tenant AND u.registered_at IS NOT NULL
			AND g.role = 'administrator' AND g.effective`, objects, c.org)
	return unique(held), err
}

// load locks and reads the profiles and the directory's entries of the people. Profiles are looked for once
// more when the entries are locked: one that a save has made meanwhile is seen then.
func (c *directoryImport) load(people []licensing.DirectoryPerson) error {
	var objects []licensing.ObjectID
	var keys []string
	for _, p := range people {
		objects = append(objects, p.ObjectID)
		if !p.Left && p.Email != "" {
			keys = append(keys, p.Email.Key())
		}
	}
	objects, keys = unique(objects), unique(keys)
	if err := c.loadUsers(objects, keys); err != nil {
		return err
	}
	if err := c.loadEntries(objects, keys); err != nil {
		return err
	}
	if err := c.loadUsers(objects, keys); err != nil {
		return err
	}
	return c.all(&c.domains, `SELECT domain FROM organization_domains WHERE org_id = ?`, c.org)
}

// loadUsers locks and reads the profiles that it hasn't read yet.
func (c *directoryImport) loadUsers(objects []licensing.ObjectID, keys []string) error {
	found, err := inParts[licensing.UserID](c.tx,
		`SELECT id FROM users WHERE org_id = ? AND object_id IN (?)`, objects, c.org)
	if err != nil {
		return err
	}
	more, err := inParts[licensing.UserID](c.tx,
		`SELECT id FROM users WHERE org_id = ? AND sign_in_key IN (?)`, keys, c.org)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(unique(append(found, more...)), func(id licensing.UserID) bool {
		_, read := c.keys[id]
		return read
	})
	users, err := inParts[userRow](c.tx, c.lock(selectUser+` WHERE u.id IN (?) ORDER BY u.id`, "u"), found)
	for n := range users {
		u := &users[n]
		c.keys[u.ID], c.byKey[u.SignInKey] = u.SignInKey, u
		if u.ObjectID != "" {
			c.byObject[licensing.ObjectID(u.ObjectID)] = u
		}
	}
	return err
}

// loadEntries locks and reads what the directory knows of these people, and of who has their addresses.
func (c *directoryImport) loadEntries(objects []licensing.ObjectID, keys []string) error {
	const entries = `SELECT d.org_id, d.object_id, d.email, d.email_key, d.name, d.present
		FROM directory_people d `
	found, err := inParts[personRow](c.tx,
		c.lock(entries+`WHERE d.org_id = ? AND d.object_id IN (?) ORDER BY d.object_id`, "d"), objects, c.org)
	if err != nil {
		return err
	}
	for _, r := range found {
		c.known[r.ObjectID] = r
	}
	found, err = inParts[personRow](c.tx,
		entries+`WHERE d.org_id = ? AND d.present AND d.email_key IN (?)`, keys, c.org)
	for _, r := range found {
		c.holders[r.EmailKey] = r.ObjectID
	}
	return err
}

// foreign returns the addresses of external people for which the organization's directory doesn't vouch.
func (c *directoryImport) foreign() map[string]bool {
	out := map[string]bool{}
	for key, u := range c.byKey {
		domain := licensing.Email(u.SignInEmail).Domain()
		if u.ObjectID == "" && u.Kind == licensing.External && !slices.Contains(c.domains, domain) {
			out[key] = true
		}
	}
	return out
}

// write writes the directory's entries and the profiles. Addresses are given up before others get them.
func (c *directoryImport) write() error {
	err := execIn(c.tx, `UPDATE directory_people SET present = false WHERE org_id = ? AND object_id IN (?)`,
		c.freed, c.org)
	if err != nil {
		return err
	}
	for n := range c.entries {
		c.entries[n].OrgID, c.entries[n].ChangedAt = c.org, ts(c.now)
	}
	if err := insert(c.tx, upsertPerson, c.entries); err != nil {
		return err
	}
	if err := c.writeUsers(); err != nil {
		return err
	}
	if err := c.suspend(c.left); err != nil {
		return err
	}
	return c.auditLines()
}

func (c *directoryImport) writeUsers() error {
	var users []userRow
	var moved []licensing.UserID
	for _, u := range c.changed {
		users = append(users, *u)
		if u.SignInKey != c.keys[u.ID] {
			moved = append(moved, u.ID)
		}
	}
	// two people may swap addresses, and no two rows may have the same one even in between
	err := execIn(c.tx, `UPDATE users SET sign_in_key = id || ' ' || sign_in_key WHERE id IN (?)`, moved)
	if err != nil {
		return err
	}
	return insert(c.tx, upsertUser, users)
}

// auditLines writes each line once for each License ID of its user.
func (c *directoryImport) auditLines() error {
	var users []licensing.UserID
	for _, l := range c.lines {
		users = append(users, l.user)
	}
	found, err := inParts[assignmentRow](c.tx, `
		SELECT user_id, license_id
		FROM assignments
		WHERE user_id IN (?)
		ORDER BY user_id, license_id`, unique(users))
	if err != nil {
		return err
	}
	has := map[licensing.UserID][]licensing.LicenseID{}
	for _, a := range found {
		has[a.UserID] = append(has[a.UserID], a.LicenseID)
	}
	var lines []auditLine
	for _, l := range c.lines {
		lines = append(lines, l.on(has[l.user])...)
	}
	return c.audit(lines...)
}

// orphans names the License IDs that have no active admin any more (R33).
func (c *directoryImport) orphans(held []licensing.LicenseID) error {
	admins, err := c.ActiveAdmins(held)
	if err != nil {
		return err
	}
	var lines []auditLine
	for _, l := range held {
		if len(admins[l]) > 0 {
			continue
		}
		c.answer.Orphaned = append(c.answer.Orphaned, l)
		line := c.line("", licensing.AuditOrphaned, "R33")
		line.license = l
		lines = append(lines, line)
	}
	return c.audit(lines...)
}

// personRow is a person of the directory.
type personRow struct {
	OrgID     licensing.OrgID    `db:"org_id"`
	ObjectID  licensing.ObjectID `db:"object_id"`
	Email     licensing.Email    `db:"email"`
	EmailKey  string             `db:"email_key"`
	Name      string             `db:"name"`
	Present   bool               `db:"present"`
	ChangedAt timestamp          `db:"changed_at"`
}

// person is the row as the rules know one.
func (r personRow) person() licensing.DirectoryPerson {
	return licensing.DirectoryPerson{ObjectID: r.ObjectID, Email: r.Email, Name: r.Name, Left: !r.Present}
}

const upsertPerson = `
	INSERT INTO directory_people (org_id, object_id, email, email_key, name, present, changed_at)
	VALUES (:org_id, :object_id, :email, :email_key, :name, :present, :changed_at)
	ON CONFLICT (org_id, object_id) DO UPDATE
	SET email = excluded.email, email_key = excluded.email_key, name = excluded.name,
		present = excluded.present, changed_at = excluded.changed_at`

// Present returns everybody who is in an organization's tenant as far as is known.
func (s *Store) Present(ctx context.Context, org licensing.OrgID) ([]licensing.DirectoryPerson, error) {
	var known []personRow
	err := s.read(ctx, "read directory", func(t *tx) error {
		return t.all(&known, `
		SELECT object_id, email, email_key, name, present
		FROM directory_people
		WHERE org_id = ? AND present
			ORDER BY object_id`, org)
	})
	if err != nil {
		return nil, err
	}
	out := make([]licensing.DirectoryPerson, len(known))
	for n, r := range known {
		out[n] = r.person()
	}
	return out, nil
}
