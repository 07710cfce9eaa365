package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Apply takes in an organization, its directory, agreements and first administrators, and starts their invitations (R25,
// R27).
func Apply(ctx workflow.Context, in licensing.Intake) error {
	return request(ctx, in.ID, "store the intake", a.Apply, in, intakeWork)
}

// ChangeContact carries a Change of Contact Information Request out (R34).
func ChangeContact(ctx workflow.Context, c licensing.ContactChange) error {
	return request(ctx, c.ID, "change the contact", a.ChangeContact, c, intakeWork)
}

// Directory takes in what a tenant says of its people (R84). Operators find a run that orphaned an agreement by VlStatus (R33).
func Directory(ctx workflow.Context, d licensing.DirectoryChange) error {
	var answer licensing.DirectoryAnswer
	err := request(ctx, d.ID, "take the directory in", a.Directory, d, func(out licensing.DirectoryAnswer) int { answer = out; return out.Work })
	if err != nil {
		return err
	}
	return orphans(ctx, len(answer.Orphaned))
}

// Delete takes a VL user's roles away and ends what is running for the user (R80, R82).
func Delete(ctx workflow.Context, c licensing.Command) error {
	return request(ctx, c.Request, "delete the user", a.Delete, c, func(out licensing.Deletion) int { return out.Work })
}

// Recheck looks for a user in the directory who shows as User not found (R86).
func Recheck(ctx workflow.Context, c licensing.Command) error {
	return request(ctx, c.Request, "re-check the user", a.Recheck, c, func(out licensing.Rechecked) int { return out.Work })
}

// Prefer sets whether a contact inherits Administrator (R88, R89).
func Prefer(ctx workflow.Context, c licensing.PreferenceChange) error {
	return request(ctx, c.Request, "change the preference", a.Prefer, c, func(out licensing.PreferenceAnswer) int { return out.Work })
}

// Seat makes somebody the administrator of an orphaned agreement, for support (R33).
func Seat(ctx workflow.Context, s licensing.Seat) error {
	return request(ctx, s.ID, "seat an administrator", a.Seat, s, func(out licensing.SaveAnswer) int { return out.Work })
}

func intakeWork(out licensing.IntakeAnswer) int { return out.Work }

// request is what most requests are: one step that decides and stores, whose answer the caller waits for by the update, then
// the workflows of the people whom it concerns.
func request[I, O any](ctx workflow.Context, id licensing.RequestID, summary string, step any, in I, work func(O) int) error {
	var t turn[I, O]
	err := workflow.SetUpdateHandlerWithOptions(ctx, VerdictsUpdate, t.wait, workflow.UpdateHandlerOptions{
		Description: "waits until everything is stored and returns what was done",
	})
	if err != nil {
		return err
	}
	t.in = in
	if err := t.run(ctx, id, summary, step, work); err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// turn is one deciding step and its answer.
type turn[I, O any] struct {
	in      I
	done    bool
	answer  O
	refusal error
}

func (t *turn[I, O]) wait(ctx workflow.Context) (O, error) {
	if err := workflow.Await(ctx, func() bool { return t.done }); err != nil {
		return t.answer, err
	}
	return t.answer, t.refusal
}

func (t *turn[I, O]) run(ctx workflow.Context, id licensing.RequestID, summary string, step any, work func(O) int) error {
	err := regular(ctx, summary, step, t.in, &t.answer)
	if temporal.IsCanceledError(err) {
		return err
	}
	t.done, t.refusal = true, refusal.ForCaller(err)
	if err == nil && work(t.answer) > 0 {
		return startWork(ctx, id)
	}
	return nil
}

// Agreement carries out what partners say of one License ID, one request after the other (R03, R25, R34).
func Agreement(ctx workflow.Context, _ licensing.LicenseID) error {
	var queue []*turn[licensing.AgreementPut, licensing.IntakeAnswer]
	put := func(ctx workflow.Context, p licensing.AgreementPut) (licensing.IntakeAnswer, error) {
		t := &turn[licensing.AgreementPut, licensing.IntakeAnswer]{in: p}
		queue = append(queue, t)
		return t.wait(ctx)
	}
	err := workflow.SetUpdateHandlerWithOptions(ctx, PutUpdate, put, workflow.UpdateHandlerOptions{
		Description: "takes the agreement in, new or changed, and returns what was done",
	})
	if err != nil {
		return err
	}
	waiting := func() bool { return len(queue) > 0 }
	if err := arrival(ctx, waiting); err != nil {
		return err
	}
	for waiting() {
		next := queue[0]
		queue = queue[1:]
		if err := next.run(ctx, next.in.ID, "take the agreement in", a.PutAgreement, intakeWork); err != nil {
			return err
		}
		if err := workflow.Await(ctx, func() bool { return waiting() || workflow.AllHandlersFinished(ctx) }); err != nil {
			return err
		}
	}
	return nil
}
