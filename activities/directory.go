package activities

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// KnownDirectories is what a comparison reads of ours.
type KnownDirectories interface {
	Present(context.Context, licensing.OrgID) ([]licensing.DirectoryPerson, error)
	OrganizationsAfter(ctx context.Context, after licensing.OrgID, limit int) ([]licensing.OrgID, error)
}

// Tenant reads who is in an organization's directory.
type Tenant interface {
	// People returns everybody who is in the tenant, or an error: never a part.
	People(ctx context.Context, org licensing.OrgID) ([]licensing.DirectoryPerson, error)
}

// Directories are the activities that compare directories with their tenants (R84). Fields are set once,
// before the worker starts.
type Directories struct {
	Known  KnownDirectories
	Tenant Tenant // nil: directories change by events alone
	Log    *slog.Logger
}

// Organizations returns the next organizations to compare, after the one given.
func (d *Directories) Organizations(ctx context.Context, after licensing.OrgID) ([]licensing.OrgID, error) {
	return d.Known.OrganizationsAfter(ctx, after, licensing.OrganizationsPerRun)
}

// Differences compares an organization's tenant with what is known of it and returns the next change to
// record, without people where there is none (R84). It is refused where the change would remove too many
// people. It heartbeats.
func (d *Directories) Differences(
	ctx context.Context, org licensing.OrgID,
) (change licensing.DirectoryChange, err error) {
	change.Org = org
	if d.Tenant == nil {
		return change, temporal.NewNonRetryableApplicationError(
			"this worker knows no directory: set VL_DIRECTORY_URL", "NoDirectory", nil)
	}
	defer beat(ctx)()
	now, err := d.Tenant.People(ctx, org)
	if err != nil {
		return change, err
	}
	known, err := d.Known.Present(ctx, org)
	if err != nil {
		return change, err
	}
	people, left := licensing.Differences(known, now)
	if err := licensing.MayCompare(len(known), left); err != nil {
		d.Log.ErrorContext(ctx, "the directory's comparison is refused",
			"organization", org, "known", len(known), "left", left)
		return change, refusal.FromActivity(err)
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return change, fmt.Errorf("make a request id: %w", err)
	}
	change.ID = licensing.RequestID(id.String())
	change.People = people[:min(len(people), licensing.MaxDirectory)]
	return change, nil
}
