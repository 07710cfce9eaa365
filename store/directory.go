package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"vlroles/licensing"
)

// Directory takes in what a tenant says of some of its people (R47, R84–R86). Whoever left has no access from
// this transaction on; the License IDs that lost their last active admin by it are named and audited (R33).
func (s *Store) Directory(
	ctx context.Context, d licensing.DirectoryChange,
) (licensing.DirectoryAnswer, error) {
	d, err := d.Check()
	if err != nil {
		return licensing.DirectoryAnswer{}, err
	}
	q := request{id: d.ID, org: d.Org, action: licensing.AuditDirectory, content: d}
	return carryOut(ctx, s, q, func(t *tx) (licensing.DirectoryAnswer, []licensing.OutboxEntry, error) {
		c := &directoryImport{tx: t, org: d.Org, request: d.ID, field: "people"}
		err := c.take(d.People)
		return c.answer, c.work, err
	})
}

// directoryImport is one taking-in of directory people.
type directoryImport struct {
	*tx
	org     licensing.OrgID
	request licensing.RequestID
	field   string // of the input, for refusals

	answer licensing.DirectoryAnswer
	work   []licensing.OutboxEntry
}

// take goes through those who left first: their addresses are free for others then.
func (c *directoryImport) take(people []licensing.DirectoryPerson) error {
	held, err := c.lockAdministered(people)
	if err != nil {
		return err
	}
	for _, left := range []bool{true, false} {
		for n, p := range people {
			if p.Left != left {
				continue
			}
			if err := c.one(p); err != nil {
				var e *licensing.Error
				if errors.As(err, &e) {
					return e.In(fmt.Sprintf("%s[%d]", c.field, n))
				}
				return err
			}
		}
	}
	return c.orphans(held)
}

// lockAdministered locks the License IDs that may lose an admin, as a save does that removes one (R33).
func (c *directoryImport) lockAdministered(
	people []licensing.DirectoryPerson,
) ([]licensing.LicenseID, error) {
	var objects []string
	for _, p := range people {
		if p.Left {
			objects = append(objects, string(p.ObjectID))
		}
	}
	var held []licensing.LicenseID
	for part := range slices.Chunk(objects, batch) {
		var some []licensing.LicenseID
		err := c.in(&some, `
			SELECT DISTINCT g.license_id
			FROM users u
			JOIN grants g ON g.user_id = u.id
			WHERE u.org_id = ? AND u.object_id IN (?) AND u.in_tenant AND u.registered_at IS NOT NULL
				AND g.role = 'administrator' AND g.effective`, c.org, part)
		if err != nil {
			return nil, err
		}
		held = append(held, some...)
	}
	held = unique(held)
	return held, c.lockAgreements(held)
}

