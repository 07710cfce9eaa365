// Package activities does the work that workflows order: the only code that writes rows, sends mail and calls the
// provisioner; it calls no service of Microsoft (R04). Every method is safe to run again: rows are fenced by request, generation or change, mails by the ledger.
//
// An error that is a refusal (*licensing.Error) ends the activity; any other error is worth trying again.
package activities

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Saves decides requests.
type Saves interface {
	Save(context.Context, licensing.Save, licensing.Policy, time.Time) (licensing.SaveAnswer, error)
	Work(context.Context, licensing.RequestID) ([]licensing.Work, error)
	Seat(context.Context, licensing.Seat, licensing.Policy, time.Time) (licensing.SaveAnswer, error)
	FinishWork(context.Context, licensing.RequestID) error
}

// Contracts takes in what partners say.
type Contracts interface {
	Apply(context.Context, licensing.Intake, licensing.Policy, time.Time) (licensing.IntakeAnswer, error)
	PutAgreement(context.Context, licensing.AgreementPut, licensing.Policy, time.Time) (licensing.IntakeAnswer, error)
	ChangeContact(context.Context, licensing.ContactChange, licensing.Policy, time.Time) (licensing.IntakeAnswer, error)
}

// HandOvers carries hand-overs out.
type HandOvers interface {
	StartHandOver(context.Context, licensing.HandOver, licensing.Policy, time.Time) (licensing.HandOverAnswer, error)
	AgreeHandOver(context.Context, licensing.HandOverCommand, time.Time) (licensing.HandOverView, error)
	CancelHandOver(context.Context, licensing.HandOverCommand, time.Time) (licensing.HandOverView, error)
	AdvanceHandOver(context.Context, licensing.OrgID, licensing.RequestID, licensing.Policy, time.Time) (licensing.HandOverStep, error)
}

// Users changes what a user is to the organization.
type Users interface {
	Delete(context.Context, licensing.Command, licensing.Policy, time.Time) (licensing.Deletion, error)
	Recheck(context.Context, licensing.Command, time.Time) (licensing.Rechecked, error)
	Prefer(context.Context, licensing.PreferenceChange, time.Time) (licensing.PreferenceAnswer, error)
	Directory(context.Context, licensing.DirectoryChange, time.Time) (licensing.DirectoryAnswer, error)
}

// Invitations carries out what people want with an invitation.
type Invitations interface {
	Register(context.Context, licensing.Registration, licensing.Policy, time.Time) (licensing.Registered, error)
	Resend(context.Context, licensing.Command, licensing.Policy, time.Time) (licensing.Sending, error)
	Reset(context.Context, licensing.Command, licensing.Policy, time.Time) (licensing.Sending, error)
	Cancel(context.Context, licensing.Command, time.Time) (licensing.Withdrawal, error)
}

// Deadlines carries out what time does to an invitation.
type Deadlines interface {
	Remind(context.Context, licensing.InvitationID, int, time.Time) (licensing.MailID, error)
	Expire(context.Context, licensing.InvitationID, int, time.Time) (licensing.MailID, error)
	Break(context.Context, licensing.InvitationID, int, string, time.Time) error
}

// Assignments settles what is in progress.
type Assignments interface {
	Activate(ctx context.Context, user licensing.UserID, change licensing.ChangeID, upTo, now time.Time) (int, error)
	Fail(ctx context.Context, user licensing.UserID, change licensing.ChangeID, upTo time.Time, reason string, now time.Time) error
	Effective(ctx context.Context, user licensing.UserID, upTo time.Time) (licensing.Effective, error)
}

// Ledger fences mails.
type Ledger interface {
	ClaimMail(context.Context, licensing.MailID, time.Duration, time.Time) (licensing.Claim, error)
	SettleMail(context.Context, licensing.MailID, int, licensing.Settlement, time.Time) error
	GiveUpMail(context.Context, licensing.MailID, time.Time) error
}

// Rows is the store as this package needs it.
type Rows interface {
	Saves
	Contracts
	HandOvers
	Users
	Directories
	Invitations
	Deadlines
	Assignments
	Ledger
}

// Starter starts or ends the workflow of one piece of work, and is idempotent.
type Starter interface {
	Start(context.Context, licensing.Work) error
}

// Activities holds what the work needs. Fields are set once, before the worker starts.
type Activities struct {
	Rows        Rows
	Policy      licensing.Policy
	Links       licensing.LinkKeys
	Sender      Sender      // nil on a worker that has no mail queue
	Provisioner Provisioner // nil: grants become effective in the store alone
	Tenant      Tenant      // nil: directories change by events alone
	Starter     Starter
	LinkBase    string // the link is this with the token behind it
	Portal      string // where mails send people who have a profile
	MailDomain  string // the part of a Message-ID behind the @
	Now         func() time.Time
	Log         *slog.Logger
}

