package workflows

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
)

// CompareDirectories compares every organization's directory with the tenant, one after the other, and
// records what an event has missed (R84). One that can't be compared doesn't stop the others; the run then
// fails at its end.
func CompareDirectories(ctx workflow.Context, after licensing.OrgID) error {
	orgs, err := step(ctx, OrganizationsActivity, "list the organizations", after)
	if err != nil {
		return err
	}
	failed := 0
	for _, org := range orgs {
		err := compareOne(ctx, org)
		if temporal.IsCanceledError(err) {
			return err
		}
		if err != nil {
			failed++
		}
	}
	if len(orgs) == licensing.OrganizationsPerRun {
		return workflow.NewContinueAsNewError(ctx, CompareDirectories, orgs[len(orgs)-1])
	}
	if failed > 0 {
		return temporal.NewApplicationError(fmt.Sprintf(
			"%d organizations could not be compared: see the failed runs %s/…", failed, CompareID),
			"ComparisonFailed")
	}
	return nil
}

func compareOne(ctx workflow.Context, org licensing.OrgID) error {
	cctx := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            CompareID + "/" + string(org),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "comparison of a directory with its tenant",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			OrganizationAttribute.ValueSet(string(org)), StatusAttribute.ValueSet(StatusOpen)),
	})
	return workflow.ExecuteChildWorkflow(cctx, CompareDirectory, org).Get(ctx, nil)
}

// maxChanges is how many changes of a thousand people one comparison records.
const maxChanges = 100

// CompareDirectory compares one organization's directory with the tenant, until there is no difference (R84).
func CompareDirectory(ctx workflow.Context, org licensing.OrgID) error {
	orphaned := 0
	for range maxChanges {
		change, err := findDifferences(ctx, org)
		if err != nil {
			return err
		}
		if len(change.People) == 0 {
			break
		}
		s := newRequestStep(DirectoryActivity, "record the directory's changes", change)
		if err := s.run(ctx, change.ID, workOfDirectory); err != nil {
			return err
		}
		if s.refusal != nil {
			return s.refusal
		}
		orphaned += len(s.answer.Orphaned)
	}
	return showOrphans(ctx, orphaned)
}

// findDifferences reads the tenant, which may take long. It gives up early, since the schedule comes again.
func findDifferences(ctx workflow.Context, org licensing.OrgID) (licensing.DirectoryChange, error) {
	return stepWith(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 15 * time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumAttempts: 4,
		},
		Summary: "compare with the tenant",
	}, DifferencesActivity, org)
}

// showOrphans marks a run by which agreements lost their last active admin, so that operators find it (R33).
func showOrphans(ctx workflow.Context, n int) error {
	if n == 0 {
		return nil
	}
	workflow.SetCurrentDetails(ctx,
		fmt.Sprintf("**Orphaned**: %d License IDs have no active admin any more. "+
			"See `starter orphans`; appoint one with `starter appoint`.", n))
	return workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(StatusOrphaned))
}
