package workflows

import (
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
)

// Agreement carries out what partners say of one License ID, one request after the other (R03, R25, R34).
func Agreement(ctx workflow.Context, _ licensing.LicenseID) error {
	var queue []*requestStep[licensing.AgreementPut, licensing.IntakeAnswer]
	put := func(ctx workflow.Context, p licensing.AgreementPut) (licensing.IntakeAnswer, error) {
		s := newRequestStep(PutAgreementActivity, "store the agreement", p)
		queue = append(queue, s)
		return s.wait(ctx)
	}
	err := workflow.SetUpdateHandlerWithOptions(ctx, PutUpdate, put, workflow.UpdateHandlerOptions{
		Description: "stores a new or changed agreement and returns what was done",
	})
	if err != nil {
		return err
	}
	waiting := func() bool { return len(queue) > 0 }
	if err := awaitFirstCommand(ctx, waiting); err != nil {
		return err
	}
	for waiting() {
		next := queue[0]
		queue = queue[1:]
		if err := next.run(ctx, next.in.ID, workOfIntake); err != nil {
			return err
		}
		err := workflow.Await(ctx, func() bool { return waiting() || workflow.AllHandlersFinished(ctx) })
		if err != nil {
			return err
		}
	}
	return nil
}