// Decide decides and stores a save. The same request gives the same answer.
func (a *Activities) Decide(ctx context.Context, s licensing.Save) (licensing.SaveAnswer, error) {
	answer, err := a.Rows.Save(ctx, s, a.Policy, a.Now())
	return answer, refusal.FromActivity(err)
}

// Apply takes in an organization.
func (a *Activities) Apply(ctx context.Context, in licensing.Intake) (licensing.IntakeAnswer, error) {
	answer, err := a.Rows.Apply(ctx, in, a.Policy, a.Now())
	return answer, refusal.FromActivity(err)
}

// PutAgreement takes in one agreement.
func (a *Activities) PutAgreement(ctx context.Context, p licensing.AgreementPut) (licensing.IntakeAnswer, error) {
	answer, err := a.Rows.PutAgreement(ctx, p, a.Policy, a.Now())
	return answer, refusal.FromActivity(err)
}

// ChangeContact carries out a Change of Contact Information Request.
func (a *Activities) ChangeContact(ctx context.Context, c licensing.ContactChange) (licensing.IntakeAnswer, error) {
	answer, err := a.Rows.ChangeContact(ctx, c, a.Policy, a.Now())
	return answer, refusal.FromActivity(err)
}

// Seat makes somebody admin of a License ID that has none, for support.
func (a *Activities) Seat(ctx context.Context, s licensing.Seat) (licensing.SaveAnswer, error) {
	answer, err := a.Rows.Seat(ctx, s, a.Policy, a.Now())
	if err == nil {
		a.Log.WarnContext(ctx, "support seated an administrator", "license", s.License, "request", s.ID)
	}
	return answer, refusal.FromActivity(err)
}

// StartHandOver makes the successor Administrator and takes note of what waits for the successor.
func (a *Activities) StartHandOver(ctx context.Context, h licensing.HandOver) (licensing.HandOverAnswer, error) {
	out, err := a.Rows.StartHandOver(ctx, h, a.Policy, a.Now())
	return out, refusal.FromActivity(err)
}

// AgreeHandOver takes note that the successor agrees.
func (a *Activities) AgreeHandOver(ctx context.Context, c licensing.HandOverCommand) (licensing.HandOverView, error) {
	out, err := a.Rows.AgreeHandOver(ctx, c, a.Now())
	return out, refusal.FromActivity(err)
}

// CancelHandOver ends a hand-over.
func (a *Activities) CancelHandOver(ctx context.Context, c licensing.HandOverCommand) (licensing.HandOverView, error) {
	out, err := a.Rows.CancelHandOver(ctx, c, a.Now())
	return out, refusal.FromActivity(err)
}

// AdvanceHandOver removes the old admin's role where the successor has agreed and is active.
func (a *Activities) AdvanceHandOver(ctx context.Context, h licensing.HandOverRef) (licensing.HandOverStep, error) {
	out, err := a.Rows.AdvanceHandOver(ctx, h.Org, h.ID, a.Policy, a.Now())
	return out, refusal.FromActivity(err)
}

// Delete takes all roles from a user, as far as the caller may.
func (a *Activities) Delete(ctx context.Context, c licensing.Command) (licensing.Deletion, error) {
	out, err := a.Rows.Delete(ctx, c, a.Policy, a.Now())
	return out, refusal.FromActivity(err)
}

// Recheck looks for a user in the directory who is not found there.
func (a *Activities) Recheck(ctx context.Context, c licensing.Command) (licensing.Rechecked, error) {
	out, err := a.Rows.Recheck(ctx, c, a.Now())
	return out, refusal.FromActivity(err)
}

// Prefer sets whether a contact inherits Administrator.
func (a *Activities) Prefer(ctx context.Context, c licensing.PreferenceChange) (licensing.PreferenceAnswer, error) {
	out, err := a.Rows.Prefer(ctx, c, a.Now())
	return out, refusal.FromActivity(err)
}

// Directory takes in what a tenant says of its people. A License ID that lost its last active admin is logged for operators
// (R33).
func (a *Activities) Directory(ctx context.Context, d licensing.DirectoryChange) (licensing.DirectoryAnswer, error) {
	out, err := a.Rows.Directory(ctx, d, a.Now())
	for _, l := range out.Orphaned {
		a.Log.WarnContext(ctx, "agreement is orphaned: its last active admin left the tenant", "license", l, "request", d.ID)
	}
	return out, refusal.FromActivity(err)
}

// startsAtOnce is how many workflows StartWork starts at a time.
const startsAtOnce = 16

