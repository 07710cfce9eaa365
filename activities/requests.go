// Package activities does the work that workflows order: the only code that writes rows, sends mail and calls
// other systems; it calls no service of Microsoft (R04). Every method is safe to run again: rows are fenced
// by request, generation or change, mails by the ledger.
//
// A refusal (*licensing.Error) ends an activity for good. Every other error is tried again.
//
// The adapters that speak to relay, downstream system and directory are in folders of their own: smtp,
// webhook, scim.
package activities

import (
	"context"
	"log/slog"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Saves decides and stores the requests of admins and of support.
type Saves interface {
	Save(context.Context, licensing.Save) (licensing.SaveAnswer, error)
	Appoint(context.Context, licensing.Appointment) (licensing.SaveAnswer, error)
}

// Contracts stores what partners say.
type Contracts interface {
	Apply(context.Context, licensing.Intake) (licensing.IntakeAnswer, error)
	PutAgreement(context.Context, licensing.AgreementPut) (licensing.IntakeAnswer, error)
	ChangeContact(context.Context, licensing.ContactChange) (licensing.IntakeAnswer, error)
}

// Users changes what a user is to the organization.
type Users interface {
	Delete(context.Context, licensing.Command) (licensing.Deletion, error)
	Recheck(context.Context, licensing.Command) (licensing.Rechecked, error)
	SetPreference(context.Context, licensing.PreferenceChange) (licensing.PreferenceAnswer, error)
	Directory(context.Context, licensing.DirectoryChange) (licensing.DirectoryAnswer, error)
}

// HandOvers carries out hand-overs.
type HandOvers interface {
	StartHandOver(context.Context, licensing.HandOver) (licensing.HandOverAnswer, error)
	AgreeHandOver(context.Context, licensing.HandOverCommand) (licensing.HandOverView, error)
	CancelHandOver(context.Context, licensing.HandOverCommand) (licensing.HandOverView, error)
	AdvanceHandOver(
		context.Context, licensing.OrgID, licensing.RequestID,
	) (licensing.HandOverStep, error)
}

// Invitations carries out what people want with an invitation.
type Invitations interface {
	Register(context.Context, licensing.Registration) (licensing.Registered, error)
	Resend(context.Context, licensing.Command) (licensing.InvitationRun, error)
	Reset(context.Context, licensing.Command) (licensing.InvitationRun, error)
	Cancel(context.Context, licensing.Command) (licensing.Withdrawal, error)
}

// Links says whether a registration comes from a link, as [licensing.LinkKeys] does.
type Links interface {
	MayProve(licensing.Registration) error
}

// Deadlines carries out what time does to an invitation.
type Deadlines interface {
	Remind(context.Context, licensing.InvitationID, int) (licensing.MailID, error)
	Expire(context.Context, licensing.InvitationID, int) (licensing.MailID, error)
	Break(context.Context, licensing.InvitationID, int, string) error
}

// Requests are the activities that decide and store requests, and start the workflows that follow from them.
// Fields are set once, before the worker starts.
type Requests struct {
	Saves       Saves
	Contracts   Contracts
	Users       Users
	HandOvers   HandOvers
	Invitations Invitations
	Deadlines   Deadlines
	Outbox      Outbox
	Starter     Starter
	Links       Links
	Log         *slog.Logger
}

// result makes a refusal end the activity.
func result[O any](out O, err error) (O, error) { return out, refusal.FromActivity(err) }

// Decide decides and stores a save. The same request gets the same answer.
func (r *Requests) Decide(ctx context.Context, s licensing.Save) (licensing.SaveAnswer, error) {
	return result(r.Saves.Save(ctx, s))
}

// Seat makes somebody the administrator of a License ID that has none, for support (R33).
func (r *Requests) Seat(ctx context.Context, s licensing.Appointment) (licensing.SaveAnswer, error) {
	answer, err := r.Saves.Appoint(ctx, s)
	if err == nil {
		r.Log.WarnContext(ctx, "support appointed an administrator", "license", s.License, "request", s.ID)
	}
	return result(answer, err)
}

// Apply stores an organization with its directory, agreements and first administrators (R25). It
// heartbeats.
func (r *Requests) Apply(ctx context.Context, in licensing.Intake) (licensing.IntakeAnswer, error) {
	defer beat(ctx)()
	return result(r.Contracts.Apply(ctx, in))
}

// PutAgreement stores one agreement, new or changed (R03, R25).
func (r *Requests) PutAgreement(
	ctx context.Context, p licensing.AgreementPut,
) (licensing.IntakeAnswer, error) {
	return result(r.Contracts.PutAgreement(ctx, p))
}

// ChangeContact carries out a Change of Contact Information Request (R34).
func (r *Requests) ChangeContact(
	ctx context.Context, c licensing.ContactChange,
) (licensing.IntakeAnswer, error) {
	return result(r.Contracts.ChangeContact(ctx, c))
}

// Delete removes all roles of a user that the caller may remove (R80).
func (r *Requests) Delete(ctx context.Context, c licensing.Command) (licensing.Deletion, error) {
	return result(r.Users.Delete(ctx, c))
}

// Recheck looks for a user in the directory who shows as User not found (R86).
func (r *Requests) Recheck(ctx context.Context, c licensing.Command) (licensing.Rechecked, error) {
	return result(r.Users.Recheck(ctx, c))
}

// Prefer sets whether a contact inherits Administrator (R88, R89).
func (r *Requests) Prefer(
	ctx context.Context, c licensing.PreferenceChange,
) (licensing.PreferenceAnswer, error) {
	return result(r.Users.SetPreference(ctx, c))
}

// Directory records what a tenant says of its people (R84). A License ID that lost its last
// active admin is logged for operators (R33), and so are odd entries. It heartbeats.
func (r *Requests) Directory(
	ctx context.Context, d licensing.DirectoryChange,
) (licensing.DirectoryAnswer, error) {
	defer beat(ctx)()
	out, err := r.Users.Directory(ctx, d)
	for _, l := range out.Orphaned {
		r.Log.WarnContext(ctx, "agreement is orphaned: its last active admin left the tenant",
			"license", l, "request", d.ID)
	}
	if len(out.Odd) > 0 {
		r.Log.ErrorContext(ctx, "entries of a directory are odd and were left out",
			"organization", d.Org, "request", d.ID, "entries", len(out.Odd), "first", out.Odd[0].Error.Rule)
	}
	return result(out, err)
}

// StartHandOver makes the successor Administrator and records what waits for the successor (R30).
func (r *Requests) StartHandOver(
	ctx context.Context, h licensing.HandOver,
) (licensing.HandOverAnswer, error) {
	return result(r.HandOvers.StartHandOver(ctx, h))
}

// AgreeHandOver records that the successor agrees (R31).
func (r *Requests) AgreeHandOver(
	ctx context.Context, c licensing.HandOverCommand,
) (licensing.HandOverView, error) {
	return result(r.HandOvers.AgreeHandOver(ctx, c))
}

// CancelHandOver ends a hand-over (R32).
func (r *Requests) CancelHandOver(
	ctx context.Context, c licensing.HandOverCommand,
) (licensing.HandOverView, error) {
	return result(r.HandOvers.CancelHandOver(ctx, c))
}

// AdvanceHandOver removes the old admin's role where the successor has agreed and is active (R31).
func (r *Requests) AdvanceHandOver(
	ctx context.Context, h licensing.HandOverRef,
) (licensing.HandOverStep, error) {
	return result(r.HandOvers.AdvanceHandOver(ctx, h.Org, h.ID))
}

// Register accepts an invitation for the person who registers (R23, R28).
//
// A registration that doesn't come from a link is refused before anything is looked up (L09).
func (r *Requests) Register(ctx context.Context, g licensing.Registration) (licensing.Registered, error) {
	if err := r.Links.MayProve(g); err != nil {
		r.Log.WarnContext(ctx, "a registration without a proof was refused: somebody who holds no link can "+
			"reach Temporal", "invitation", g.Invitation, "request", g.Request)
		return licensing.Registered{}, refusal.FromActivity(err)
	}
	return result(r.Invitations.Register(ctx, g))
}

// Resend queues the welcome mail once more, with the same link (R58).
func (r *Requests) Resend(ctx context.Context, c licensing.Command) (licensing.InvitationRun, error) {
	return result(r.Invitations.Resend(ctx, c))
}

// Reset makes the next generation of an invitation, with a new link (R58).
func (r *Requests) Reset(ctx context.Context, c licensing.Command) (licensing.InvitationRun, error) {
	return result(r.Invitations.Reset(ctx, c))
}

// Cancel removes the pending roles of an invitation that the caller may remove (R82).
func (r *Requests) Cancel(ctx context.Context, c licensing.Command) (licensing.Withdrawal, error) {
	return result(r.Invitations.Cancel(ctx, c))
}

// Remind queues the reminder and returns its mail, "" for none.
func (r *Requests) Remind(ctx context.Context, g licensing.GenerationRef) (licensing.MailID, error) {
	return result(r.Deadlines.Remind(ctx, g.Invitation, g.Number))
}

// Expire ends the generation and returns the notice to the inviting admin, "" for none (R56).
func (r *Requests) Expire(ctx context.Context, g licensing.GenerationRef) (licensing.MailID, error) {
	return result(r.Deadlines.Expire(ctx, g.Invitation, g.Number))
}

// Break marks the generation as Failed.
func (r *Requests) Break(ctx context.Context, g licensing.GenerationRef) error {
	return refusal.FromActivity(r.Deadlines.Break(ctx, g.Invitation, g.Number, g.Reason))
}
