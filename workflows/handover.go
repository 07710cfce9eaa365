package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// HandOver replaces an administrator by a successor on many License IDs (R30–R32): it makes the successor
// Administrator, waits until the successor agrees and is active, and removes the old one's role License ID by
// License ID, in the successor's name. Either of the two may cancel it; what was handed over stays so.
func HandOver(ctx workflow.Context, h licensing.HandOver) error {
	w := &handOver{
		ref:     licensing.HandOverRef{Org: h.Org, ID: h.ID},
		request: newRequestStep(StartHandOverActivity, "make the successor Administrator", h),
	}
	if err := w.handleUpdates(ctx); err != nil {
		return err
	}
	if err := w.run(ctx); err != nil {
		return err
	}
	return awaitHandlers(ctx)
}

// handOver is the state of a run. Update handlers leave a command in it and wait; the loop alone acts.
type handOver struct {
	ref     licensing.HandOverRef
	request *requestStep[licensing.HandOver, licensing.HandOverAnswer]
	view    licensing.HandOverView
	command *handOverCommand
	checks  int // of the successor's roles, since the successor agreed
}

type handOverCommand = requestStep[licensing.HandOverCommand, licensing.HandOverView]

// handleUpdates registers all updates, before anything blocks.
func (w *handOver) handleUpdates(ctx workflow.Context) error {
	return errors.Join(
		handleVerdicts(ctx, "waits for the decision and returns what waits for the successor",
			w.request),
		w.handleCommand(ctx, AgreeUpdate, "records that the successor agrees", AgreeHandOverActivity),
		w.handleCommand(ctx, CancelUpdate, "ends the hand-over; what was handed over stays so",
			CancelHandOverActivity),
	)
}

func (w *handOver) handleCommand(
	ctx workflow.Context, name, description string,
	activity Activity[licensing.HandOverCommand, licensing.HandOverView],
) error {
	handler := func(ctx workflow.Context, c licensing.HandOverCommand) (licensing.HandOverView, error) {
		s := newRequestStep(activity, "carry out the command", c)
		w.command = s
		out, err := s.wait(ctx)
		if temporal.IsCanceledError(err) { // the run is being ended, and carries out nothing any more
			err = refusal.Encode(licensing.HandOverOver())
		}
		return out, err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, name, handler, workflow.UpdateHandlerOptions{
		Description: description,
		Validator:   func(workflow.Context, licensing.HandOverCommand) error { return w.validate() },
	})
}

// validate refuses, without a trace in the history, a second command while one is being carried out.
func (w *handOver) validate() error {
	if w.command == nil {
		return nil
	}
	return refusal.Encode(licensing.Refuse(licensing.Conflict, "",
		"another change of this hand-over is in progress: try again in a moment"))
}

// run decides the hand-over, tells both people, and goes on until everything is handed over or somebody
// cancels.
func (w *handOver) run(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, "Deciding the successor's roles.")
	err := w.request.run(ctx, w.ref.ID, func(out licensing.HandOverAnswer) int { return out.Work })
	if err != nil || w.request.refusal != nil {
		return err
	}
	w.view = w.request.answer.View
	mails, _ := workflow.NewDisconnectedContext(ctx) // a run that is ended still settles its mails
	toSuccessor := sendMail(mails, w.request.answer.Notice, "mail to the successor")
	confirmation := sendMail(mails, w.request.answer.Confirmation, "confirmation mail to the admin")
	for !w.view.State.Ended() || w.command != nil {
		if err = w.next(ctx); err != nil {
			break
		}
	}
	if err == nil {
		workflow.SetCurrentDetails(ctx, "Ended: "+w.view.String()+".")
	}
	return cmp.Or(err, toSuccessor.wait(mails), confirmation.wait(mails))
}

// next does the one thing that is next: a command, or another check of the successor's roles.
func (w *handOver) next(ctx workflow.Context) error {
	if w.command != nil {
		if goesOn, err := w.runCommand(ctx); err != nil || !goesOn {
			return err
		}
	} else if err := w.wait(ctx); err != nil || w.command != nil {
		return err
	}
	return w.advance(ctx)
}

// runCommand carries out what one of the two wants. goesOn is false where it was refused or has ended the
// hand-over.
func (w *handOver) runCommand(ctx workflow.Context) (goesOn bool, err error) {
	s := w.command
	err = s.run(ctx, "", func(licensing.HandOverView) int { return 0 })
	w.command = nil
	if err != nil || s.refusal != nil {
		return false, err
	}
	w.view, w.checks = s.answer, 0
	return !w.view.State.Ended(), nil
}

func (w *handOver) advance(ctx workflow.Context) error {
	out, err := step(ctx, AdvanceHandOverActivity, "hand over where the successor is active", w.ref)
	if err != nil {
		return err
	}
	w.view = out.View
	w.checks++
	if out.Request != "" {
		return startWork(ctx, out.Request)
	}
	return nil
}

// The intervals at which an agreed hand-over checks whether the successor is active: doubled from the first
// to the last, and at the due times that the rows name.
const (
	firstInterval = 2 * time.Second
	lastInterval  = 6 * time.Hour
	maxDoublings  = 14
)

// nextCheck returns when to look at the rows again, and why.
func (w *handOver) nextCheck(now time.Time) (at time.Time, summary string) {
	if w.view.State != licensing.HandOverAgreed {
		return w.view.CreatedAt.Add(licensing.HandOverWithin).Add(time.Second), "the hand-over ends"
	}
	if due := w.view.Next(); due.After(now) {
		return due.Add(firstInterval), "the successor's roles are due"
	}
	interval := min(firstInterval<<min(w.checks, maxDoublings), lastInterval)
	return now.Add(interval), "check the successor's roles again"
}

// wait sleeps until the next check, a command, or the end.
func (w *handOver) wait(ctx workflow.Context) error {
	now := workflow.Now(ctx)
	at, summary := w.nextCheck(now)
	w.showDetails(ctx)
	tctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	o := workflow.TimerOptions{Summary: summary}
	timer := workflow.NewTimerWithOptions(tctx, max(at.Sub(now), time.Millisecond), o)
	if err := workflow.Await(ctx, func() bool { return w.command != nil || timer.IsReady() }); err != nil {
		return err
	}
	if temporal.IsCanceledError(ctx.Err()) {
		return ctx.Err()
	}
	return nil
}

// showDetails tells an operator what the run waits for. It costs no event.
func (w *handOver) showDetails(ctx workflow.Context) {
	waitsFor := "Waiting for the successor to agree: `starter handover agree`."
	if w.view.State == licensing.HandOverAgreed {
		waitsFor = "Waiting until the successor is active everywhere."
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"**Hand-over**: %s. %s\n\nEither of the two can cancel it: `starter handover cancel --id %s`",
		w.view, waitsFor, w.ref.ID))
}
