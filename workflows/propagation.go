package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
)

// propagation makes granted roles effective when they are due: those of an accepted invitation, and those
// that a request gives a registered person.
type propagation struct {
	user     licensing.UserID
	what     licensing.Propagation
	settings Settings
	failures int
	reason   string // of the last failure
}

// run mails the person, and makes effective what is due, one due time after the other.
func (p *propagation) run(ctx workflow.Context, mail string) error {
	notice := sendMail(ctx, p.what.Mail, mail)
	err := p.activateAll(ctx)
	if temporal.IsCanceledError(err) {
		notice.stop()
		return errors.Join(err, p.recordCancel(ctx))
	}
	if err != nil {
		return err
	}
	if err := notice.wait(ctx); err != nil {
		return err
	}
	return p.result(ctx)
}

// result ends the run as Failed where some roles could not become effective.
func (p *propagation) result(ctx workflow.Context) error {
	if p.failures == 0 {
		return nil
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(StatusFailed)); err != nil {
		return err
	}
	workflow.SetCurrentDetails(ctx, "**Failed**: "+p.reason+
		". An admin can assign the roles again: `starter assign`.")
	return temporal.NewApplicationErrorWithOptions("roles could not become effective: "+p.reason, FailedRun,
		temporal.ApplicationErrorOptions{NonRetryable: true})
}

func (p *propagation) activateAll(ctx workflow.Context) error {
	if p.what.Removed && p.settings.Provision {
		if err := p.provision(ctx, workflow.Now(ctx)); err != nil {
			return err
		}
	}
	for n, due := range p.what.Dues {
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("**Assignment in Progress**: due time %d of %d, %s.",
			n+1, len(p.what.Dues), licensing.Clock(due)))
		if err := p.sleepUntil(ctx, due); err != nil {
			return err
		}
		if err := p.activate(ctx, due); err != nil {
			return err
		}
	}
	return nil
}

func (p *propagation) sleepUntil(ctx workflow.Context, due time.Time) error {
	left := due.Add(licensing.Jitter(string(p.user), p.settings.Jitter)).Sub(workflow.Now(ctx))
	if left <= 0 {
		return nil
	}
	o := workflow.TimerOptions{Summary: "roles are due " + licensing.Clock(due)}
	return workflow.NewTimerWithOptions(ctx, left, o).Get(ctx, nil)
}

// activate makes effective what is due. A downstream system is told first, where there is one.
func (p *propagation) activate(ctx workflow.Context, due time.Time) error {
	if p.settings.Provision {
		failures := p.failures
		if err := p.provision(ctx, due); err != nil || p.failures > failures {
			return err
		}
	}
	_, err := stepLocal(ctx, ActivateActivity, "make the roles effective", p.change(due))
	return err
}

// provisionTimeout is how long a downstream system may be away before the assignment is Failed.
const provisionTimeout = time.Hour

// provision tells the downstream system the user's roles. What it refuses is recorded as Failed, and the run
// goes on.
func (p *propagation) provision(ctx workflow.Context, due time.Time) error {
	o := stepOptions
	o.ScheduleToCloseTimeout = provisionTimeout
	o.Summary = "notify the downstream system"
	_, err := stepWith(ctx, o, ProvisionActivity, p.change(due))
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	p.failures++
	p.reason = "the downstream system did not answer within " + licensing.Period(provisionTimeout)
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.Type() == licensing.RefusedDownstream {
		p.reason = "the downstream system refused: " + app.Message()
	}
	return p.markFailed(ctx, due, p.reason)
}

// endedByOperator is the reason of what an operator's cancel leaves as Failed.
const endedByOperator = "ended by an operator"

// recordCancel marks as Failed what no run will make effective any more, because an operator has ended this
// one.
func (p *propagation) recordCancel(ctx workflow.Context) error {
	if len(p.what.Dues) == 0 {
		return nil
	}
	dctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	return p.markFailed(dctx, p.what.Dues[len(p.what.Dues)-1], endedByOperator)
}

func (p *propagation) markFailed(ctx workflow.Context, due time.Time, reason string) error {
	c := p.change(due)
	c.Reason = reason
	_, err := stepLocal(ctx, FailActivity, "mark the roles as Failed", c)
	return err
}

func (p *propagation) change(due time.Time) licensing.ChangeRef {
	return licensing.ChangeRef{User: p.user, Change: p.what.Change, UpTo: due}
}
