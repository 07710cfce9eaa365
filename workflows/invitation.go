package workflows

import (
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/activities"
	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// InvitationInput starts an Invitation.
type InvitationInput struct {
	User     licensing.UserID  `json:"user"`
	Sending  licensing.Sending `json:"sending"` // Generation 0: the run was started for the command that comes with it
	Settings Settings          `json:"settings"`
	Reminded bool              `json:"reminded,omitempty"` // by the run before this one
	Failed   bool              `json:"failed,omitempty"`
}

// Invitation is the life of one person's invitation: the welcome mail, the wait for registration with its reminder and
// its end, resend, reset and cancel while it waits, and propagation once the person has registered (R23, R56, R58, R60).
// It carries every License ID that is pending for the person: the rows say which.
func Invitation(ctx workflow.Context, in InvitationInput) error {
	w := &invitation{user: in.User, settings: in.Settings}
	w.adopt(in.Sending)
	w.reminded, w.failed = in.Reminded, in.Failed
	if err := w.handle(ctx); err != nil {
		return err
	}
	err := w.live(ctx)
	if temporal.IsCanceledError(err) && w.phase == waiting {
		err = errors.Join(err, w.abandon(ctx))
	}
	if err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

type phase int

const (
	waiting    phase = iota // for registration
	registered              // propagating
	ended                   // expired or withdrawn
)

// invitation is the state of a run. Handlers put a command in and wait; the loop alone acts.
type invitation struct {
	user     licensing.UserID
	settings Settings
	phase    phase
	sending  licensing.Sending // the generation that is waited for
	next     licensing.MailID  // a mail to send now
	mail     letter            // the mail on its way
	reminded bool
	failed   bool // the mail was refused: waits for reset
	command  *command
	timer    workflow.Future
	timerAt  time.Time
	stop     workflow.CancelFunc // of the timer
	roles    propagation
	notice   letter // to the addressee where somebody else registered (R28)
}

// command is what a caller wants, until the loop has done it.
type command struct {
	do   func(workflow.Context) error
	done bool
	err  error
}

// adopt makes a generation the one that is waited for.
func (w *invitation) adopt(s licensing.Sending) {
	w.sending, w.next, w.reminded, w.failed = s, s.Mail, false, false
	w.sending.Mail = ""
}

// handle registers all updates, before anything blocks.
func (w *invitation) handle(ctx workflow.Context) error {
	return errors.Join(
		on(ctx, w, RegisterUpdate, "claims the invitation for the person who registers", func(ctx workflow.Context, r licensing.Registration) (out licensing.Registered, err error) {
			return out, w.perform(ctx, func(loop workflow.Context) error { return w.register(loop, r, &out) })
		}),
		on(ctx, w, ResendUpdate, "mails the same link again (cool-down)", func(ctx workflow.Context, c licensing.Command) (out licensing.Sending, err error) {
			return out, w.perform(ctx, func(loop workflow.Context) error { return w.resend(loop, c, &out) })
		}),
		on(ctx, w, ResetUpdate, "opens a new generation: new link, full time, older links die", func(ctx workflow.Context, c licensing.Command) (out licensing.Sending, err error) {
			return out, w.perform(ctx, func(loop workflow.Context) error { return w.reset(loop, c, &out) })
		}),
		on(ctx, w, CancelUpdate, "takes the pending roles back that the caller administers", func(ctx workflow.Context, c licensing.Command) (out licensing.Withdrawal, err error) {
			return out, w.perform(ctx, func(loop workflow.Context) error { return w.cancel(loop, c, &out) })
		}),
		on(ctx, w, AdoptUpdate, "takes up a generation that a save has made", func(ctx workflow.Context, s licensing.Sending) (out licensing.Sending, err error) {
			return s, w.perform(ctx, func(workflow.Context) error { w.renew(s); return nil })
		}),
	)
}

func on[I, O any](ctx workflow.Context, w *invitation, name, description string, handler func(workflow.Context, I) (O, error)) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, name, handler, workflow.UpdateHandlerOptions{
		Description: description,
		Validator:   func(workflow.Context, I) error { return w.ready(name) },
	})
}

// ready refuses, without a trace in the history, what can't be done now.
func (w *invitation) ready(name string) error {
	switch {
	case w.command != nil:
		return refusal.Encode(licensing.Refuse(licensing.Conflict, "", "another command for this person is being carried out: try again in a moment"))
	case w.phase == registered && name == RegisterUpdate:
		return refusal.Encode(licensing.Refuse(licensing.Gone, "R29", "this invitation has been used already"))
	case w.phase == registered:
		return refusal.Encode(licensing.Refuse(licensing.Conflict, "R62", "the person has registered already"))
	}
	return nil
}

