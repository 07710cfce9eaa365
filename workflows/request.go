package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Apply takes in an organization with its directory, agreements and first administrators, and starts their
// invitations (R25, R27).
func Apply(ctx workflow.Context, in licensing.Intake) error {
	s := newLongRequestStep(ApplyActivity, "store the organization", in)
	return carryOut(ctx, in.ID, s, workOfIntake)
}

// ChangeContact carries out a Change of Contact Information Request (R34).
func ChangeContact(ctx workflow.Context, c licensing.ContactChange) error {
	return carryOut(ctx, c.ID, newRequestStep(ChangeContactActivity, "change the contact", c), workOfIntake)
}

// Directory records what a tenant says of its people (R84). A run by which an agreement lost its last active
// admin has VlStatus = "Orphaned" (R33), one whose change had odd entries "Odd".
func Directory(ctx workflow.Context, d licensing.DirectoryChange) error {
	s := newLongRequestStep(DirectoryActivity, "record the directory's changes", d)
	if err := carryOut(ctx, d.ID, s, workOfDirectory); err != nil {
		return err
	}
	return showTrouble(ctx, len(s.answer.Orphaned), s.answer.Odd)
}

// Delete removes a user's roles and ends what is running for the user (R80, R82).
func Delete(ctx workflow.Context, c licensing.Command) error {
	return carryOut(ctx, c.Request, newRequestStep(DeleteActivity, "delete the user", c),
		func(out licensing.Deletion) int { return out.Work })
}

// Recheck looks for a user in the directory who shows as User not found (R86).
func Recheck(ctx workflow.Context, c licensing.Command) error {
	return carryOut(ctx, c.Request, newRequestStep(RecheckActivity, "re-check the user", c),
		func(out licensing.Rechecked) int { return out.Work })
}

// Prefer sets whether a contact inherits Administrator (R88, R89).
func Prefer(ctx workflow.Context, c licensing.PreferenceChange) error {
	return carryOut(ctx, c.Request, newRequestStep(PreferActivity, "change the preference", c),
		func(out licensing.PreferenceAnswer) int { return out.Work })
}

// Seat makes somebody the administrator of an orphaned agreement, for support (R33).
func Seat(ctx workflow.Context, s licensing.Appointment) error {
	return carryOut(ctx, s.ID, newRequestStep(SeatActivity, "appoint an administrator", s), workOfSave)
}

// Erase erases one person's data for support (L10).
func Erase(ctx workflow.Context, e licensing.Erasure) error {
	return carryOut(ctx, e.ID, newRequestStep(EraseActivity, "erase the person's data", e),
		func(licensing.Erased) int { return 0 })
}

func workOfSave(out licensing.SaveAnswer) int           { return out.Work }
func workOfIntake(out licensing.IntakeAnswer) int       { return out.Work }
func workOfDirectory(out licensing.DirectoryAnswer) int { return out.Work }

// carryOut is what most requests are: one step that decides and stores, whose answer the caller waits for by
// the update, then the workflows of the people whom it concerns. work says how many those are.
func carryOut[I, O any](
	ctx workflow.Context, id licensing.RequestID, s *requestStep[I, O], work func(O) int,
) error {
	if err := handleVerdicts(ctx, "waits until the request is stored, for the answer", s); err != nil {
		return err
	}
	if err := s.run(ctx, id, work); err != nil {
		return err
	}
	return awaitHandlers(ctx)
}

// handleVerdicts registers the update by which a caller waits for the answer of a request. It refuses a caller
// who uses the request's id with another content (L06).
func handleVerdicts[I, O any](ctx workflow.Context, description string, s *requestStep[I, O]) error {
	handler := func(ctx workflow.Context, _ string) (O, error) { return s.wait(ctx) }
	validator := func(_ workflow.Context, fingerprint string) error {
		//workflowcheck:ignore // a validator isn't replayed
		if fingerprint != licensing.Fingerprint(s.in) {
			return refusal.Encode(licensing.Refuse(licensing.Conflict, "L06",
				"this request ID was used for another request: use a new one"))
		}
		return nil
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, VerdictsUpdate, handler,
		workflow.UpdateHandlerOptions{Description: description, Validator: validator})
}

// requestStep is one step that decides and stores, with its answer.
type requestStep[I, O any] struct {
	activity Activity[I, O]
	options  workflow.ActivityOptions
	in       I
	done     bool
	answer   O
	refusal  error
}

func newRequestStep[I, O any](a Activity[I, O], summary string, in I) *requestStep[I, O] {
	s := &requestStep[I, O]{activity: a, options: stepOptions, in: in}
	s.options.Summary = summary
	return s
}

// newLongRequestStep is newRequestStep for what may concern a thousand people.
func newLongRequestStep[I, O any](a Activity[I, O], summary string, in I) *requestStep[I, O] {
	s := newRequestStep(a, summary, in)
	s.options = longStepOptions()
	s.options.Summary = summary
	return s
}

// wait is for update handlers: it returns when the step is done.
func (s *requestStep[I, O]) wait(ctx workflow.Context) (O, error) {
	if err := workflow.Await(ctx, func() bool { return s.done }); err != nil {
		return s.answer, err
	}
	return s.answer, s.refusal
}

// run runs the step and starts the workflows that follow from it. A refusal is an answer and no error.
func (s *requestStep[I, O]) run(ctx workflow.Context, id licensing.RequestID, work func(O) int) error {
	answer, err := stepWith(ctx, s.options, s.activity, s.in)
	if temporal.IsCanceledError(err) {
		return err
	}
	s.answer, s.done, s.refusal = answer, true, refusal.ForCaller(err)
	if err == nil && work(s.answer) > 0 {
		return startWork(ctx, id)
	}
	return nil
}
