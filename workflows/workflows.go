// Package workflows says what happens, in order: a save, an invitation, an assignment. Workflows decide nothing that a
// rule decides and write nothing: activities do, and their answers move the story on. Client is how everything else
// starts the workflows and speaks to them.
//
// A workflow's code must do the same thing again on replay: no clock, no randomness, no map order, no I/O. Histories of
// every path are kept in testdata and replayed.
package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/activities"
	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// The task queues.
const (
	Queue     = "vl"      // workflows, rows, the provisioner
	MailQueue = "vl-mail" // SendMail alone: its rate is the relay's
)

// The updates. An update's id is the id of the request behind it, so that a repetition gets the first answer.
const (
	VerdictsUpdate = "verdicts" // of Save: waits for the decision
	RegisterUpdate = "register" // the others of Invitation
	ResendUpdate   = "resend"
	ResetUpdate    = "reset"
	CancelUpdate   = "cancel"
	AdoptUpdate    = "adopt" // takes up a newer generation that a save has made
	PutUpdate      = "put"   // of Agreement
	AgreeUpdate    = "agree" // of HandOver, as cancel is
)

// The search attributes: what operators search for. Never personal data, they are clear text.
var (
	OrganizationAttribute = temporal.NewSearchAttributeKeyKeyword("VlOrganization")
	RequestAttribute      = temporal.NewSearchAttributeKeyKeyword("VlRequest")
	UserAttribute         = temporal.NewSearchAttributeKeyKeyword("VlUser")
	DueAttribute          = temporal.NewSearchAttributeKeyTime("VlDueAt")
	StatusAttribute       = temporal.NewSearchAttributeKeyKeyword("VlStatus")
)

// The values of VlStatus. It changes only into and out of what an operator would search for.
const (
	StatusOpen     = "Open"
	StatusFailed   = "Failed"
	StatusOrphaned = "Orphaned" // of Directory: an agreement lost its last active admin (R33)
)

// SaveID, InvitationID and AssignmentID are the workflow ids: the business keys.
func SaveID(r licensing.RequestID) string { return "save/" + string(r) }

// ApplyID is the id of the workflow of an intake.
func ApplyID(r licensing.RequestID) string { return "apply/" + string(r) }

// HandOverID is the id of the workflow of a hand-over.
func HandOverID(r licensing.RequestID) string { return "handover/" + string(r) }

// AgreementID is the id of the workflow that takes in what partners say of a License ID.
func AgreementID(l licensing.LicenseID) string { return "agreement/" + string(l) }

// InvitationID is the id of the workflow of a person's invitation.
func InvitationID(u licensing.UserID) string { return "invitation/" + string(u) }

// AssignmentID is the id of the workflow of one save's roles for one registered person.
func AssignmentID(r licensing.RequestID, u licensing.UserID) string {
	return "assignment/" + string(r) + "/" + string(u)
}

// a names the activities; it is never called.
var a *activities.Activities

// Settings is what a deployment decides about runs. It travels in their input, so that a run keeps what it began with.
type Settings struct {
	Provision bool          `json:"provision,omitempty"` // a downstream system is told before grants become effective
	Jitter    time.Duration `json:"jitter,omitempty"`    // timers fire up to this much later, spread by user
}

// steps is how activities on rows run: for as long as it takes, since the database comes back.
var steps = workflow.ActivityOptions{
	StartToCloseTimeout: 30 * time.Second,
	RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
}

// short runs a step on rows as a local activity, which costs one event instead of six, and as a regular one where that
// doesn't succeed within most (a database that is away).
func short(ctx workflow.Context, most time.Duration, summary string, step, input, out any) error {
	lctx := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: most,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, MaximumAttempts: 2},
		Summary:                summary,
	})
	err := workflow.ExecuteLocalActivity(lctx, step, input).Get(ctx, out)
	if err == nil || temporal.IsCanceledError(err) || refusal.Decode(err) != nil {
		return err
	}
	return regular(ctx, summary, step, input, out)
}

func regular(ctx workflow.Context, summary string, step, input, out any) error {
	o := steps
	o.Summary = summary
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), step, input).Get(ctx, out)
}

// arrival waits a moment for the command that a run was started for.
func arrival(ctx workflow.Context, arrived func() bool) error {
	tctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	late := workflow.NewTimerWithOptions(tctx, 10*time.Second, workflow.TimerOptions{Summary: "the command that comes with the start"})
	return workflow.Await(ctx, func() bool { return arrived() || late.IsReady() })
}

// shortly is the usual bound of a short step.
const shortly = 2 * time.Second

// mailOptions: an attempt may take 90 s, the relay may be away for a day (TEMPORAL.md).
func mailOptions(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              MailQueue,
		StartToCloseTimeout:    activities.MailLease,
		ScheduleToCloseTimeout: 24 * time.Hour,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Minute},
		Summary:                summary,
	})
}

// letter is a mail on its way. A mail never holds up the story; the zero letter is none.
type letter struct {
	id     licensing.MailID
	future workflow.Future
	cancel workflow.CancelFunc
}

func send(ctx workflow.Context, id licensing.MailID, summary string) letter {
	if id == "" {
		return letter{}
	}
	mctx, cancel := workflow.WithCancel(mailOptions(ctx, summary))
	return letter{id: id, future: workflow.ExecuteActivity(mctx, a.SendMail, id), cancel: cancel}
}

func (l letter) ready() bool { return l.future != nil && l.future.IsReady() }

// stop ends the retries of a mail that is no longer wanted.
func (l letter) stop() {
	if l.cancel != nil {
		l.cancel()
	}
}

// outcome waits for the mail and records it as given up where a day was not enough.
func (l letter) outcome(ctx workflow.Context) (activities.MailOutcome, error) {
	var out activities.MailOutcome
	if l.future == nil {
		return out, nil
	}
	err := l.future.Get(ctx, &out)
	if err == nil || temporal.IsCanceledError(err) {
		return out, err
	}
	out = activities.MailOutcome{State: licensing.MailGivenUp, Reason: "not delivered within a day"}
	return out, short(ctx, shortly, "give up mail", a.GiveUpMail, l.id, nil)
}

// Registry is the part of a worker that workflows and steps are registered with.
type Registry interface {
	RegisterWorkflow(w any)
	RegisterActivity(a any)
}

// All returns every workflow.
func All() []any {
	return []any{Save, Apply, Agreement, ChangeContact, Directory, Delete, Recheck, Prefer, Seat, HandOver, CompareDirectories, CompareDirectory, Invitation, Assignment}
}

// Register registers everything that runs on Queue. SendMail has a queue of its own.
func Register(r Registry, steps *activities.Activities) {
	for _, w := range All() {
		r.RegisterWorkflow(w)
	}
	r.RegisterActivity(steps)
}
