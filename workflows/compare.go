package workflows

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/activities"
	"vlroles/licensing"
)

// CompareID is the id of the schedule that compares directories, and of its runs.
const CompareID = "directory-comparison"

// CompareDirectories compares every organization's directory with the tenant, one after the other, and takes over what an
// event has missed (R84). One that can't be compared doesn't keep the others from it; the run fails then at its end.
func CompareDirectories(ctx workflow.Context, after licensing.OrgID) error {
	var orgs []licensing.OrgID
	if err := regular(ctx, "list the organizations", a.Organizations, after, &orgs); err != nil {
		return err
	}
	failed := 0
	for _, org := range orgs {
		cctx := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID:            CompareID + "/" + string(org),
			WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			StaticSummary:         "comparison of a directory with its tenant",
			TypedSearchAttributes: temporal.NewSearchAttributes(OrganizationAttribute.ValueSet(string(org)), StatusAttribute.ValueSet(StatusOpen)),
		})
		err := workflow.ExecuteChildWorkflow(cctx, CompareDirectory, org).Get(ctx, nil)
		if temporal.IsCanceledError(err) {
			return err
		}
		if err != nil {
			failed++
		}
	}
	if len(orgs) == activities.OrganizationsAtOnce {
		return workflow.NewContinueAsNewError(ctx, CompareDirectories, orgs[len(orgs)-1])
	}
	if failed > 0 {
		return temporal.NewApplicationError(fmt.Sprintf("%d organizations could not be compared: see the failed runs %s/…", failed, CompareID), "ComparisonFailed")
	}
	return nil
}

// mostChanges is how many changes of a thousand people one comparison takes over.
const mostChanges = 100

// CompareDirectory compares one organization's directory with the tenant, until there is no difference (R84).
func CompareDirectory(ctx workflow.Context, org licensing.OrgID) error {
	o := steps
	o.StartToCloseTimeout = 15 * time.Minute
	o.RetryPolicy = &temporal.RetryPolicy{InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumAttempts: 4} // the schedule comes again
	o.Summary = "compare with the tenant"
	orphaned := 0
	for range mostChanges {
		var change licensing.DirectoryChange
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), a.Differences, org).Get(ctx, &change); err != nil {
			return err
		}
		if len(change.People) == 0 {
			return orphans(ctx, orphaned)
		}
		t := turn[licensing.DirectoryChange, licensing.DirectoryAnswer]{in: change}
		err := t.run(ctx, change.ID, "take the directory in", a.Directory, func(out licensing.DirectoryAnswer) int { return out.Work })
		if err != nil || t.refusal != nil {
			return firstOf(err, t.refusal)
		}
		orphaned += len(t.answer.Orphaned)
	}
	return orphans(ctx, orphaned)
}

func firstOf(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// orphans marks a run by which agreements lost their last active admin, so that operators find it (R33).
func orphans(ctx workflow.Context, n int) error {
	if n == 0 {
		return nil
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**Orphaned**: %d License IDs have no active admin any more. See `starter orphans`; seat one with `starter seat`.", n))
	return workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(StatusOrphaned))
}