// one takes in one person.
func (c *directoryImport) one(p licensing.DirectoryPerson) error {
	var old personRow
	err := c.get(&old, `SELECT object_id, email, email_key, name, present FROM directory_people
		WHERE org_id = ? AND object_id = ?`, c.org, p.ObjectID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if old == (personRow{string(p.ObjectID), string(p.Email), p.Email.Key(), p.Name, !p.Left}) {
		return nil
	}
	if !p.Left {
		if err := c.addressFree(p); err != nil {
			return err
		}
	}
	c.answer.Changed++
	_, err = c.exec(`
		INSERT INTO directory_people (org_id, object_id, email, email_key, name, present, changed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (org_id, object_id) DO UPDATE
		SET email = excluded.email, email_key = excluded.email_key, name = excluded.name,
			present = excluded.present, changed_at = excluded.changed_at`,
		c.org, p.ObjectID, string(p.Email), p.Email.Key(), p.Name, !p.Left, ts(c.now))
	if err != nil {
		return err
	}
	return c.follow(p, old)
}

// addressFree refuses the address of somebody else who is present.
func (c *directoryImport) addressFree(p licensing.DirectoryPerson) error {
	var other int
	err := c.get(&other, `SELECT COUNT(*) FROM directory_people
		WHERE org_id = ? AND email_key = ? AND object_id <> ? AND present`, c.org, p.Email.Key(), p.ObjectID)
	if err == nil && other > 0 {
		return licensing.Refuse(licensing.Conflict, "R47",
			"another person who is present has this address").In("email")
	}
	return err
}

// follow brings the VL user of the person along.
func (c *directoryImport) follow(p licensing.DirectoryPerson, old personRow) error {
	if p.Left {
		u, err := c.profileOf(p.ObjectID)
		if err != nil || u == nil || !u.InTenant {
			return err
		}
		return c.leaves(u)
	}
	if err := c.park(p); err != nil {
		return err
	}
	u, err := c.profileOf(p.ObjectID)
	if err != nil {
		return err
	}
	if u == nil {
		return c.bind(p)
	}
	if !u.InTenant && !old.Present {
		c.answer.Returned = append(c.answer.Returned, u.ID)
		line := c.line(u.ID, licensing.AuditDirectoryReturned, "R86")
		line.after = licensing.StatusUserNotFound
		if _, err := c.auditEverywhere(line); err != nil {
			return err
		}
	}
	return c.rename(u, p)
}

// profileOf locks and returns the VL user who is bound to the object, nil for none.
func (t *directoryImport) profileOf(object licensing.ObjectID) (*userRow, error) {
	var u userRow
	err := t.get(&u, t.lock(selectUser+` WHERE u.org_id = ? AND u.object_id = ?`, "u"), t.org, object)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &u, err
}

// leaves ends the access of a person who left (R84).
func (c *directoryImport) leaves(u *userRow) error {
	u.InTenant = false
	if err := c.updateUser(*u); err != nil {
		return err
	}
	c.answer.Left = append(c.answer.Left, u.ID)
	c.tell(u)
	line := c.line(u.ID, licensing.AuditDirectoryLeft, "R84")
	line.after = licensing.StatusUserNotFound
	_, err := c.auditEverywhere(line)
	return err
}

// tell has the downstream system told what the person has now.
func (c *directoryImport) tell(u *userRow) {
	if u.Person().Registered() {
		c.work = append(c.work, tell(c.org, c.request, u.ID))
		c.answer.Work = len(c.work)
	}
}

// line begins an audit line of the import.
func (c *directoryImport) line(user licensing.UserID, action licensing.AuditAction, rule string) auditLine {
	return auditLine{org: c.org, request: c.request, user: user, action: action, rule: rule}
}

// park takes the address away from the profile of whoever had it before: it is another person's now, who
// inherits nothing (R47). No address contains a blank, so nobody finds the profile by it.
func (c *directoryImport) park(p licensing.DirectoryPerson) error {
	_, err := c.exec(`
		UPDATE users
		SET sign_in_key = object_id || ' ' || sign_in_key
		WHERE org_id = ? AND sign_in_key = ? AND object_id IS NOT NULL AND object_id <> ?`,
		c.org, p.Email.Key(), p.ObjectID)
	return err
}

// bind gives a profile that the directory did not know the object of the
// person who has its address now (R57).
func (c *directoryImport) bind(p licensing.DirectoryPerson) error {
	var u userRow
	err := c.get(&u, c.lock(selectUser+` WHERE u.org_id = ? AND u.sign_in_key = ? AND u.kind = 'internal'
		AND u.object_id IS NULL`, "u"), c.org, p.Email.Key())
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	u.ObjectID, u.InTenant = nullString(p.ObjectID), true
	u.Rename(p.Name)
	if err := c.updateUser(u); err != nil {
		return err
	}
	_, err = c.auditEverywhere(c.line(u.ID, licensing.AuditDirectoryFound, "R57"))
	return err
}

// rename gives the profile the directory's name and address. A business email that was the old address moves
// along; an address that an external profile has stays with that one.
func (c *directoryImport) rename(u *userRow, p licensing.DirectoryPerson) error {
	u.Rename(p.Name)
	if u.SignInKey != p.Email.Key() {
		var taken int
		err := c.get(&taken, `SELECT COUNT(*) FROM users WHERE org_id = ? AND sign_in_key = ?`, c.org,
			p.Email.Key())
		if err != nil {
			return err
		}
		if taken == 0 {
			if licensing.Email(u.BusinessEmail).Key() == licensing.Email(u.SignInEmail).Key() {
				u.BusinessEmail = string(p.Email)
			}
			u.Address(p.Email)
			if _, err := c.auditEverywhere(c.line(u.ID, licensing.AuditDirectoryAddress, "R47")); err != nil {
				return err
			}
		}
	}
	return c.updateUser(*u)
}

// orphans names the License IDs that have no active admin any more (R33).
func (c *directoryImport) orphans(held []licensing.LicenseID) error {
	admins, err := c.ActiveAdmins(held)
	if err != nil {
		return err
	}
	for _, l := range held {
		if len(admins[l]) > 0 {
			continue
		}
		c.answer.Orphaned = append(c.answer.Orphaned, l)
		line := c.line("", licensing.AuditOrphaned, "R33")
		line.license = l
		if err := c.audit(line); err != nil {
			return err
		}
	}
	return nil
}

type personRow struct {
	ObjectID string `db:"object_id"`
	Email    string `db:"email"`
	EmailKey string `db:"email_key"`
	Name     string `db:"name"`
	Present  bool   `db:"present"`
}

func tell(org licensing.OrgID, id licensing.RequestID, user licensing.UserID) licensing.OutboxEntry {
	return licensing.OutboxEntry{Kind: licensing.OutboxAssign, Org: org, Request: id, User: user,
		Propagation: licensing.Propagation{Change: licensing.ChangeID(id), Removed: true}}
}

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
		out[n] = licensing.DirectoryPerson{ObjectID: licensing.ObjectID(r.ObjectID),
			Email: licensing.Email(r.Email), Name: r.Name}
	}
	return out, nil
}
