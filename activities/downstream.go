package activities

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Assignments makes effective what is in progress, or marks it as Failed.
type Assignments interface {
	Activate(ctx context.Context, user licensing.UserID, change licensing.ChangeID,
		upTo time.Time) (int, error)
	Fail(ctx context.Context, user licensing.UserID, change licensing.ChangeID, upTo time.Time,
		reason string) error
}

// Tellings is what a downstream system has been told (L08).
type Tellings interface {
	Tell(ctx context.Context, user licensing.UserID, upTo time.Time) (licensing.Effective, error)
	Told(ctx context.Context, e licensing.Effective) error
	Surpass(ctx context.Context, user licensing.UserID, version int64) (bool, error)
}

// Provisioner tells a downstream system which roles of a user are effective, all of them each time. The same
// key means the same change: putting it twice does no more than once. An outcome that isn't success is a
// *ProvisionError.
type Provisioner interface {
	Put(ctx context.Context, key string, e licensing.Effective) error
}

// ProvisionError says why a downstream system did not take a user's roles. Reason is one line of at most 300
// characters without email addresses.
type ProvisionError struct {
	// the other side has this higher number (L08): what is told now is old there; 0: nothing
	Newer   int64
	Refused bool // for good: the assignment becomes Failed (R54); otherwise trying again can help
	// URL, keys or contract are wrong: no assignment succeeds until an operator corrects them
	Misconfigured bool
	Status        int // of the HTTP answer, 0 for none
	Reason        string
	RetryAfter    time.Duration // what the other side asks for, at most ten minutes; 0: nothing
}

// Error returns the reason.
func (e *ProvisionError) Error() string { return "put roles downstream: " + e.Reason }

// Downstream are the activities that make roles effective. Fields are set once, before the worker starts.
type Downstream struct {
	Assignments Assignments
	Tellings    Tellings
	Provisioner Provisioner // nil: roles become effective in the store alone
	Log         *slog.Logger
}

// Activate makes what is due effective and returns on how many License IDs (R60).
func (d *Downstream) Activate(ctx context.Context, c licensing.ChangeRef) (int, error) {
	return result(d.Assignments.Activate(ctx, c.User, c.Change, c.UpTo))
}

// Fail marks what is due as Failed (R54).
func (d *Downstream) Fail(ctx context.Context, c licensing.ChangeRef) error {
	return refusal.FromActivity(d.Assignments.Fail(ctx, c.User, c.Change, c.UpTo, c.Reason))
}

// Provision tells the downstream system the user's effective roles before they become so here. A refusal
// there is an error of type licensing.RefusedDownstream that ends; everything else is tried again (R54).
func (d *Downstream) Provision(ctx context.Context, c licensing.ChangeRef) error {
	if d.Provisioner == nil {
		return nil
	}
	e, err := d.Tellings.Tell(ctx, c.User, c.UpTo)
	if err != nil {
		return refusal.FromActivity(err)
	}
	err = d.Provisioner.Put(ctx, idempotencyKey(e), e)
	if err == nil {
		return refusal.FromActivity(d.Tellings.Told(ctx, e))
	}
	var p *ProvisionError
	if !errors.As(err, &p) {
		return err
	}
	if p.Newer > e.Version {
		return d.overtaken(ctx, e, p)
	}
	if !p.Refused {
		d.logFailure(ctx, c, p)
	}
	return provisionFailure(p)
}

// overtaken ends well where the other side has been told something newer by us. Where not even our rows have
// its number, the rows are an older copy: it is told again under a higher one.
func (d *Downstream) overtaken(ctx context.Context, e licensing.Effective, p *ProvisionError) error {
	lower, err := d.Tellings.Surpass(ctx, e.User, p.Newer)
	if err != nil {
		return refusal.FromActivity(err)
	}
	if lower {
		return provisionFailure(&ProvisionError{Reason: "the downstream system had a higher number than our rows"})
	}
	return nil
}

// idempotencyKey names one telling: each has a number of its own.
func idempotencyKey(e licensing.Effective) string {
	return string(e.User) + "." + strconv.FormatInt(e.Version, 10)
}

// provisionFailure is the error with which the activity ends or is tried again.
func provisionFailure(p *ProvisionError) error {
	if p.Refused {
		return temporal.NewApplicationErrorWithOptions(p.Reason, licensing.RefusedDownstream,
			temporal.ApplicationErrorOptions{NonRetryable: true,
				Category: temporal.ApplicationErrorCategoryBenign})
	}
	return temporal.NewApplicationErrorWithOptions(p.Reason, "Provisioner",
		temporal.ApplicationErrorOptions{NextRetryDelay: p.RetryAfter})
}

// logFailure logs as an error what stops every assignment, and as a warning what another attempt may end.
func (d *Downstream) logFailure(ctx context.Context, c licensing.ChangeRef, p *ProvisionError) {
	level := slog.LevelWarn
	if p.Misconfigured {
		level = slog.LevelError
	}
	d.Log.Log(ctx, level, "provisioner did not take the grants",
		"status", p.Status, "reason", p.Reason, "user", c.User)
}
