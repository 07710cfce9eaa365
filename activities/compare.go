package activities

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Directories is what a comparison reads of ours.
type Directories interface {
	Present(context.Context, licensing.OrgID) ([]licensing.DirectoryPerson, error)
	OrganizationsAfter(ctx context.Context, after licensing.OrgID, limit int) ([]licensing.OrgID, error)
}

// Organizations returns the next organizations to compare, behind the one given.
func (a *Activities) Organizations(ctx context.Context, after licensing.OrgID) ([]licensing.OrgID, error) {
	return a.Rows.OrganizationsAfter(ctx, after, licensing.OrganizationsPerRun)
}

// Differences compares an organization's tenant with what is known of it and returns the next change to take in, without
// people where there is none (R84).
func (a *Activities) Differences(ctx context.Context, org licensing.OrgID) (licensing.DirectoryChange, error) {
	change := licensing.DirectoryChange{Org: org}
	if a.Tenant == nil {
		return change, temporal.NewNonRetryableApplicationError("this worker knows no directory: set VL_DIRECTORY_URL", "NoDirectory", nil)
	}
	now, err := a.Tenant.People(ctx, org)
	if err != nil {
		return change, err
	}
	known, err := a.Rows.Present(ctx, org)
	if err != nil {
		return change, err
	}
	people, left := licensing.Differences(known, now)
	if err := licensing.MayCompare(len(known), left); err != nil {
		a.Log.ErrorContext(ctx, "the directory's comparison is refused", "organization", org, "known", len(known), "left", left)
		return change, refusal.Encode(err)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return change, errors.New("make a request id")
	}
	change.ID, change.People = licensing.RequestID(id.String()), people[:min(len(people), licensing.MaxDirectory)]
	return change, nil
}
