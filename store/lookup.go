package store

import (
	"context"
	"fmt"
	"strings"

	"vlroles/licensing"
)

// UserBySignIn finds a user by the sign-in e-mail.
func (s *Store) UserBySignIn(ctx context.Context, org licensing.OrgID, email licensing.Email) (licensing.UserID, error) {
	if !ids(string(org)) {
		return "", fmt.Errorf("find user: %w", missingUser(nil))
	}
	var id licensing.UserID
	err := s.reads.GetContext(ctx, &id, s.reads.Rebind(`SELECT id FROM users WHERE org_id = ? AND sign_in_key = ?`), org, email.Key())
	if err != nil {
		return "", fmt.Errorf("find user: %w", missing(err, "user"))
	}
	return id, nil
}

// OrganizationOf finds an organization by its id or by one of its domains.
func (s *Store) OrganizationOf(ctx context.Context, key string) (licensing.OrgID, error) {
	query := `SELECT org_id FROM organization_domains WHERE domain = ?`
	if ids(key) {
		query = `SELECT id FROM organizations WHERE id = ?`
	}
	var id licensing.OrgID
	if err := s.reads.GetContext(ctx, &id, s.reads.Rebind(query), strings.ToLower(strings.TrimSpace(key))); err != nil {
		return "", fmt.Errorf("find organization: %w", missing(err, "organization"))
	}
	return id, nil
}

// Organizations returns all organizations by name.
func (s *Store) Organizations(ctx context.Context) ([]licensing.Organization, error) {
	out := []licensing.Organization{}
	if err := s.reads.SelectContext(ctx, &out, `SELECT id, name FROM organizations ORDER BY name, id`); err != nil {
		return nil, fmt.Errorf("list organizations: %w", err)
	}
	return out, nil
}
