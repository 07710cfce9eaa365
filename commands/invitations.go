package commands

import (
	"context"
	"errors"
	"time"

	"vlroles/licensing"
	"vlroles/workflows"
)

// Register accepts an invitation for the person who holds a verified link (R23, R28, R29).
func (c *Client) Register(ctx context.Context, r licensing.Registration) (licensing.Registered, error) {
	var out licensing.Registered
	at, err := c.Rows.InvitationStatus(ctx, r.Invitation)
	if err != nil {
		return out, err
	}
	if at.State == licensing.InvitationAccepted { // perhaps by this very request, whose answer was lost
		if before, err := c.Rows.Registered(ctx, r); licensing.KindOf(err) != licensing.NotFound {
			return before, err
		}
	}
	if err := mayRegister(at, r); err != nil {
		return out, err
	}
	return out, c.command(ctx, at, update{workflows.RegisterUpdate, r.Request, r}, &out)
}

// mayRegister refuses what the row alone refuses, before a run is asked. Who may accept is judged by the step
// that registers, under its lock.
func mayRegister(at licensing.InvitationStatus, r licensing.Registration) error {
	i := licensing.Invitation{
		State: at.State, Moves: true,
		Generation: at.Run.Generation, ExpiresAt: at.Run.ExpiresAt,
	}
	return licensing.MayRegister(i, r.Identity, r.Generation, time.Now())
}

// Resend mails the same link again (R58).
func (c *Client) Resend(ctx context.Context, cmd licensing.Command) (licensing.InvitationRun, error) {
	var out licensing.InvitationRun
	at, err := c.standing(ctx, cmd)
	if err != nil {
		return out, err
	}
	return out, c.command(ctx, at, update{workflows.ResendUpdate, cmd.Request, cmd}, &out)
}

// Reset makes the next generation of an invitation: from an open or ended run, and from a stuck one, which it
// ends (R58).
func (c *Client) Reset(ctx context.Context, cmd licensing.Command) (licensing.InvitationRun, error) {
	var out licensing.InvitationRun
	at, err := c.standing(ctx, cmd)
	if err != nil {
		return out, err
	}
	at.Run = licensing.InvitationRun{} // whatever was waited for ends with this
	return out, c.command(ctx, at, update{workflows.ResetUpdate, cmd.Request, cmd}, &out)
}

// Cancel removes the pending roles of an invitation that the caller may remove (R82).
func (c *Client) Cancel(ctx context.Context, cmd licensing.Command) (licensing.Withdrawal, error) {
	var out licensing.Withdrawal
	at, err := c.standing(ctx, cmd)
	if err != nil {
		return out, err
	}
	return out, c.command(ctx, at, update{workflows.CancelUpdate, cmd.Request, cmd}, &out)
}

// standing reads the invitation that a command is for. Who may not see the user asks no run for anything
// (L03). The step that carries the command out checks what the caller may do.
func (c *Client) standing(ctx context.Context, cmd licensing.Command) (licensing.InvitationStatus, error) {
	return c.Rows.Commanded(ctx, cmd)
}

// command updates the run of an invitation. It starts one where there is none any more, and replaces one that
// is stuck.
func (c *Client) command(ctx context.Context, at licensing.InvitationStatus, u update, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	r := c.invitationRun(at, u.id)
	attempt := func() error { return c.attempt(ctx, r, u, out) }
	err := retryInterrupted(attempt)
	if !timedOut(err) && !interrupted(err) || ctx.Err() != nil {
		return clientError(err)
	}
	stuck, err := c.isStuck(ctx, r.options.ID)
	if err != nil || !stuck {
		return clientError(errors.Join(context.DeadlineExceeded, err))
	}
	if err := c.terminateStuck(ctx, r.options.ID, u.name); err != nil {
		return clientError(err)
	}
	return clientError(retryInterrupted(attempt))
}

// attempt sends a command to the run and gives it as long as the client has patience.
func (c *Client) attempt(ctx context.Context, r run, u update, out any) error {
	patience := c.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return c.updateWithStart(ctx, r, u, out)
}

// invitationRun is the run of an invitation as the row says. Where the invitation is open, a run that was
// lost goes on with the row's generation; otherwise it is started for the command alone.
func (c *Client) invitationRun(at licensing.InvitationStatus, id licensing.RequestID) run {
	in := workflows.InvitationInput{User: at.User, Settings: c.Settings}
	if at.State == licensing.InvitationOpen || at.State == licensing.InvitationFailed {
		in.Run = at.Run
	}
	o := startOptions(workflows.InvitationID(at.User), "invitation of a person", at.Org,
		workflows.RequestAttribute.ValueSet(string(id)), workflows.UserAttribute.ValueSet(string(at.User)))
	if due := in.Run.ExpiresAt; !due.IsZero() {
		o.TypedSearchAttributes = withDue(o.TypedSearchAttributes, due)
	}
	return run{options: o, workflow: workflows.Invitation, input: in}
}

// isStuck says whether the run's workflow task fails again and again. A run without a worker isn't stuck.
func (c *Client) isStuck(ctx context.Context, workflowID string) (bool, error) {
	d, err := c.Temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return d.GetPendingWorkflowTask().GetAttempt() > 1, nil
}

// terminateStuck ends a stuck run, so that another one can take over.
func (c *Client) terminateStuck(ctx context.Context, workflowID, command string) error {
	c.Log.WarnContext(ctx, "run is stuck: it is terminated and another takes over",
		"workflow", workflowID, "command", command)
	err := c.Temporal.TerminateWorkflow(ctx, workflowID, "", "stuck; replaced by the command "+command)
	if isNotFound(err) {
		return nil
	}
	return err
}
