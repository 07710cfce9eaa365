package store

import (
	"context"
	"database/sql"
	"errors"

	"vlroles/licensing"
)

// Recheck looks for a person who shows as User not found in the directory, and gives back what the person had, on every
// License ID (R86).
func (s *Store) Recheck(ctx context.Context, c licensing.Command) (licensing.Rechecked, error) {
	var out licensing.Rechecked
	err := s.write(ctx, "re-check", func(t *tx) error {
		out = licensing.Rechecked{}
		known, err := t.claimRequest(c.Request, c.Org, c.By, "recheck", c, &out)
		if err != nil || known {
			return err
		}
		seen, err := t.command(c)
		if err != nil {
			return err
		}
		r := &roll{tx: t, org: c.Org, request: c.Request}
		if err := r.recheck(&seen.user); err != nil {
			return err
		}
		row := r.line("recheck", "R86", "")
		row.Actor, row.Before = opt(c.By), opt(licensing.UserNotFound)
		if _, err := t.auditAll(c.User, row); err != nil {
			return err
		}
		r.tell(&seen.user)
		out = licensing.Rechecked{User: c.User, Licenses: seen.mine, Work: len(r.work)}
		return t.answerRequest(c.Request, out, r.work)
	})
	if err != nil {
		s.refused(ctx, err, refusal(c, "recheck"))
	}
	return out, err
}

func (c *roll) recheck(u *userRow) error {
	var found personRow
	by, value := `object_id`, string(u.ObjectID)
	if value == "" {
		by, value = `email_key`, u.SignInKey
	}
	err := c.get(&found, `SELECT object_id, email, email_key, name, present FROM directory_people WHERE org_id = ? AND present AND `+by+` = ?`, c.org, value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := licensing.MayRecheck(u.Person(), err == nil); err != nil {
		return err
	}
	var other int
	if err := c.get(&other, `SELECT COUNT(*) FROM users WHERE org_id = ? AND object_id = ? AND id <> ?`, c.org, found.ObjectID, u.ID); err != nil {
		return err
	}
	if other > 0 {
		return licensing.Refuse(licensing.Conflict, "R47", "the person of the directory has another profile: delete this user and assign the roles there")
	}
	u.ObjectID, u.InTenant = opt(found.ObjectID), true
	return c.rename(u, licensing.DirectoryPerson{ObjectID: licensing.ObjectID(found.ObjectID), Email: licensing.Email(found.Email), Name: found.Name})
}
