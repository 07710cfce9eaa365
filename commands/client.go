// Package commands is how everything else starts workflows and steers them: the portal, the command line, and
// the activity that starts a request's workflows.
package commands

import (
	"context"
	"log/slog"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows"
)

// Rows is what the client reads before it speaks to the run of an invitation.
type Rows interface {
	InvitationStatus(context.Context, licensing.InvitationID) (licensing.InvitationStatus, error)
	Commanded(context.Context, licensing.Command) (licensing.InvitationStatus, error)
	InvitationStatusOf(context.Context, licensing.OrgID, licensing.UserID) (licensing.InvitationStatus, error)
	Registered(context.Context, licensing.Registration) (licensing.Registered, error)
}

// Client starts workflows and steers them. Every call is idempotent by its request id. Refusals are
// *licensing.Error. Where nothing answered in time it is one of kind Unavailable, and the same call with the
// same request id is safe.
type Client struct {
	Temporal client.Client
	Rows     Rows
	Settings workflows.Settings
	// how long an invitation's run may take to answer before it counts as stuck; 0: 5 s
	Patience time.Duration
	Log      *slog.Logger
}

const (
	defaultPatience = 5 * time.Second
	answerTimeout   = 30 * time.Second
)

// run is a workflow to start.
type run struct {
	options  client.StartWorkflowOptions
	workflow any
	input    any
}

// update is what a run is asked for. The request's id together with its content makes it idempotent: the same
// id with other content is another update, which the run or the rows refuse (L06).
type update struct {
	name    string
	id      licensing.RequestID
	content any
}

// args is what the run is given.
func (u update) args() []any {
	if u.name == workflows.VerdictsUpdate { // the run was started with the content
		return []any{licensing.Fingerprint(u.content)}
	}
	return []any{u.content}
}

func (u update) options(workflowID string) client.UpdateWorkflowOptions {
	return client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: u.name, Args: u.args(),
		UpdateID:     string(u.id) + "." + licensing.Fingerprint([]any{u.name, u.content}),
		WaitForStage: client.WorkflowUpdateStageCompleted,
	}
}

// updateWithStart starts a workflow unless it is running, sends it an update, and waits for the answer.
func (c *Client) updateWithStart(ctx context.Context, r run, u update, out any) error {
	h, err := c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.Temporal.NewWithStartWorkflowOperation(r.options, r.workflow, r.input),
		UpdateOptions:          u.options(r.options.ID),
	})
	if err != nil {
		return err
	}
	return h.Get(ctx, out)
}

// startOptions are those of every workflow here: one that runs is joined, and one that has ended is started
// again.
func startOptions(
	workflowID, summary string, org licensing.OrgID, attributes ...temporal.SearchAttributeUpdate,
) client.StartWorkflowOptions {
	attributes = append(attributes, workflows.OrganizationAttribute.ValueSet(string(org)),
		workflows.StatusAttribute.ValueSet(workflows.StatusOpen))
	return client.StartWorkflowOptions{
		ID:                       workflowID,
		TaskQueue:                workflows.Queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(attributes...),
		StaticSummary:            summary,
		Priority:                 temporal.Priority{FairnessKey: string(org)},
	}
}
