package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Save carries out one request of an admin: it decides and stores it as a whole, answers the verdicts, starts
// an invitation or an assignment for each accepted person, and mails the admin what became of it (R70, R75).
// The number of its events doesn't depend on the number of people.
func Save(ctx workflow.Context, s licensing.Save) error {
	w := &save{request: newRequestStep(DecideActivity, "decide and store the request", s)}
	err := handleVerdicts(ctx, "waits for the decision: a verdict per person and License ID", w.request)
	if err != nil {
		return err
	}
	if err := w.run(ctx); err != nil {
		return err
	}
	return awaitHandlers(ctx)
}

type save struct {
	request *requestStep[licensing.Save, licensing.SaveAnswer]
}

func (w *save) run(ctx workflow.Context) error {
	if err := w.decide(ctx); err != nil || w.request.refusal != nil {
		return err
	}
	if err := w.startPeople(ctx); err != nil {
		return err
	}
	return w.confirm(ctx)
}

// decisionTimeout is how long a decision may take as a local activity: 500 people are a second's work.
const decisionTimeout = 6 * time.Second

func (w *save) decide(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, "Deciding the request.")
	r := w.request
	answer, err := stepLocalWithin(ctx, decisionTimeout, r.activity, r.options.Summary, r.in)
	if temporal.IsCanceledError(err) {
		return err
	}
	r.answer, r.done, r.refusal = answer, true, refusal.ForCaller(err)
	if r.refusal != nil {
		workflow.SetCurrentDetails(ctx, "The request was refused as a whole. Nothing was changed.")
	}
	return nil
}

func (w *save) startPeople(ctx workflow.Context) error {
	n := w.request.answer.Work
	if n == 0 {
		return nil
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"Decided. Starting the workflows of %d people. Find them by VlRequest = '%s'.", n, w.request.in.ID))
	return startWork(ctx, w.request.in.ID)
}

func (w *save) confirm(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"Decided, and started the workflows of %d people. Sending the confirmation mail to the admin.",
		w.request.answer.Work))
	return sendMail(ctx, w.request.answer.Confirmation, "confirmation mail to the admin").wait(ctx)
}
