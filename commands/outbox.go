package commands

import (
	"context"
	"errors"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows"
)

// Start starts or ends the workflow of one person of a request. Doing it twice does no more than once.
func (c *Client) Start(ctx context.Context, w licensing.OutboxEntry) error {
	switch w.Kind {
	case licensing.OutboxInvite, licensing.OutboxRenew:
		return c.invite(ctx, w)
	case licensing.OutboxAssign:
		return c.assign(ctx, w)
	case licensing.OutboxWithdraw:
		return c.withdraw(ctx, w)
	case licensing.OutboxStop:
		return c.stop(ctx, w)
	case licensing.OutboxHandOver:
		return c.cancelRun(ctx, workflows.HandOverID(w.HandOver))
	}
	return errors.New("start work: unknown kind " + string(w.Kind))
}

// invite starts the run of a new generation. A run that is still open from before goes on with it instead.
func (c *Client) invite(ctx context.Context, w licensing.OutboxEntry) error {
	at := licensing.InvitationStatus{Org: w.Org, User: w.User, State: licensing.InvitationOpen, Run: w.Run}
	r := c.invitationRun(at, w.Request)
	r.options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	r.options.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err := c.Temporal.ExecuteWorkflow(ctx, r.options, r.workflow, r.input)
	if !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return err
	}
	return c.command(ctx, at, update{workflows.AdoptUpdate, w.Request, w.Run}, nil)
}

// assign starts the run that makes a registered person's roles effective.
func (c *Client) assign(ctx context.Context, w licensing.OutboxEntry) error {
	dues := w.Propagation.Dues
	if w.Propagation.Mail == "" && len(dues) == 0 && !c.Settings.Provision {
		return nil // there is nobody to tell
	}
	o := startOptions(workflows.AssignmentID(w.Request, w.User), "roles of a registered user", w.Org,
		workflows.RequestAttribute.ValueSet(string(w.Request)),
		workflows.UserAttribute.ValueSet(string(w.User)))
	if len(dues) > 0 {
		o.TypedSearchAttributes = withDue(o.TypedSearchAttributes, dues[len(dues)-1])
	}
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	in := workflows.AssignmentInput{User: w.User, Propagation: w.Propagation, Settings: c.Settings}
	_, err := c.Temporal.ExecuteWorkflow(ctx, o, workflows.Assignment, in)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}
	return err
}

// withdraw ends the run of an invitation that has nothing left to give, unless the person has been invited
// again since: that run is another request's.
func (c *Client) withdraw(ctx context.Context, w licensing.OutboxEntry) error {
	at, err := c.Rows.InvitationStatusOf(ctx, w.Org, w.User)
	if err != nil {
		return err
	}
	same := at.Run.Invitation == w.Run.Invitation && at.Run.Generation == w.Run.Generation
	if w.Run.Invitation != "" && !same {
		return nil
	}
	return c.cancelRun(ctx, workflows.InvitationID(w.User))
}

// stop ends the runs that would make effective what was removed meanwhile.
func (c *Client) stop(ctx context.Context, w licensing.OutboxEntry) error {
	for _, id := range runsOf(w.User, w.Propagation.Change) {
		if err := c.cancelRun(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// runsOf are the workflows that may make effective what a change put in progress for a user: an assignment's,
// which those who accepted somebody else's invitation have too, or that of the user's own invitation.
func runsOf(u licensing.UserID, change licensing.ChangeID) []string {
	ids := []string{workflows.AssignmentID(licensing.RequestID(change), u)}
	if strings.Contains(string(change), ".") { // of an invitation's generation
		ids = append(ids, workflows.InvitationID(u))
	}
	return ids
}

// cancelRun cancels a run. One that has ended needs nothing.
func (c *Client) cancelRun(ctx context.Context, workflowID string) error {
	if err := c.Temporal.CancelWorkflow(ctx, workflowID, ""); err != nil && !isNotFound(err) {
		return err
	}
	return nil
}

// withDue adds the time at which a run's next step is due.
func withDue(a temporal.SearchAttributes, due time.Time) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(a.Copy(), workflows.DueAttribute.ValueSet(due))
}
