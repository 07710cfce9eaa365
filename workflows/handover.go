package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/activities"
	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// HandOver replaces an administrator by a successor on many License IDs (R30–R32): it makes the successor Administrator, waits
// until the successor agrees and is active, and removes the old one's role License ID by License ID, in the successor's name.
// Either of the two may cancel it; what was handed over stays so.
func HandOver(ctx workflow.Context, h licensing.HandOver) error {
	w := &handOver{ref: activities.HandOverRef{Org: h.Org, ID: h.ID}, begin: turn[licensing.HandOver, licensing.HandOverAnswer]{in: h}}
	if err := w.handle(ctx); err != nil {
		return err
	}
	if err := w.live(ctx); err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

type handOver struct {
	ref     activities.HandOverRef
	begin   turn[licensing.HandOver, licensing.HandOverAnswer]
	view    licensing.HandOverView
	command *handOverTurn
	looks   int // at rows, since the successor agreed
}

type handOverTurn struct {
	turn[licensing.HandOverCommand, licensing.HandOverView]
	step any
}

// handle registers all updates, before anything blocks.
func (w *handOver) handle(ctx workflow.Context) error {
	err := workflow.SetUpdateHandlerWithOptions(ctx, VerdictsUpdate, w.begin.wait, workflow.UpdateHandlerOptions{
		Description: "waits until the successor's roles are decided and returns what waits for the successor",
	})
	if err != nil {
		return err
	}
	for _, u := range []struct {
		name, description string
		step              any
	}{
		{AgreeUpdate, "takes note that the successor agrees", a.AgreeHandOver},
		{CancelUpdate, "ends the hand-over; what was handed over stays so", a.CancelHandOver},
	} {
		handler := func(ctx workflow.Context, c licensing.HandOverCommand) (licensing.HandOverView, error) {
			t := &handOverTurn{step: u.step}
			t.in = c
			w.command = t
			return t.wait(ctx)
		}
		validator := func(workflow.Context, licensing.HandOverCommand) error {
			if w.command != nil {
				return refusal.Encode(licensing.Refuse(licensing.Conflict, "", "another command on this hand-over is being carried out: try again in a moment"))
			}
			return nil
		}
		if err := workflow.SetUpdateHandlerWithOptions(ctx, u.name, handler, workflow.UpdateHandlerOptions{Description: u.description, Validator: validator}); err != nil {
			return err
		}
	}
	return nil
}

// live is the story.
func (w *handOver) live(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, "Deciding the successor's roles.")
	err := w.begin.run(ctx, w.ref.ID, "make the successor Administrator", a.StartHandOver, func(out licensing.HandOverAnswer) int { return out.Work })
	if err != nil || w.begin.refusal != nil {
		return err
	}
	w.view = w.begin.answer.View
	asked := send(ctx, w.begin.answer.Notice, "mail to the successor")
	confirmed := send(ctx, w.begin.answer.Confirmation, "confirmation mail to the admin")
	for !w.view.State.Ended() || w.command != nil {
		if err := w.turn(ctx); err != nil {
			return err
		}
	}
	workflow.SetCurrentDetails(ctx, "Ended: "+w.view.String()+".")
	if _, err := asked.outcome(ctx); err != nil {
		return err
	}
	_, err = confirmed.outcome(ctx)
	return err
}

// turn does the one thing that is next: a command, or another look at the rows.
func (w *handOver) turn(ctx workflow.Context) error {
	if t := w.command; t != nil {
		err := t.run(ctx, "", "carry the command out", t.step, func(licensing.HandOverView) int { return 0 })
		w.command = nil
		if err != nil || t.refusal != nil {
			return err
		}
		w.view, w.looks = t.answer, 0
		if w.view.State.Ended() {
			return nil
		}
	} else if err := w.wait(ctx); err != nil || w.command != nil {
		return err
	}
	return w.advance(ctx)
}

func (w *handOver) advance(ctx workflow.Context) error {
	var step licensing.HandOverStep
	if err := regular(ctx, "hand over where the successor is active", a.AdvanceHandOver, w.ref, &step); err != nil {
		return err
	}
	w.view = step.View
	w.looks++
	if step.Request != "" {
		return startWork(ctx, step.Request)
	}
	return nil
}

// The intervals at which an agreed hand-over looks whether the successor is active: doubled from the first to the last, and
// at the due times that the rows name.
const (
	firstLook = 2 * time.Second
	lastLook  = 6 * time.Hour
)

// wait sleeps until there is something to look at, a command, or the end.
func (w *handOver) wait(ctx workflow.Context) error {
	now := workflow.Now(ctx)
	until, what := w.view.CreatedAt.Add(licensing.HandOverWithin).Add(time.Second), "the end of the hand-over"
	if w.view.State == licensing.HandOverAgreed {
		until, what = now.Add(min(firstLook<<min(w.looks, 14), lastLook)), "another look at the successor's roles"
		if due := w.view.Next(); due.After(now) {
			until, what = due.Add(firstLook), "the successor's roles are due"
		}
	}
	w.describe(ctx)
	tctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	timer := workflow.NewTimerWithOptions(tctx, max(until.Sub(now), time.Millisecond), workflow.TimerOptions{Summary: what})
	if err := workflow.Await(ctx, func() bool { return w.command != nil || timer.IsReady() }); err != nil {
		return err
	}
	if temporal.IsCanceledError(ctx.Err()) {
		return ctx.Err()
	}
	return nil
}

func (w *handOver) describe(ctx workflow.Context) {
	next := "Waits for the successor: `starter handover agree`."
	if w.view.State == licensing.HandOverAgreed {
		next = "Waits until the successor is active everywhere."
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**Hand-over**: %s. %s\n\nEnd it: `starter handover cancel --id %s --as ADMIN`", w.view, next, w.ref.ID))
}
