package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// command is what a caller wants, until the loop has done it.
type command struct {
	do   func(workflow.Context) error
	done bool
	err  error
}

// handleUpdates registers all updates, before anything blocks.
func (w *invitation) handleUpdates(ctx workflow.Context) error {
	return errors.Join(
		handleCommand(ctx, w, RegisterUpdate, "accepts the invitation for the person who registers",
			w.register),
		handleCommand(ctx, w, ResendUpdate, "sends the same link again, after a cool-down", w.resend),
		handleCommand(ctx, w, ResetUpdate, "sends a new link; earlier links stop working", w.reset),
		handleCommand(ctx, w, CancelUpdate, "removes the pending roles that the caller administers",
			w.cancel),
		handleCommand(ctx, w, AdoptUpdate, "goes on with a newer generation that a save has made", w.adopt),
	)
}

// handleCommand registers an update that the loop carries out.
func handleCommand[I, O any](
	ctx workflow.Context, w *invitation, name, description string, do func(workflow.Context, I) (O, error),
) error {
	handler := func(ctx workflow.Context, in I) (out O, err error) {
		err = w.awaitLoop(ctx, func(loop workflow.Context) (err error) {
			out, err = do(loop, in)
			return err
		})
		return out, err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, name, handler, workflow.UpdateHandlerOptions{
		Description: description,
		Validator:   func(workflow.Context, I) error { return w.validate(name) },
	})
}

// validate refuses, without a trace in the history, what can't be done now.
func (w *invitation) validate(name string) error {
	switch {
	case w.command != nil:
		return refusal.Encode(licensing.Refuse(licensing.Conflict, "",
			"another change for this person is in progress: try again in a moment"))
	case w.phase == registered && name == RegisterUpdate:
		return refusal.Encode(licensing.Refuse(licensing.Gone, "R29",
			"this invitation has been used already"))
	case w.phase == registered:
		return refusal.Encode(licensing.Refuse(licensing.Conflict, "R62",
			"the person has registered already"))
	}
	return nil
}

// awaitLoop hands a command to the loop and waits until it is done.
func (w *invitation) awaitLoop(ctx workflow.Context, do func(workflow.Context) error) error {
	c := &command{do: do}
	w.command = c
	if err := workflow.Await(ctx, func() bool { return c.done }); err != nil {
		return err
	}
	return refusal.ForCaller(c.err)
}

// runCommand does what a caller wants. Its refusal is the caller's answer, and the run goes on.
func (w *invitation) runCommand(ctx workflow.Context) error {
	c := w.command
	err := c.do(ctx)
	if temporal.IsCanceledError(err) {
		return err
	}
	c.err, c.done, w.command = err, true, nil
	return nil
}

func (w *invitation) register(ctx workflow.Context, r licensing.Registration) (licensing.Registered, error) {
	out, err := stepLocal(ctx, RegisterActivity, "accept the invitation", r)
	if err != nil {
		return out, err
	}
	w.mail.stop()
	if out.User != w.user {
		return out, w.continueForAddressee(ctx, out)
	}
	w.phase = registered
	w.roles = propagation{user: out.User, what: out.Propagation, settings: w.settings}
	return out, nil
}

func (w *invitation) resend(ctx workflow.Context, c licensing.Command) (licensing.InvitationRun, error) {
	out, err := stepLocal(ctx, ResendActivity, "queue the same link again", c)
	if err != nil {
		return out, err
	}
	w.stopMail()
	w.queued, w.also = out.Mail, out.Also
	return out, nil
}

func (w *invitation) reset(ctx workflow.Context, c licensing.Command) (licensing.InvitationRun, error) {
	out, err := stepLocal(ctx, ResetActivity, "make a new link", c)
	if err != nil {
		return out, err
	}
	failed := w.failed
	w.useNewerGeneration(out)
	if failed {
		return out, workflow.UpsertTypedSearchAttributes(ctx, StatusAttribute.ValueSet(StatusOpen))
	}
	return out, nil
}

func (w *invitation) cancel(ctx workflow.Context, c licensing.Command) (licensing.Withdrawal, error) {
	out, err := stepLocal(ctx, CancelActivity, "cancel the invitation", c)
	if err == nil && out.Ended {
		w.mail.stop()
		w.phase = ended
	}
	return out, err
}

func (w *invitation) adopt(_ workflow.Context, s licensing.InvitationRun) (licensing.InvitationRun, error) {
	w.useNewerGeneration(s)
	return s, nil
}

// useNewerGeneration goes on with another generation, unless it is the one that is waited for already.
func (w *invitation) useNewerGeneration(s licensing.InvitationRun) {
	if s.Invitation == w.generation.Invitation && s.Generation <= w.generation.Generation {
		if s.Generation == w.generation.Generation {
			w.also = append(w.also, s.Also...) // the contract has another address to which a link goes
		}
		return
	}
	w.stopMail()
	w.useGeneration(s)
}
