package store

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// directory is what the tenant knows of some addresses.
type directory struct {
	domains []string
	people  map[string]directoryRow // by email key
}

type directoryRow struct {
	ObjectID string `db:"object_id"`
	Email    string `db:"email"`
	EmailKey string `db:"email_key"`
	Name     string `db:"name"`
}

func (t *tx) directory(org licensing.OrgID, keys []string) (directory, error) {
	d := directory{people: map[string]directoryRow{}}
	if err := t.all(&d.domains, `SELECT domain FROM organization_domains WHERE org_id = ?`, org); err != nil {
		return d, err
	}
	for part := range slices.Chunk(keys, batch) {
		var rows []directoryRow
		// Locked, so that whoever leaves meanwhile is seen by one of the two: here, or by
		// the event that finds the new profile.
		err := t.in(&rows, t.lock(`
			SELECT d.object_id, d.email, d.email_key, d.name
			FROM directory_people d
			WHERE d.org_id = ? AND d.present AND d.email_key IN (?)
			ORDER BY d.object_id`, "d"), org, part)
		if err != nil {
			return d, err
		}
		for _, r := range rows {
			d.people[r.EmailKey] = r
		}
	}
	return d, nil
}

// newcomer makes the row of a person whom an admin adds (R44, R63, R64): internal people come from the
// directory with their name, external ones with the name that the admin types.
func (d directory) newcomer(
	signIn, business licensing.Email, name string, now time.Time,
) (userRow, *licensing.Error) {
	u := userRow{ID: licensing.UserID(uuid.NewString()), Kind: licensing.External, InTenant: true,
		CreatedAt: ts(now)}
	u.Address(signIn)
	u.BusinessEmail = string(business)
	if business == "" {
		u.BusinessEmail = string(signIn)
	}
	if p, ok := d.people[signIn.Key()]; ok {
		u.Kind, u.ObjectID = licensing.Internal, nullString(p.ObjectID)
		name = licensing.CleanName(p.Name)
		if name == "" {
			name = string(signIn)
		}
	} else if slices.Contains(d.domains, signIn.Domain()) {
		u.Kind, u.InTenant = licensing.Internal, false
		u.Rename(name)
		return u, licensing.Refuse(licensing.NotFound, "R63",
			"the address is one of your organization's, "+
				"but nobody in its directory has it: check the address").In("sign_in_email")
	}
	u.Rename(name)
	if name == "" {
		return u, licensing.Refuse(licensing.Invalid, "R44",
			"the full name of an external person is missing").In("name")
	}
	return u, nil
}
