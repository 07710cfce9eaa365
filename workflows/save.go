package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Save carries one request of an admin out: it decides and stores it as a whole, answers the verdicts, starts an
// invitation or an assignment for each accepted person, and mails the admin what became of it (R70, R75). The number of
// its events doesn't depend on the number of people.
func Save(ctx workflow.Context, s licensing.Save) error {
	w := &save{}
	err := workflow.SetUpdateHandlerWithOptions(ctx, VerdictsUpdate, w.verdicts, workflow.UpdateHandlerOptions{
		Description: "waits for the decision and returns a verdict per person and License ID",
	})
	if err != nil {
		return err
	}
	if err := w.run(ctx, s); err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

type save struct {
	decided bool
	answer  licensing.SaveAnswer
	refusal error
}

func (w *save) verdicts(ctx workflow.Context) (licensing.SaveAnswer, error) {
	if err := workflow.Await(ctx, func() bool { return w.decided }); err != nil {
		return licensing.SaveAnswer{}, err
	}
	return w.answer, w.refusal
}

// decisionMost is how long a decision may take as a local activity: 500 people are a second's work.
const decisionMost = 6 * time.Second

func (w *save) run(ctx workflow.Context, s licensing.Save) error {
	workflow.SetCurrentDetails(ctx, "Deciding the request.")
	err := short(ctx, decisionMost, "decide and store the request", a.Decide, s, &w.answer)
	if temporal.IsCanceledError(err) {
		return err
	}
	w.decided, w.refusal = true, refusal.ForCaller(err)
	if err != nil {
		workflow.SetCurrentDetails(ctx, "The request was refused as a whole; nothing was written.")
		return nil
	}
	if w.answer.Work > 0 {
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("Decided. Starting the workflows of %d people; see them by VlRequest = '%s'.", w.answer.Work, s.ID))
		if err := startWork(ctx, s.ID); err != nil {
			return err
		}
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("Decided and started (%d people). The confirmation mail to the admin is on its way.", w.answer.Work))
	_, err = send(ctx, w.answer.Confirmation, "confirmation mail to the admin").outcome(ctx)
	return err
}

func startWork(ctx workflow.Context, id licensing.RequestID) error {
	o := steps
	o.StartToCloseTimeout = 10 * time.Minute
	o.HeartbeatTimeout = 30 * time.Second
	o.Summary = "start the workflows of the accepted people"
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), a.StartWork, id).Get(ctx, nil)
}
