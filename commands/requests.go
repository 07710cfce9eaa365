package commands

import (
	"context"

	"vlroles/licensing"
	"vlroles/workflows"
)

// Save decides a request, stores it and carries it out. It returns the verdicts (R67, R70).
func (c *Client) Save(ctx context.Context, s licensing.Save) (licensing.SaveAnswer, error) {
	return answerOf[licensing.SaveAnswer](ctx, c, request{
		workflows.SaveID(s.ID), s.ID, s.Org, "request of an admin", workflows.Save, s})
}

// Apply takes in an organization with its directory, agreements and first administrators (R25).
func (c *Client) Apply(ctx context.Context, in licensing.Intake) (licensing.IntakeAnswer, error) {
	return answerOf[licensing.IntakeAnswer](ctx, c, request{
		workflows.ApplyID(in.ID), in.ID, in.Org, "intake of an organization", workflows.Apply, in})
}

// ChangeContact carries out a Change of Contact Information Request (R34).
func (c *Client) ChangeContact(
	ctx context.Context, change licensing.ContactChange,
) (licensing.IntakeAnswer, error) {
	id := workflows.ContactID(change.ID)
	return answerOf[licensing.IntakeAnswer](ctx, c, request{
		id, change.ID, change.Org, "change of a contact", workflows.ChangeContact, change})
}

// Directory records what a tenant says of its people (R84).
func (c *Client) Directory(
	ctx context.Context, d licensing.DirectoryChange,
) (licensing.DirectoryAnswer, error) {
	return answerOf[licensing.DirectoryAnswer](ctx, c, request{
		workflows.DirectoryID(d.ID), d.ID, d.Org, "change of a directory", workflows.Directory, d})
}

// Delete removes all roles of a user that the caller may remove (R80).
func (c *Client) Delete(ctx context.Context, cmd licensing.Command) (licensing.Deletion, error) {
	return answerOf[licensing.Deletion](ctx, c, request{
		workflows.DeleteID(cmd.Request), cmd.Request, cmd.Org, "deletion of a user", workflows.Delete, cmd})
}

// Recheck looks for a user in the directory who shows as User not found (R86).
func (c *Client) Recheck(ctx context.Context, cmd licensing.Command) (licensing.Rechecked, error) {
	return answerOf[licensing.Rechecked](ctx, c, request{
		workflows.RecheckID(cmd.Request), cmd.Request, cmd.Org, "re-check of a user", workflows.Recheck, cmd})
}

// SetPreference sets whether a contact inherits Administrator (R88, R89).
func (c *Client) SetPreference(
	ctx context.Context, p licensing.PreferenceChange,
) (licensing.PreferenceAnswer, error) {
	return answerOf[licensing.PreferenceAnswer](ctx, c, request{
		workflows.PreferenceID(p.Request), p.Request, p.Org, "preference of a contact", workflows.Prefer, p})
}

// Appoint makes somebody the administrator of an orphaned agreement, for support (R33).
func (c *Client) Appoint(ctx context.Context, s licensing.Appointment) (licensing.SaveAnswer, error) {
	return answerOf[licensing.SaveAnswer](ctx, c, request{
		workflows.SeatID(s.ID), s.ID, s.Org, "administrator for an orphaned agreement", workflows.Seat, s})
}

// Erase erases one person's data for support, who was asked to by the person (L10).
func (c *Client) Erase(ctx context.Context, e licensing.Erasure) (licensing.Erased, error) {
	return answerOf[licensing.Erased](ctx, c, request{
		workflows.EraseID(e.ID), e.ID, e.Org, "erasure of a person's data", workflows.Erase, e})
}

// PutAgreement takes in one agreement with the people whom it names (R03, R25, R34). Requests for one License
// ID are carried out one after the other.
func (c *Client) PutAgreement(ctx context.Context, p licensing.AgreementPut) (licensing.IntakeAnswer, error) {
	var answer licensing.IntakeAnswer
	l, err := licensing.ParseLicenseID(string(p.Agreement.License))
	if err != nil {
		return answer, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	r := request{workflows.AgreementID(l), p.ID, p.Org, "agreement of a partner", workflows.Agreement, l}
	err = retryInterrupted(func() error {
		return c.updateWithStart(ctx, r.run(), update{workflows.PutUpdate, p.ID, p}, &answer)
	})
	return answer, clientError(err)
}

// request is a workflow that carries out one request.
type request struct {
	workflowID string
	id         licensing.RequestID
	org        licensing.OrgID
	summary    string
	workflow   any
	input      any
}

func (r request) run() run {
	o := startOptions(r.workflowID, r.summary, r.org, workflows.RequestAttribute.ValueSet(string(r.id)))
	return run{options: o, workflow: r.workflow, input: r.input}
}

// answerOf starts the workflow of a request, unless it has been started, and waits for its answer.
func answerOf[O any](ctx context.Context, c *Client, r request) (O, error) {
	var answer O
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	err := retryInterrupted(func() error {
		return c.updateWithStart(ctx, r.run(), update{workflows.VerdictsUpdate, r.id, r.input}, &answer)
	})
	return answer, clientError(err)
}
