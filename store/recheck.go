package store

import (
	"context"
	"database/sql"
	"errors"

	"vlroles/licensing"
)

// Recheck looks for a person who shows as User not found in the directory, and gives back what the
// person had, on every License ID (R86).
func (s *Store) Recheck(ctx context.Context, c licensing.Command) (licensing.Rechecked, error) {
	q := commandRequest(licensing.AuditRecheck, c)
	return carryOut(ctx, s, q, func(t *tx) (licensing.Rechecked, []licensing.OutboxEntry, error) {
		r := t.newDirectoryImport(c.Org, c.Request)
		if err := r.lockOrganization(); err != nil {
			return licensing.Rechecked{}, nil, err
		}
		seen, err := t.command(c)
		if err != nil {
			return licensing.Rechecked{}, nil, err
		}
		if err := r.recheck(&seen.user); err != nil {
			return licensing.Rechecked{}, nil, err
		}
		line := commandLine(licensing.AuditRecheck, "R86", c)
		line.before = licensing.StatusUserNotFound
		if _, err := t.auditEverywhere(line); err != nil {
			return licensing.Rechecked{}, nil, err
		}
		r.tell(&seen.user)
		return licensing.Rechecked{User: c.User, Licenses: seen.mine, Work: len(r.work)}, r.work, nil
	})
}

// recheck finds the person in the directory and binds the profile to that entry.
func (c *directoryImport) recheck(u *userRow) error {
	found, err := c.entryOf(u)
	if err != nil {
		return err
	}
	if err := licensing.MayRecheck(u.Person(), found != nil); err != nil {
		return err
	}
	if err := c.load([]licensing.DirectoryPerson{found.person()}); err != nil {
		return err
	}
	bound := c.byObject[found.ObjectID]
	if err := licensing.MayRecheckAs(bound == nil || bound.ID == u.ID); err != nil {
		return err
	}
	c.followAll([]licensing.DirectoryPerson{found.person()}, []int{0})
	if bound != nil {
		bound.InTenant = true
		c.changed[u.ID] = bound
	}
	return c.write()
}

// entryOf returns the person in the directory to whom the profile is bound or, of one that isn't bound, who has
// its address; nil for nobody who is present.
func (c *directoryImport) entryOf(u *userRow) (*personRow, error) {
	const by = `SELECT object_id, email, email_key, name, present FROM directory_people
		WHERE org_id = ? AND present AND `
	query, value := by+`object_id = ?`, string(u.ObjectID)
	if value == "" {
		query, value = by+`email_key = ?`, u.SignInKey
	}
	var found personRow
	err := c.get(&found, query, c.org, value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &found, err
}
