package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"vlroles/licensing"
)

// Recheck looks for a person who shows as User not found in the directory, and gives back what the person had
// on the License IDs that the caller administers. The rest stays suspended until an admin there says so (R86).
func (s *Store) Recheck(ctx context.Context, c licensing.Command) (licensing.Rechecked, error) {
	q := commandRequest(licensing.AuditRecheck, c)
	return carryOut(ctx, s, q, func(t *tx) (licensing.Rechecked, []licensing.OutboxEntry, error) {
		r := t.newDirectoryImport(q)
		if err := r.lockOrganization(); err != nil {
			return licensing.Rechecked{}, nil, err
		}
		u, mine, err := t.commandOnAbsent(c)
		if err != nil {
			return licensing.Rechecked{}, nil, err
		}
		on, err := r.recheck(u, mine)
		if err != nil {
			return licensing.Rechecked{}, nil, err
		}
		line := commandLine(licensing.AuditRecheck, "R86", c)
		line.before = licensing.StatusUserNotFound
		if err := t.audit(line.on(on)...); err != nil {
			return licensing.Rechecked{}, nil, err
		}
		r.tell(u)
		return licensing.Rechecked{User: c.User, Licenses: on, Work: len(r.work)}, r.work, nil
	})
}

// commandOnAbsent reads what a re-check is about: the user, locked, and on which License IDs that he has
// something on, or is a contact of, the caller may decide. A caller who may on none learns only that there is
// no such user (R05, R43).
func (t *tx) commandOnAbsent(c licensing.Command) (*userRow, []licensing.LicenseID, error) {
	rows, err := t.lockUsers(c.Org, []string{string(c.User)}, nil)
	if err != nil || len(rows) == 0 {
		return nil, nil, missingUser(err)
	}
	var all []licensing.LicenseID
	err = t.all(&all, `
		SELECT license_id FROM assignments WHERE user_id = ?
		UNION
		SELECT license_id FROM contacts WHERE user_id = ? AND until IS NULL
		ORDER BY license_id`, c.User, c.User)
	if err != nil {
		return nil, nil, err
	}
	may, err := t.Administers(c.Org, c.By, all)
	if err != nil {
		return nil, nil, err
	}
	mine := slices.DeleteFunc(all, func(l licensing.LicenseID) bool { return !may[l] })
	if len(mine) == 0 {
		return nil, nil, missingUser(nil)
	}
	return &rows[0], mine, nil
}

// recheck finds the person in the directory, binds the profile to that entry, and gives back what is suspended
// on the License IDs. It returns those on which the person is found by it.
func (c *directoryImport) recheck(u *userRow, mine []licensing.LicenseID) ([]licensing.LicenseID, error) {
	found, err := c.entryOf(u)
	if err != nil {
		return nil, err
	}
	waits, err := c.suspended(u.ID)
	if err != nil {
		return nil, err
	}
	back := slices.DeleteFunc(waits, func(l licensing.LicenseID) bool { return !slices.Contains(mine, l) })
	if err := licensing.MayRecheck(u.Person(), found != nil, len(back) > 0); err != nil {
		return nil, err
	}
	if !u.InTenant {
		if err := c.find(u, *found); err != nil {
			return nil, err
		}
		back = mine
	}
	return back, c.unsuspend(u.ID, back, true)
}

// find binds the profile to the person in the directory, who is there.
func (c *directoryImport) find(u *userRow, found personRow) error {
	people := []licensing.DirectoryPerson{found.person()}
	if err := c.load(people); err != nil {
		return err
	}
	bound := c.byObject[found.ObjectID]
	if err := licensing.MayRecheckAs(bound == nil || bound.ID == u.ID); err != nil {
		return err
	}
	c.followAll(people, []int{0})
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
