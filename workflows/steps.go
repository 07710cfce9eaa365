package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// stepOptions is how an activity on rows runs: it is tried again for as long as the database is away.
var stepOptions = workflow.ActivityOptions{
	StartToCloseTimeout: 30 * time.Second,
	RetryPolicy: &temporal.RetryPolicy{
		InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
	},
}

// localStepTimeout is how long a local step may take before it is run as a regular one.
const localStepTimeout = 2 * time.Second

// step runs an activity on rows until it succeeds or is refused.
func step[I, O any](ctx workflow.Context, a Activity[I, O], summary string, in I) (O, error) {
	o := stepOptions
	o.Summary = summary
	return stepWith(ctx, o, a, in)
}

// stepWith runs an activity with options of its own.
func stepWith[I, O any](
	ctx workflow.Context, o workflow.ActivityOptions, a Activity[I, O], in I,
) (out O, err error) {
	err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), string(a), in).Get(ctx, &out)
	return out, err
}

// stepLocal runs an activity on rows as a local activity, which costs one event instead of six. Where that
// doesn't succeed in time, because the database is away, it runs as a regular step.
func stepLocal[I, O any](ctx workflow.Context, a Activity[I, O], summary string, in I) (O, error) {
	return stepLocalWithin(ctx, localStepTimeout, a, summary, in)
}

func stepLocalWithin[I, O any](
	ctx workflow.Context, timeout time.Duration, a Activity[I, O], summary string, in I,
) (out O, err error) {
	lctx := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: timeout,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond,
			MaximumAttempts: 2},
		Summary: summary,
	})
	err = workflow.ExecuteLocalActivity(lctx, string(a), in).Get(ctx, &out)
	if err == nil || temporal.IsCanceledError(err) || refusal.Decode(err) != nil {
		return out, err
	}
	return step(ctx, a, summary, in)
}

// longStepOptions is how an activity on the rows of a thousand people runs: its heartbeat says that it lives.
func longStepOptions() workflow.ActivityOptions {
	o := stepOptions
	o.StartToCloseTimeout, o.HeartbeatTimeout = 10*time.Minute, 30*time.Second
	return o
}

// startWork starts the workflows that the outbox of a request names.
func startWork(ctx workflow.Context, id licensing.RequestID) error {
	o := longStepOptions()
	o.Summary = "start the workflows of this request's people"
	_, err := stepWith(ctx, o, StartWorkActivity, id)
	return err
}

// commandTimeout is how long a run waits for the command that it was started for.
const commandTimeout = 10 * time.Second

// awaitFirstCommand waits until the command has come that the run was started with, or the time is over.
func awaitFirstCommand(ctx workflow.Context, hasCome func() bool) error {
	tctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timeout := workflow.NewTimerWithOptions(tctx, commandTimeout, workflow.TimerOptions{
		Summary: "wait for the command that started this run",
	})
	return workflow.Await(ctx, func() bool { return hasCome() || timeout.IsReady() })
}

// awaitHandlers waits until every update has been answered: a run must not end before.
func awaitHandlers(ctx workflow.Context) error {
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}