// StartWork starts the workflows of a request's people and returns how many. Its heartbeat says how far it came, so that
// the next attempt goes on there.
func (a *Activities) StartWork(ctx context.Context, id licensing.RequestID) (int, error) {
	work, err := a.Rows.Work(ctx, id)
	if err != nil {
		return 0, refusal.FromActivity(err)
	}
	done := 0
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &done); err != nil {
			done = 0
		}
	}
	for done < len(work) {
		next := min(done+startsAtOnce, len(work))
		if err := a.startAll(ctx, work[done:next]); err != nil {
			return done, err
		}
		done = next
		activity.RecordHeartbeat(ctx, done)
	}
	return len(work), refusal.FromActivity(a.Rows.FinishWork(ctx, id))
}

func (a *Activities) startAll(ctx context.Context, work []licensing.Work) error {
	failures := make(chan error, len(work))
	for _, w := range work {
		go func() { failures <- a.Starter.Start(ctx, w) }()
	}
	var all error
	for range work {
		all = errors.Join(all, <-failures)
	}
	return all
}

// Register claims an invitation.
func (a *Activities) Register(ctx context.Context, r licensing.Registration) (licensing.Registered, error) {
	out, err := a.Rows.Register(ctx, r, a.Policy, a.Now())
	return out, refusal.FromActivity(err)
}

// Resend queues the welcome mail once more.
func (a *Activities) Resend(ctx context.Context, c licensing.Command) (licensing.Sending, error) {
	out, err := a.Rows.Resend(ctx, c, a.Policy, a.Now())
	return out, refusal.FromActivity(err)
}

// Reset opens the next generation of an invitation.
func (a *Activities) Reset(ctx context.Context, c licensing.Command) (licensing.Sending, error) {
	out, err := a.Rows.Reset(ctx, c, a.Policy, a.Now())
	return out, refusal.FromActivity(err)
}

// Cancel takes an invitation back, as far as the caller may.
func (a *Activities) Cancel(ctx context.Context, c licensing.Command) (licensing.Withdrawal, error) {
	out, err := a.Rows.Cancel(ctx, c, a.Now())
	return out, refusal.FromActivity(err)
}

// Remind queues the reminder and returns its mail, "" for none.
func (a *Activities) Remind(ctx context.Context, g licensing.GenerationRef) (licensing.MailID, error) {
	mail, err := a.Rows.Remind(ctx, g.Invitation, g.Number, a.Now())
	return mail, refusal.FromActivity(err)
}

// Expire ends the generation and returns the notice to the inviting admin, "" for none.
func (a *Activities) Expire(ctx context.Context, g licensing.GenerationRef) (licensing.MailID, error) {
	mail, err := a.Rows.Expire(ctx, g.Invitation, g.Number, a.Now())
	return mail, refusal.FromActivity(err)
}

// Break marks the generation as Failed.
func (a *Activities) Break(ctx context.Context, g licensing.GenerationRef) error {
	return refusal.FromActivity(a.Rows.Break(ctx, g.Invitation, g.Number, g.Reason, a.Now()))
}

// Activate makes what is due effective and returns on how many License IDs.
func (a *Activities) Activate(ctx context.Context, c licensing.ChangeRef) (int, error) {
	n, err := a.Rows.Activate(ctx, c.User, c.Change, c.UpTo, a.Now())
	return n, refusal.FromActivity(err)
}

// Fail marks what is due as Failed.
func (a *Activities) Fail(ctx context.Context, c licensing.ChangeRef) error {
	return refusal.FromActivity(a.Rows.Fail(ctx, c.User, c.Change, c.UpTo, c.Reason, a.Now()))
}

// Provision tells the downstream system the user's effective grants before they become so here. A refusal there (409,
// 422) is an error of type RefusedDownstream that ends; everything else is tried again.
func (a *Activities) Provision(ctx context.Context, c licensing.ChangeRef) error {
	if a.Provisioner == nil {
		return nil
	}
	e, err := a.Rows.Effective(ctx, c.User, c.UpTo)
	if err != nil {
		return refusal.FromActivity(err)
	}
	key := string(c.Change) + "." + string(c.User) + "." + c.UpTo.UTC().Format("20060102T150405.000000Z")
	err = a.Provisioner.Put(ctx, key, e)
	var p *ProvisionError
	if !errors.As(err, &p) {
		return err
	}
	if p.Refused {
		return temporal.NewApplicationErrorWithOptions(p.Reason, licensing.RefusedDownstream,
			temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
	}
	level := slog.LevelWarn
	if p.Misconfigured() {
		level = slog.LevelError // it stops every assignment
	}
	a.Log.Log(ctx, level, "provisioner did not take the grants", "status", p.Status, "reason", p.Reason, "user", c.User)
	return temporal.NewApplicationErrorWithOptions(p.Reason, "Provisioner", temporal.ApplicationErrorOptions{NextRetryDelay: p.RetryAfter})
}
