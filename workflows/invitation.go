package workflows

import (
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
)

// Invitation is the life of one person's invitation: the welcome mail, the wait for registration with its
// reminder and its expiry, resend, reset and cancel while it waits, and propagation once the person has
// registered (R23, R56, R58, R60). It carries every License ID that is pending for the person: the rows say
// which.
func Invitation(ctx workflow.Context, in InvitationInput) error {
	w := &invitation{user: in.User, settings: in.Settings}
	w.useGeneration(in.Run)
	w.reminded, w.failed = in.Reminded, in.Failed
	if err := w.handleUpdates(ctx); err != nil {
		return err
	}
	err := w.run(ctx)
	if temporal.IsCanceledError(err) && w.phase == waiting {
		err = errors.Join(err, w.recordCancel(ctx))
	}
	if err != nil {
		return err
	}
	return awaitHandlers(ctx)
}

type phase int

const (
	waiting    phase = iota // for registration
	registered              // propagating
	ended                   // expired or cancelled
)

// invitation is the state of a run. Update handlers leave a command in it and wait; the loop alone acts.
type invitation struct {
	user       licensing.UserID
	settings   Settings
	phase      phase
	generation licensing.InvitationRun // what is waited for, without its mail
	queued     licensing.MailID        // a mail to send next
	also       []licensing.MailID      // and the ones after it: each address has a link of its own (R28)
	mail       pendingMail             // the mail that is being sent
	reminded   bool
	failed     bool // the mail was refused: only a reset helps
	command    *command
	timer      workflow.Future
	timerAt    time.Time
	timerStop  workflow.CancelFunc
	roles      propagation
	notice     pendingMail // to the addressee where somebody else registered (R28)
}

// useGeneration makes a generation the one that is waited for.
func (w *invitation) useGeneration(s licensing.InvitationRun) {
	w.generation, w.queued, w.reminded, w.failed = s, s.Mail, false, false
	w.also = s.Also
	w.generation.Mail, w.generation.Also = "", nil
}

// run waits for the registration, one event after the other, and makes the roles effective.
func (w *invitation) run(ctx workflow.Context) error {
	if w.generation.Generation == 0 {
		if err := awaitFirstCommand(ctx, func() bool { return w.command != nil }); err != nil {
			return err
		}
	}
	for w.phase == waiting || w.command != nil {
		if err := w.next(ctx); err != nil {
			return err
		}
	}
	w.stopTimer()
	if w.phase == registered {
		return w.roles.run(ctx, "registration mail")
	}
	return w.notice.wait(ctx)
}

// next does the one thing that is next.
func (w *invitation) next(ctx workflow.Context) error {
	w.showDetails(ctx)
	now := workflow.Now(ctx)
	switch {
	case ctx.Err() != nil: // an operator's cancel; it also makes timers ready
		return ctx.Err()
	case w.command != nil:
		return w.runCommand(ctx)
	case w.generation.Generation == 0:
		w.phase = ended // the command that the run was started for was refused
		return nil
	case w.mail.isDone():
		return w.recordMail(ctx)
	case w.queued != "" && !w.mail.exists():
		w.sendQueued(ctx)
		return nil
	case len(w.also) > 0 && !w.mail.exists():
		w.queued, w.also = w.also[0], w.also[1:]
		return nil
	case !now.Before(w.expiresAt()):
		return w.expire(ctx)
	case w.needsReminder() && !now.Before(w.generation.RemindAt):
		return w.remind(ctx)
	case w.historyIsLong(ctx):
		return w.continueAsNew(ctx)
	}
	return w.wait(ctx)
}

func (w *invitation) sendQueued(ctx workflow.Context) {
	w.mail = sendMail(ctx, w.queued, fmt.Sprintf("invitation mail, generation %d", w.generation.Generation))
	w.queued = ""
}

// stopMail ends the attempts to send the mail and forgets it.
func (w *invitation) stopMail() {
	w.mail.stop()
	w.mail = pendingMail{}
}

// recordMail notes how the mail ended. The rows say so already; operators find refused ones by VlStatus.
func (w *invitation) recordMail(ctx workflow.Context) error {
	mail := w.mail
	w.mail = pendingMail{}
	out, err := mail.outcome(ctx)
	if err != nil {
		return err
	}
	if out.State == licensing.MailQueued && w.queued == "" { // the limits held it back for a day (L07)
		w.queued = mail.id
	}
	undelivered := out.State == licensing.MailRefused || out.State == licensing.MailGivenUp
	if !undelivered || w.failed {
		return nil
	}
	w.failed = true
	return workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(StatusFailed))
}

func (w *invitation) needsReminder() bool {
	return !w.reminded && !w.failed && !w.generation.RemindAt.IsZero()
}

func (w *invitation) remind(ctx workflow.Context) error {
	w.reminded = true
	mail, err := stepLocal(ctx, RemindActivity, "queue the reminder", w.ref())
	if err != nil {
		return err
	}
	if !w.mail.exists() {
		w.queued = mail
	}
	return nil
}

func (w *invitation) expiresAt() time.Time {
	return w.generation.ExpiresAt.Add(licensing.Jitter(string(w.user), w.settings.Jitter))
}

