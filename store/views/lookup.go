package views

import (
	"context"
	"strings"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// FindUser finds a user whom the caller may see by the sign-in email. Of any other, and of none, it says the
// same (R43).
func (v *Views) FindUser(
	ctx context.Context, org licensing.OrgID, caller licensing.UserID, email licensing.Email,
) (licensing.UserID, error) {
	var id licensing.UserID
	err := v.read(ctx, "find user", func(q *snapshot) error {
		if ok, err := q.Active(org, caller); err != nil || !ok {
			return rows.MissingUser(err)
		}
		err := q.Get(&id, `SELECT id FROM users WHERE org_id = ? AND sign_in_key = ?`, org, email.Key())
		if rows.NoRows(err) {
			return rows.MissingUser(nil)
		}
		if err != nil {
			return err
		}
		if ok, err := q.MaySee(org, caller, id); err != nil || !ok {
			return rows.MissingUser(err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// UserBySignIn finds a user by the sign-in email, for who signs in; of one whom there isn't it says what
// everybody is told.
func (v *Views) UserBySignIn(
	ctx context.Context, org licensing.OrgID, email licensing.Email,
) (licensing.UserID, error) {
	var id licensing.UserID
	err := v.read(ctx, "find user", func(q *snapshot) error {
		if !rows.IDs(string(org)) {
			return rows.MissingUser(nil)
		}
		err := q.Get(&id, `SELECT id FROM users WHERE org_id = ? AND sign_in_key = ?`, org, email.Key())
		if rows.NoRows(err) {
			return rows.MissingUser(nil)
		}
		return err
	})
	return id, err
}

// OrganizationOf finds an organization by its id or by one of its domains; NotFound where there is none.
func (v *Views) OrganizationOf(ctx context.Context, key string) (licensing.OrgID, error) {
	query := `SELECT org_id FROM organization_domains WHERE domain = ?`
	if rows.IDs(key) {
		query = `SELECT id FROM organizations WHERE id = ?`
	}
	var id licensing.OrgID
	err := v.read(ctx, "find organization", func(q *snapshot) error {
		return rows.Missing(q.Get(&id, query, strings.ToLower(strings.TrimSpace(key))), "organization")
	})
	return id, err
}

// Organizations returns all organizations by name.
func (v *Views) Organizations(ctx context.Context) ([]licensing.Organization, error) {
	out := []licensing.Organization{}
	err := v.read(ctx, "list organizations", func(q *snapshot) error {
		return q.All(&out, `SELECT id, name FROM organizations ORDER BY name, id`)
	})
	return out, err
}
