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
	people  map[string]directoryRow // by e-mail key
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
		// Locked, so that whoever leaves meanwhile is seen by one of the two: here, or by the event that
		// finds the new profile.
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

// newcomer makes the row of a person who has no profile (R44, R63, R64): internal people come from the
// directory with their name, external ones with the name that was typed. The rules say whether the mandate
// may make it.
func (d directory) newcomer(p licensing.PersonChange, m licensing.Mandate, now time.Time) (userRow, error) {
	signIn, business, name := p.SignIn, p.Business, p.Name
	u := userRow{ID: licensing.UserID(uuid.NewString()), Kind: licensing.External, InTenant: true, CreatedAt: ts(now)}
	u.Address(signIn)
	u.BusinessEmail = string(business)
	if business == "" {
		u.BusinessEmail = string(signIn)
	}
	entry, listed := d.people[signIn.Key()]
	managed := slices.Contains(d.domains, signIn.Domain())
	switch {
	case listed:
		u.Kind, u.ObjectID = licensing.Internal, nullString(entry.ObjectID)
		name = licensing.CleanName(entry.Name)
		if name == "" {
			name = string(signIn)
		}
	case managed:
		u.Kind, u.InTenant = licensing.Internal, false
	}
	u.Rename(name)
	return u, licensing.MayCreate(licensing.Newcomer{Managed: managed, Listed: listed, Name: name}, m)
}