// perform hands a command to the loop and waits until it is done.
func (w *invitation) perform(ctx workflow.Context, do func(workflow.Context) error) error {
	c := &command{do: do}
	w.command = c
	if err := workflow.Await(ctx, func() bool { return c.done }); err != nil {
		return err
	}
	return refusal.ForCaller(c.err)
}

// live is the story.
func (w *invitation) live(ctx workflow.Context) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	for w.phase == waiting || w.command != nil {
		if err := w.turn(ctx); err != nil {
			return err
		}
	}
	w.quiet()
	if w.phase != registered {
		_, err := w.notice.outcome(ctx)
		return err
	}
	return w.roles.run(ctx, "registration mail")
}

// forwarded goes on after somebody else than the addressee registered (R28): a run of its own settles that person's roles, the
// addressee is told, and this run waits on where something is left for the addressee.
func (w *invitation) forwarded(ctx workflow.Context, out licensing.Registered) error {
	cctx := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            AssignmentID(licensing.RequestID(out.Propagation.Change), out.User),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:         "roles of a person who accepted a forwarded invitation",
	})
	child := workflow.ExecuteChildWorkflow(cctx, Assignment, AssignmentInput{User: out.User, Propagation: out.Propagation, Settings: w.settings})
	if err := child.GetChildWorkflowExecution().Get(ctx, nil); err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return err
	}
	w.notice = send(ctx, out.Notice, "notice to the addressee")
	if out.Again.Generation == 0 {
		w.phase = ended
		return nil
	}
	w.mail = letter{}
	w.adopt(out.Again)
	return nil
}

// turn does the one thing that is next.
func (w *invitation) turn(ctx workflow.Context) error {
	w.describe(ctx)
	now := workflow.Now(ctx)
	switch {
	case ctx.Err() != nil: // an operator's cancel; it also makes timers ready
		return ctx.Err()
	case w.command != nil:
		return w.obey(ctx)
	case w.sending.Generation == 0:
		w.phase = ended // the command that the run was started for was refused
		return nil
	case w.mail.ready():
		return w.delivered(ctx)
	case w.next != "" && w.mail.future == nil:
		w.mail, w.next = send(ctx, w.next, fmt.Sprintf("invitation mail, generation %d", w.sending.Generation)), ""
		return nil
	case !now.Before(w.expiresAt()):
		return w.expire(ctx)
	case w.reminderDue() && !now.Before(w.sending.RemindAt):
		return w.remind(ctx)
	case workflow.GetInfo(ctx).GetContinueAsNewSuggested() && w.mail.future == nil && workflow.AllHandlersFinished(ctx):
		w.quiet() // hundreds of resends: the history has grown long
		return workflow.NewContinueAsNewError(ctx, Invitation, InvitationInput{
			User: w.user, Sending: w.sending, Settings: w.settings, Reminded: w.reminded, Failed: w.failed})
	}
	return w.wait(ctx)
}

// begin waits a moment for the command that the run was started for; without it the loop ends the run.
func (w *invitation) begin(ctx workflow.Context) error {
	if w.sending.Generation > 0 {
		return nil
	}
	return arrival(ctx, func() bool { return w.command != nil })
}

func (w *invitation) reminderDue() bool {
	return !w.reminded && !w.failed && !w.sending.RemindAt.IsZero()
}

func (w *invitation) expiresAt() time.Time {
	return w.sending.ExpiresAt.Add(licensing.Jitter(string(w.user), w.settings.Jitter))
}

// wait sleeps until the next deadline, a command or the fate of a mail.
func (w *invitation) wait(ctx workflow.Context) error {
	deadline, what := w.expiresAt(), "invitation expiry"
	if w.reminderDue() && w.sending.RemindAt.Before(deadline) {
		deadline, what = w.sending.RemindAt, "reminder"
	}
	if w.timer == nil || !w.timerAt.Equal(deadline) {
		w.quiet()
		tctx, cancel := workflow.WithCancel(ctx)
		w.timer, w.timerAt, w.stop = workflow.NewTimerWithOptions(tctx, deadline.Sub(workflow.Now(ctx)), workflow.TimerOptions{Summary: what}), deadline, cancel
	}
	return workflow.Await(ctx, func() bool { return w.command != nil || w.mail.ready() || w.timer.IsReady() })
}

// quiet stops the timer: one that fires for nothing would wake the run.
func (w *invitation) quiet() {
	if w.timer != nil && !w.timer.IsReady() {
		w.stop()
	}
	w.timer = nil
}

