package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
)

// Retention erases personal data that nothing needs any more (L10). What one run leaves because there is much
// of it, or because the database is away, the schedule's next one finds.
func Retention(ctx workflow.Context, from licensing.ErasePage) error {
	out, err := stepWith(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumAttempts: 10,
		},
		Summary: "erase what is due",
	}, EraseDueActivity, from)
	if err != nil {
		return err
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("Erased: what %d mails said, %d people, %d directory entries.",
		out.Done.Mails, out.Done.People, out.Done.Directory))
	return nil
}
