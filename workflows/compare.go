package workflows

import (
	"fmt"
	"strings"
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

// CompareDirectory compares one organization's directory with the tenant, until there is no difference but odd
// entries (R84). The tenant is read once for each thousand changes that are recorded.
func CompareDirectory(ctx workflow.Context, org licensing.OrgID) error {
	orphaned := 0
	var odd []licensing.OddEntry
	once := workflow.GetVersion(ctx, "compare-once", workflow.DefaultVersion, 1) >= 1
	for range maxChanges {
		change, err := findDifferences(ctx, org)
		if err != nil {
			return err
		}
		if len(change.People) == 0 {
			break
		}
		s := newLongRequestStep(DirectoryActivity, "record the directory's changes", change)
		if err := s.run(ctx, change.ID, workOfDirectory); err != nil {
			return err
		}
		if s.refusal != nil {
			return s.refusal
		}
		orphaned += len(s.answer.Orphaned)
		odd = s.answer.Odd
		if whole := len(change.People) < licensing.MaxDirectory; once && (whole || s.answer.Changed == 0) {
			break
		}
	}
	return showTrouble(ctx, orphaned, odd)
}

// findDifferences reads the tenant, which may take long. It gives up early, since the schedule comes again.
func findDifferences(ctx workflow.Context, org licensing.OrgID) (licensing.DirectoryChange, error) {
	return stepWith(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 15 * time.Minute,
		HeartbeatTimeout:    30 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumAttempts: 4,
		},
		Summary: "compare with the tenant",
	}, DifferencesActivity, org)
}

// showTrouble marks a run by which agreements lost their last active admin (R33), or whose change had odd
// entries (R84), so that operators find it.
func showTrouble(ctx workflow.Context, orphaned int, odd []licensing.OddEntry) error {
	var details []string
	status := StatusOdd
	if orphaned > 0 {
		status = StatusOrphaned
		details = append(details, fmt.Sprintf("**Orphaned**: %d License IDs have no active admin any more. "+
			"See `starter orphans`; appoint one with `starter appoint`.", orphaned))
	}
	if len(odd) > 0 {
		details = append(details, fmt.Sprintf("**Odd**: %d entries were left out; the others were recorded. "+
			"Mend them in the tenant's directory.", len(odd)))
		for _, o := range odd[:min(len(odd), shownOdd)] {
			details = append(details, fmt.Sprintf("- entry %d: %v", o.Index, o.Error))
		}
	}
	if len(details) == 0 {
		return nil
	}
	workflow.SetCurrentDetails(ctx, strings.Join(details, "\n"))
	return workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(status))
}

// shownOdd is how many odd entries the details of a run name.
const shownOdd = 20