func (w *invitation) obey(ctx workflow.Context) error {
	c := w.command
	err := c.do(ctx)
	if temporal.IsCanceledError(err) {
		return err
	}
	c.err, c.done, w.command = err, true, nil
	return nil
}

func (w *invitation) register(ctx workflow.Context, r licensing.Registration, out *licensing.Registered) error {
	if err := short(ctx, shortly, "claim the invitation", a.Register, r, out); err != nil {
		return err
	}
	w.mail.stop()
	if out.User != w.user {
		return w.forwarded(ctx, *out)
	}
	w.phase = registered
	w.roles = propagation{user: out.User, what: out.Propagation, settings: w.settings}
	return nil
}

func (w *invitation) resend(ctx workflow.Context, c licensing.Command, out *licensing.Sending) error {
	if err := short(ctx, shortly, "queue the same link", a.Resend, c, out); err != nil {
		return err
	}
	w.mail.stop()
	w.mail, w.next = letter{}, out.Mail
	return nil
}

func (w *invitation) reset(ctx workflow.Context, c licensing.Command, out *licensing.Sending) error {
	if err := short(ctx, shortly, "open a new generation", a.Reset, c, out); err != nil {
		return err
	}
	failed := w.failed
	w.renew(*out)
	if failed {
		return workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(StatusOpen))
	}
	return nil
}

// renew goes on with another generation, unless it is the one already.
func (w *invitation) renew(s licensing.Sending) {
	if s.Invitation == w.sending.Invitation && s.Generation <= w.sending.Generation {
		return
	}
	w.mail.stop()
	w.mail = letter{}
	w.adopt(s)
}

func (w *invitation) cancel(ctx workflow.Context, c licensing.Command, out *licensing.Withdrawal) error {
	if err := short(ctx, shortly, "take the invitation back", a.Cancel, c, out); err != nil {
		return err
	}
	if out.Ended {
		w.mail.stop()
		w.phase = ended
	}
	return nil
}

// delivered takes note of how the mail ended. The rows say so already; operators find the refused ones by VlStatus.
func (w *invitation) delivered(ctx workflow.Context) error {
	mail := w.mail
	w.mail = letter{}
	out, err := mail.outcome(ctx)
	if err != nil {
		return err
	}
	if out.State != licensing.MailRefused && out.State != licensing.MailGivenUp || w.failed {
		return nil
	}
	w.failed = true
	return workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(StatusFailed))
}

func (w *invitation) remind(ctx workflow.Context) error {
	w.reminded = true
	var mail licensing.MailID
	if err := short(ctx, shortly, "queue the reminder", a.Remind, w.generation(), &mail); err != nil {
		return err
	}
	if w.mail.future == nil {
		w.next = mail
	}
	return nil
}

// expire ends the invitation and tells the admin who invited, once (R56).
func (w *invitation) expire(ctx workflow.Context) error {
	var notice licensing.MailID
	if err := short(ctx, shortly, "expire the invitation", a.Expire, w.generation(), &notice); err != nil {
		return err
	}
	w.mail.stop()
	w.mail = letter{}
	if notice == "" {
		w.phase = ended
		return nil
	}
	workflow.SetCurrentDetails(ctx, "**Invitation expired**. The notice to the inviting admin is on its way. `starter reset` invites anew.")
	tell := send(ctx, notice, "notice to the inviting admin")
	if err := workflow.Await(ctx, func() bool { return tell.ready() || w.command != nil }); err != nil {
		return err
	}
	if w.command != nil { // a reset goes on in this run; the notice is sent by itself
		return w.obey(ctx)
	}
	if _, err := tell.outcome(ctx); err != nil {
		return err
	}
	w.phase = ended
	return nil
}

// abandon records that an operator ended the run. An admin can reset the invitation.
func (w *invitation) abandon(ctx workflow.Context) error {
	dctx, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	g := w.generation()
	g.Reason = "ended by an operator"
	return short(dctx, shortly, "mark as Failed", a.Break, g, nil)
}

func (w *invitation) generation() activities.Generation {
	return activities.Generation{Invitation: w.sending.Invitation, Number: w.sending.Generation}
}

// describe tells an operator what the run waits for and the command that mends it. It costs no event.
func (w *invitation) describe(ctx workflow.Context) {
	state := "**Invitation sent**"
	if w.failed {
		state = "**Failed**: the mail could not be delivered. Correct the business e-mail (`starter edit`), then reset"
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("%s. Generation %d, open until %s.\n\nMend: `starter reset --user %s --as ADMIN`",
		state, w.sending.Generation, licensing.Clock(w.sending.ExpiresAt), w.user))
}
