package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/activities"
	"vlroles/licensing"
)

// FailedRun is the type of the error with which a run ends whose roles could not become effective. Operators filter by
// ExecutionStatus = "Failed"; the row says Failed and why, and an admin assigns again (R54).
const FailedRun = "AssignmentFailed"

// propagation is the way of granted roles from their due times to effect: for an accepted invitation and for a save on a
// registered person alike.
type propagation struct {
	user     licensing.UserID
	what     licensing.Propagation
	settings Settings
	failures int
	reason   string
}

// run mails the person, and makes effective what is due, due time after due time.
func (p *propagation) run(ctx workflow.Context, mail string) error {
	note := send(ctx, p.what.Mail, mail)
	err := p.settle(ctx)
	if temporal.IsCanceledError(err) {
		note.stop()
		return errors.Join(err, p.abandon(ctx))
	}
	if err != nil {
		return err
	}
	if _, err := note.outcome(ctx); err != nil {
		return err
	}
	if p.failures == 0 {
		return nil
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(StatusFailed)); err != nil {
		return err
	}
	workflow.SetCurrentDetails(ctx, "**Failed**: "+p.reason+". An admin assigns the roles again: `starter assign`.")
	return temporal.NewApplicationErrorWithOptions("roles could not become effective: "+p.reason, FailedRun,
		temporal.ApplicationErrorOptions{NonRetryable: true})
}

func (p *propagation) settle(ctx workflow.Context) error {
	if p.what.Removed && p.settings.Provision {
		if err := p.tell(ctx, workflow.Now(ctx)); err != nil {
			return err
		}
	}
	for n, due := range p.what.Dues {
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("**Assignment in Progress**: due time %d of %d, %s.", n+1, len(p.what.Dues), licensing.Clock(due)))
		if err := p.wait(ctx, due); err != nil {
			return err
		}
		if err := p.activate(ctx, due); err != nil {
			return err
		}
	}
	return nil
}

func (p *propagation) wait(ctx workflow.Context, due time.Time) error {
	left := due.Add(licensing.Jitter(string(p.user), p.settings.Jitter)).Sub(workflow.Now(ctx))
	if left <= 0 {
		return nil
	}
	return workflow.NewTimerWithOptions(ctx, left, workflow.TimerOptions{Summary: "propagation, due " + licensing.Clock(due)}).Get(ctx, nil)
}

// activate makes effective what is due, downstream first where there is a downstream.
func (p *propagation) activate(ctx workflow.Context, due time.Time) error {
	if p.settings.Provision {
		failures := p.failures
		if err := p.tell(ctx, due); err != nil || p.failures > failures {
			return err
		}
	}
	return short(ctx, shortly, "make roles effective", a.Activate, p.change(due), nil)
}

// provisionFor is how long a downstream system may be away before the assignment is Failed.
const provisionFor = time.Hour

// tell puts the user's grants to the downstream system; what it refuses is recorded as Failed and the story goes on.
func (p *propagation) tell(ctx workflow.Context, due time.Time) error {
	o := steps
	o.ScheduleToCloseTimeout = provisionFor
	o.Summary = "tell the downstream system"
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), a.Provision, p.change(due)).Get(ctx, nil)
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	p.failures++
	p.reason = "the downstream system did not answer within " + licensing.Period(provisionFor)
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.Type() == activities.RefusedDownstream {
		p.reason = "the downstream system refused: " + app.Message()
	}
	return short(ctx, shortly, "mark as Failed", a.Fail, p.failed(due, p.reason), nil)
}

// abandon records that an operator ended the run: nothing stays in progress that no run will settle.
func (p *propagation) abandon(ctx workflow.Context) error {
	if len(p.what.Dues) == 0 {
		return nil
	}
	last := p.what.Dues[len(p.what.Dues)-1]
	dctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	return short(dctx, shortly, "mark as Failed", a.Fail, p.failed(last, "ended by an operator"), nil)
}

func (p *propagation) change(due time.Time) activities.Change {
	return activities.Change{User: p.user, Change: p.what.Change, UpTo: due}
}

func (p *propagation) failed(due time.Time, reason string) activities.Change {
	c := p.change(due)
	c.Reason = reason
	return c
}