// expire ends the invitation and tells the admin who invited, once (R56).
func (w *invitation) expire(ctx workflow.Context) error {
	id, err := stepLocal(ctx, ExpireActivity, "expire the invitation", w.ref())
	if err != nil {
		return err
	}
	w.stopMail()
	if id == "" {
		w.phase = ended
		return nil
	}
	workflow.SetCurrentDetails(ctx, "**Invitation expired**. Sending the notice to the inviting admin. "+
		"To invite the person again: `starter reset`.")
	notice := sendMail(ctx, id, "notice to the inviting admin")
	if err := workflow.Await(ctx, func() bool { return notice.isDone() || w.command != nil }); err != nil {
		return err
	}
	if w.command != nil { // a reset goes on in this run; the notice is sent meanwhile
		return w.runCommand(ctx)
	}
	if err := notice.wait(ctx); err != nil {
		return err
	}
	w.phase = ended
	return nil
}

// wait sleeps until the next deadline, a command or the outcome of a mail.
func (w *invitation) wait(ctx workflow.Context) error {
	deadline, summary := w.expiresAt(), "the invitation expires"
	if w.needsReminder() && w.generation.RemindAt.Before(deadline) {
		deadline, summary = w.generation.RemindAt, "reminder"
	}
	w.startTimer(ctx, deadline, summary)
	return workflow.Await(ctx,
		func() bool { return w.command != nil || w.mail.isDone() || w.timer.IsReady() })
}

// startTimer makes the timer fire at the deadline, and leaves it alone where it does already.
func (w *invitation) startTimer(ctx workflow.Context, deadline time.Time, summary string) {
	if w.timer != nil && w.timerAt.Equal(deadline) {
		return
	}
	w.stopTimer()
	tctx, cancel := workflow.WithCancel(ctx)
	o := workflow.TimerOptions{Summary: summary}
	w.timer = workflow.NewTimerWithOptions(tctx, deadline.Sub(workflow.Now(ctx)), o)
	w.timerAt, w.timerStop = deadline, cancel
}

// stopTimer cancels the timer: one that fires for nothing would wake the run.
func (w *invitation) stopTimer() {
	if w.timer != nil && !w.timer.IsReady() {
		w.timerStop()
	}
	w.timer = nil
}

// continueForAddressee goes on after somebody else than the addressee has registered (R28). That person's
// roles get a run of their own, and the addressee is told. This run waits on where something is left for the
// addressee.
func (w *invitation) continueForAddressee(ctx workflow.Context, out licensing.Registered) error {
	if err := w.startAssignment(ctx, out); err != nil {
		return err
	}
	w.notice = sendMail(ctx, out.Notice, "notice to the addressee")
	if out.Again.Generation == 0 {
		w.phase = ended
		return nil
	}
	w.mail = pendingMail{}
	w.useGeneration(out.Again)
	return nil
}

// startAssignment starts the run of a person who accepted a forwarded invitation.
func (w *invitation) startAssignment(ctx workflow.Context, out licensing.Registered) error {
	cctx := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            AssignmentID(licensing.RequestID(out.Propagation.Change), out.User),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:         "roles of a person who accepted a forwarded invitation",
	})
	child := workflow.ExecuteChildWorkflow(cctx, Assignment,
		AssignmentInput{User: out.User, Propagation: out.Propagation, Settings: w.settings})
	err := child.GetChildWorkflowExecution().Get(ctx, nil)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}
	return err
}

// historyIsLong says whether hundreds of resends have made the history long, and nothing is going on now.
func (w *invitation) historyIsLong(ctx workflow.Context) bool {
	suggested := workflow.GetInfo(ctx).GetContinueAsNewSuggested()
	return suggested && !w.mail.exists() && workflow.AllHandlersFinished(ctx)
}

func (w *invitation) continueAsNew(ctx workflow.Context) error {
	w.stopTimer()
	return workflow.NewContinueAsNewError(ctx, Invitation, InvitationInput{
		User: w.user, Run: w.generation, Settings: w.settings, Reminded: w.reminded, Failed: w.failed,
	})
}

// recordCancel marks the invitation as Failed, because an operator has ended its run. An admin can reset it.
func (w *invitation) recordCancel(ctx workflow.Context) error {
	dctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	g := w.ref()
	g.Reason = endedByOperator
	_, err := stepLocal(dctx, BreakActivity, "mark the invitation as Failed", g)
	return err
}

func (w *invitation) ref() licensing.GenerationRef {
	return licensing.GenerationRef{Invitation: w.generation.Invitation, Number: w.generation.Generation}
}

// showDetails tells an operator what the run waits for and the command that helps. It costs no event.
func (w *invitation) showDetails(ctx workflow.Context) {
	state := "**Invitation sent**"
	if w.failed {
		state = "**Failed**: the mail could not be delivered. Correct the business email (`starter edit`), " +
			"then reset"
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"%s. Generation %d, expires %s.\n\nTo send a new link: `starter reset --user %s --as ADMIN`",
		state, w.generation.Generation, licensing.Clock(w.generation.ExpiresAt), w.user))
}
