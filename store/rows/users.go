package rows

import (
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// User is one person of an organization: a profile.
type User struct {
	ID            licensing.UserID     `db:"id"`
	OrgID         licensing.OrgID      `db:"org_id"`
	SignInEmail   string               `db:"sign_in_email"`
	SignInKey     string               `db:"sign_in_key"`
	BusinessEmail string               `db:"business_email"`
	Name          string               `db:"name"`
	NameKey       string               `db:"name_key"`
	Kind          licensing.PersonKind `db:"kind"`
	ObjectID      NullString           `db:"object_id"`
	RegisteredAt  Timestamp            `db:"registered_at"`
	CreatedAt     Timestamp            `db:"created_at"`
	InTenant      bool                 `db:"in_tenant"`
	Issuer        NullString           `db:"issuer"` // with Subject: who registered (L05)
	Subject       NullString           `db:"subject"`
}

// Person is the user as the rules know one.
func (u *User) Person() licensing.Person {
	return licensing.Person{Kind: u.Kind, Present: u.InTenant, RegisteredAt: u.RegisteredAt.Time}
}

// Rename gives the user another name, and the key by which lists sort it.
func (u *User) Rename(name string) { u.Name, u.NameKey = name, NameKey(name) }

// Address gives the user another sign-in email, and the key by which it is found.
func (u *User) Address(signIn licensing.Email) {
	u.SignInEmail, u.SignInKey = string(signIn), signIn.Key()
}

// SelectUser begins a query for users u.
const SelectUser = `
	SELECT u.id, u.org_id, u.sign_in_email, u.sign_in_key, u.business_email, u.name, u.name_key, u.kind,
		u.object_id, u.in_tenant, u.issuer, u.subject, u.registered_at, u.created_at
	FROM users u`

// User reads one user of the organization, nil for none.
func (q *Query) User(org licensing.OrgID, id licensing.UserID) (*User, error) {
	var u User
	err := q.Get(&u, SelectUser+` WHERE u.org_id = ? AND u.id = ?`, org, id)
	if NoRows(err) {
		return nil, nil
	}
	return &u, err
}

// NameKey is how the list sorts and finds names.
func NameKey(name string) string { return strings.ToLower(name) }

// NoRows says whether a Get failed because there is no such row.
func NoRows(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Missing turns "no rows" into a NotFound that names what there is not.
func Missing(err error, what string) error {
	if NoRows(err) {
		return licensing.Refuse(licensing.NotFound, "", "there is no such %s", what)
	}
	return err
}

// MissingUser is the error, and where there is none the refusal that tells nothing of a user (R43).
func MissingUser(err error) error {
	if err != nil {
		return err
	}
	return licensing.Hidden()
}

// IDs says whether all are UUIDs in their one canonical form (RFC 9562: 36 characters, lower case), as every
// id of ours is. PostgreSQL takes other forms too and finds the same row by them, SQLite doesn't.
func IDs(in ...string) bool {
	return !slices.ContainsFunc(in, func(s string) bool {
		id, err := uuid.Parse(s)
		return err != nil || id.String() != s
	})
}

// Unique sorts and drops what is there twice.
func Unique[T ~string](in []T) []T {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}
