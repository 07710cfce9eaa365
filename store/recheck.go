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
		seen, err := t.command(c)
		if err != nil {
			return licensing.Rechecked{}, nil, err
		}
		r := &directoryImport{tx: t, org: c.Org, request: c.Request}
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
	var found personRow
	by, value := `object_id`, string(u.ObjectID)
	if value == "" {
		by, value = `email_key`, u.SignInKey
	}
	err := c.get(&found, `SELECT object_id, email, email_key, name, present FROM directory_people
		WHERE org_id = ? AND present AND `+by+` = ?`, c.org, value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := licensing.MayRecheck(u.Person(), err == nil); err != nil {
		return err
	}
	var other int
	if err := c.get(&other, `SELECT COUNT(*) FROM users WHERE org_id = ? AND object_id = ? AND id <> ?`,
		c.org, found.ObjectID, u.ID); err != nil {
		return err
	}
	if err := licensing.MayRecheckAs(other == 0); err != nil {
		return err
	}
	u.ObjectID, u.InTenant = nullString(found.ObjectID), true
	return c.rename(u, licensing.DirectoryPerson{ObjectID: licensing.ObjectID(found.ObjectID),
		Email: licensing.Email(found.Email), Name: found.Name})
}
