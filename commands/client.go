// Package commands starts workflows and speaks to them. The portal, the command line and the activities use its Client.
package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows"
	"vlroles/workflows/refusal"
)

// Rows is what the client asks the store before it speaks to a run.
type Rows interface {
	Standing(context.Context, licensing.InvitationID) (licensing.Standing, error)
	StandingOf(context.Context, licensing.OrgID, licensing.UserID) (licensing.Standing, error)
	Registered(context.Context, licensing.Registration) (licensing.Registered, error)
}

// Client is how the portal, the command line and the activities start workflows and speak to them. Every call is
// idempotent by its request id. Refusals are *licensing.Error; where nothing answered in time it is one of kind
// Unavailable, and the same call with the same request id is safe.
type Client struct {
	Temporal client.Client
	Rows     Rows
	Settings workflows.Settings
	Patience time.Duration // how long a run may take to answer before it counts as stuck; 0: 5 s
	Log      *slog.Logger
}

const (
	defaultPatience = 5 * time.Second
	answerWithin    = 30 * time.Second
)

// Save has a request decided, stored and carried out, and returns the verdicts (R67, R70).
func (c *Client) Save(ctx context.Context, s licensing.Save) (licensing.SaveAnswer, error) {
	return ask[licensing.SaveAnswer](ctx, c, workflows.SaveID(s.ID), s.ID, s.Org, "an admin's save", workflows.Save, s)
}

// Apply takes in an organization with its directory, agreements and first administrators (R25).
func (c *Client) Apply(ctx context.Context, in licensing.Intake) (licensing.IntakeAnswer, error) {
	return ask[licensing.IntakeAnswer](ctx, c, workflows.ApplyID(in.ID), in.ID, in.Org, "intake of an organization", workflows.Apply, in)
}

// ChangeContact carries out a Change of Contact Information Request (R34).
func (c *Client) ChangeContact(ctx context.Context, ch licensing.ContactChange) (licensing.IntakeAnswer, error) {
	return ask[licensing.IntakeAnswer](ctx, c, "contact/"+string(ch.ID), ch.ID, ch.Org, "change of a contact", workflows.ChangeContact, ch)
}

// Directory takes in what a tenant says of its people (R84).
func (c *Client) Directory(ctx context.Context, d licensing.DirectoryChange) (licensing.DirectoryAnswer, error) {
	return ask[licensing.DirectoryAnswer](ctx, c, "directory/"+string(d.ID), d.ID, d.Org, "change of a directory", workflows.Directory, d)
}

// Delete takes a user's roles away, as far as the caller may (R80).
func (c *Client) Delete(ctx context.Context, cmd licensing.Command) (licensing.Deletion, error) {
	return ask[licensing.Deletion](ctx, c, "delete/"+string(cmd.Request), cmd.Request, cmd.Org, "deletion of a user", workflows.Delete, cmd)
}

// Recheck looks for a user in the directory who shows as User not found (R86).
func (c *Client) Recheck(ctx context.Context, cmd licensing.Command) (licensing.Rechecked, error) {
	return ask[licensing.Rechecked](ctx, c, "recheck/"+string(cmd.Request), cmd.Request, cmd.Org, "re-check of a user", workflows.Recheck, cmd)
}

// Prefer sets whether a contact inherits Administrator (R88, R89).
func (c *Client) Prefer(ctx context.Context, p licensing.PreferenceChange) (licensing.PreferenceAnswer, error) {
	return ask[licensing.PreferenceAnswer](ctx, c, "preference/"+string(p.Request), p.Request, p.Org, "preference of a contact", workflows.Prefer, p)
}

// Seat makes somebody the administrator of an orphaned agreement, for support (R33).
func (c *Client) Seat(ctx context.Context, s licensing.Seat) (licensing.SaveAnswer, error) {
	return ask[licensing.SaveAnswer](ctx, c, "seat/"+string(s.ID), s.ID, s.Org, "an administrator for an orphaned agreement", workflows.Seat, s)
}

// PutAgreement takes in one agreement with those whom it names (R03, R25, R34). Requests for one License ID are carried out one
// after the other.
func (c *Client) PutAgreement(ctx context.Context, p licensing.AgreementPut) (licensing.IntakeAnswer, error) {
	var answer licensing.IntakeAnswer
	l, err := licensing.ParseLicenseID(string(p.Agreement.License))
	if err != nil {
		return answer, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err = uninterrupted(func() error {
		start := c.requestOptions(workflows.AgreementID(l), p.ID, p.Org, "agreement of a partner", workflows.Agreement, l)
		return c.update(ctx, start, workflows.AgreementID(l), workflows.PutUpdate, p.ID, &answer, p)
	})
	return answer, answered(err)
}

// HandOver starts a hand-over and returns what waits for the successor (R30–R32).
func (c *Client) HandOver(ctx context.Context, h licensing.HandOver) (licensing.HandOverAnswer, error) {
	return ask[licensing.HandOverAnswer](ctx, c, workflows.HandOverID(h.ID), h.ID, h.Org, "hand-over of License IDs", workflows.HandOver, h)
}

// CompareDirectories has directories compared with their tenants at every interval, from now on; 0 ends it (R84). Comparisons
// don't overlap.
func (c *Client) CompareDirectories(ctx context.Context, every time.Duration) error {
	h := c.Temporal.ScheduleClient().GetHandle(ctx, workflows.CompareID)
	if every <= 0 {
		if err := h.Delete(ctx); err != nil && !isNotFound(err) {
			return fmt.Errorf("end the comparison of directories: %w", err)
		}
		return nil
	}
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}, Jitter: min(every/10, time.Minute)}
	_, err := c.Temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: workflows.CompareID, Spec: spec, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: every,
		Action: &client.ScheduleWorkflowAction{ID: workflows.CompareID, Workflow: workflows.CompareDirectories, Args: []any{licensing.OrgID("")}, TaskQueue: workflows.Queue,
			StaticSummary: "comparison of all directories with their tenants"},
		Note: "finds what an event of a directory has missed (R84)",
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = h.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			in.Description.Schedule.Spec = &spec
			return &client.ScheduleUpdate{Schedule: &in.Description.Schedule}, nil
		}})
	}
	if err != nil {
		return fmt.Errorf("schedule the comparison of directories: %w", err)
	}
	return nil
}

// AgreeHandOver agrees to a hand-over as its successor (R31).
func (c *Client) AgreeHandOver(ctx context.Context, cmd licensing.HandOverCommand) (licensing.HandOverView, error) {
	return c.handOver(ctx, workflows.AgreeUpdate, cmd)
}

// CancelHandOver ends a hand-over.
func (c *Client) CancelHandOver(ctx context.Context, cmd licensing.HandOverCommand) (licensing.HandOverView, error) {
	return c.handOver(ctx, workflows.CancelUpdate, cmd)
}

func (c *Client) handOver(ctx context.Context, name string, cmd licensing.HandOverCommand) (licensing.HandOverView, error) {
	var out licensing.HandOverView
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err := uninterrupted(func() error {
		h, err := c.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: workflows.HandOverID(cmd.HandOver), UpdateName: name, UpdateID: string(cmd.Request), Args: []any{cmd}, WaitForStage: client.WorkflowUpdateStageCompleted,
		})
		if err != nil {
			return err
		}
		return h.Get(ctx, &out)
	})
	if isNotFound(err) {
		return out, licensing.Refuse(licensing.Conflict, "R32", "there is no such hand-over, or it has ended")
	}
	return out, answered(err)
}

// ask starts the workflow of a request, unless it has been started, and waits for its answer.
func ask[O any](ctx context.Context, c *Client, workflowID string, id licensing.RequestID, org licensing.OrgID, summary string, flow, in any) (O, error) {
	var answer O
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err := uninterrupted(func() error {
		return c.update(ctx, c.requestOptions(workflowID, id, org, summary, flow, in), workflowID, workflows.VerdictsUpdate, id, &answer)
	})
	return answer, answered(err)
}

func (c *Client) requestOptions(workflowID string, id licensing.RequestID, org licensing.OrgID, summary string, flow, in any) client.WithStartWorkflowOperation {
	return c.Temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:                       workflowID,
		TaskQueue:                workflows.Queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes: temporal.NewSearchAttributes(workflows.OrganizationAttribute.ValueSet(string(org)),
			workflows.RequestAttribute.ValueSet(string(id)), workflows.StatusAttribute.ValueSet(workflows.StatusOpen)),
		StaticSummary: summary,
		Priority:      temporal.Priority{FairnessKey: string(org)},
	}, flow, in)
}

// Register accepts an invitation for the person who holds a verified link (R23, R28, R29).
func (c *Client) Register(ctx context.Context, r licensing.Registration) (licensing.Registered, error) {
	var out licensing.Registered
	at, err := c.Rows.Standing(ctx, r.Invitation)
	if err != nil {
		return out, err
	}
	if at.State == licensing.InvitationAccepted { // perhaps by this very request, whose answer was lost
		if before, err := c.Rows.Registered(ctx, r); licensing.KindOf(err) != licensing.NotFound {
			return before, err
		}
	}
	// What the row refuses already needs no run. Who may accept is judged with the step, under its lock.
	i := licensing.Invitation{State: at.State, Binding: licensing.Forwardable, Generation: at.Sending.Generation, ExpiresAt: at.Sending.ExpiresAt}
	if err := licensing.MayRegister(i, r.Identity, r.Generation, time.Now()); err != nil {
		return out, err
	}
	return out, c.command(ctx, at, workflows.RegisterUpdate, r.Request, r, &out)
}

// Resend mails the same link again (R58).
func (c *Client) Resend(ctx context.Context, cmd licensing.Command) (licensing.Sending, error) {
	var out licensing.Sending
	at, err := c.standing(ctx, cmd)
	if err != nil {
		return out, err
	}
	return out, c.command(ctx, at, workflows.ResendUpdate, cmd.Request, cmd, &out)
}

// Reset makes the next generation of an invitation: from an open or ended run, and from a stuck one, which it ends (R58).
func (c *Client) Reset(ctx context.Context, cmd licensing.Command) (licensing.Sending, error) {
	var out licensing.Sending
	at, err := c.standing(ctx, cmd)
	if err != nil {
		return out, err
	}
	at.Sending = licensing.Sending{} // whatever was waited for ends with this
	return out, c.command(ctx, at, workflows.ResetUpdate, cmd.Request, cmd, &out)
}

// Cancel takes an invitation back, as far as the caller may (R82).
func (c *Client) Cancel(ctx context.Context, cmd licensing.Command) (licensing.Withdrawal, error) {
	var out licensing.Withdrawal
	at, err := c.standing(ctx, cmd)
	if err != nil {
		return out, err
	}
	return out, c.command(ctx, at, workflows.CancelUpdate, cmd.Request, cmd, &out)
}

// standing reads the invitation that a command is for. The step that carries the command out checks what the caller may.
func (c *Client) standing(ctx context.Context, cmd licensing.Command) (licensing.Standing, error) {
	at, err := c.Rows.StandingOf(ctx, cmd.Org, cmd.User)
	if licensing.KindOf(err) == licensing.NotFound {
		return at, licensing.Refuse(licensing.NotFound, "R43", "there is no such user or invitation, or you may not see it")
	}
	return at, err
}

// command updates the run of an invitation, starts one where there is none any more, and replaces one that is stuck.
func (c *Client) command(ctx context.Context, at licensing.Standing, name string, id licensing.RequestID, arg, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	in := workflows.InvitationInput{User: at.User, Settings: c.Settings}
	if at.State == licensing.InvitationOpen || at.State == licensing.InvitationRefused {
		in.Sending = at.Sending // a lost run is made good
	}
	err := uninterrupted(func() error { return c.attempt(ctx, at, in, name, id, arg, out) })
	if !timedOut(err) && !interrupted(err) || ctx.Err() != nil {
		return answered(err)
	}
	stuck, err := c.stuck(ctx, at.User)
	if err != nil || !stuck {
		return answered(errors.Join(context.DeadlineExceeded, err))
	}
	c.Log.WarnContext(ctx, "run is stuck: it is ended and another takes over", "workflow", workflows.InvitationID(at.User), "command", name)
	err = c.Temporal.TerminateWorkflow(ctx, workflows.InvitationID(at.User), "", "stuck; replaced by the command "+name)
	if err != nil && !isNotFound(err) {
		return answered(err)
	}
	return answered(uninterrupted(func() error { return c.attempt(ctx, at, in, name, id, arg, out) }))
}

// uninterrupted makes a call again, with the same update id, that met a run in the moment of its end, or a workflow task
// that the server threw away because something happened meanwhile.
func uninterrupted(call func() error) error {
	err := call()
	for range 3 {
		if !interrupted(err) {
			break
		}
		err = call()
	}
	return err
}

func interrupted(err error) bool {
	var notReady *serviceerror.WorkflowNotReady
	return temporal.IsCanceledError(err) || errors.As(err, &notReady)
}

func (c *Client) attempt(ctx context.Context, at licensing.Standing, in workflows.InvitationInput, name string, id licensing.RequestID, arg, out any) error {
	patience := c.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := c.Temporal.NewWithStartWorkflowOperation(c.invitationOptions(at.Org, at.User, id, in.Sending), workflows.Invitation, in)
	return c.update(ctx, start, workflows.InvitationID(at.User), name, id, out, arg)
}

func (c *Client) update(ctx context.Context, start client.WithStartWorkflowOperation, workflowID, name string, id licensing.RequestID, out any, args ...any) error {
	h, err := c.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: workflowID, UpdateName: name, UpdateID: string(id), Args: args, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return err
	}
	return h.Get(ctx, out)
}

// stuck says whether the run's tasks fail: a task that is being tried again and again. A run without a worker isn't stuck.
func (c *Client) stuck(ctx context.Context, user licensing.UserID) (bool, error) {
	d, err := c.Temporal.DescribeWorkflowExecution(ctx, workflows.InvitationID(user), "")
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return d.GetPendingWorkflowTask().GetAttempt() > 1, nil
}

// Start starts or ends the workflow of one piece of work of a save. It is idempotent.
func (c *Client) Start(ctx context.Context, w licensing.Work) error {
	switch w.Kind {
	case licensing.WorkInvite, licensing.WorkRenew:
		return c.invite(ctx, w)
	case licensing.WorkAssign:
		return c.assign(ctx, w)
	case licensing.WorkWithdraw:
		at, err := c.Rows.StandingOf(ctx, w.Org, w.User)
		if err != nil {
			return err
		}
		if now := at.Sending; w.Sending.Invitation != "" && (now.Invitation != w.Sending.Invitation || now.Generation != w.Sending.Generation) {
			return nil // the person has been invited anew since: that run is another one's
		}
		if err := c.Temporal.CancelWorkflow(ctx, workflows.InvitationID(w.User), ""); err != nil && !isNotFound(err) {
			return err
		}
		return nil
	case licensing.WorkStop:
		for _, run := range runsOf(w.User, w.Propagation.Change) {
			if err := c.Temporal.CancelWorkflow(ctx, run, ""); err != nil && !isNotFound(err) {
				return err
			}
		}
		return nil
	}
	return errors.New("start work: unknown kind " + string(w.Kind))
}

// invite starts the run of a new generation. A run that is still open from before takes it up instead.
func (c *Client) invite(ctx context.Context, w licensing.Work) error {
	in := workflows.InvitationInput{User: w.User, Sending: w.Sending, Settings: c.Settings}
	o := c.invitationOptions(w.Org, w.User, w.Request, w.Sending)
	o.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	o.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err := c.Temporal.ExecuteWorkflow(ctx, o, workflows.Invitation, in)
	if !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return err
	}
	at := licensing.Standing{Org: w.Org, User: w.User, State: licensing.InvitationOpen, Sending: w.Sending}
	return c.command(ctx, at, workflows.AdoptUpdate, w.Request, w.Sending, nil)
}

// runsOf are the workflows that may settle what a change put in progress for a user: an assignment's, which those who accepted
// somebody else's invitation have too, or that of the user's own invitation.
func runsOf(u licensing.UserID, change licensing.ChangeID) []string {
	runs := []string{workflows.AssignmentID(licensing.RequestID(change), u)}
	if strings.Contains(string(change), ".") { // of an invitation's generation
		runs = append(runs, workflows.InvitationID(u))
	}
	return runs
}

func (c *Client) assign(ctx context.Context, w licensing.Work) error {
	if w.Propagation.Mail == "" && len(w.Propagation.Dues) == 0 && !c.Settings.Provision {
		return nil // there is nobody to tell
	}
	attributes := []temporal.SearchAttributeUpdate{workflows.OrganizationAttribute.ValueSet(string(w.Org)), workflows.RequestAttribute.ValueSet(string(w.Request)),
		workflows.UserAttribute.ValueSet(string(w.User)), workflows.StatusAttribute.ValueSet(workflows.StatusOpen)}
	if n := len(w.Propagation.Dues); n > 0 {
		attributes = append(attributes, workflows.DueAttribute.ValueSet(w.Propagation.Dues[n-1]))
	}
	_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       workflows.AssignmentID(w.Request, w.User),
		TaskQueue:                workflows.Queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(attributes...),
		StaticSummary:            "roles of a registered user",
		Priority:                 temporal.Priority{FairnessKey: string(w.Org)},
	}, workflows.Assignment, workflows.AssignmentInput{User: w.User, Propagation: w.Propagation, Settings: c.Settings})
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return nil
	}
	return err
}

func (c *Client) invitationOptions(org licensing.OrgID, user licensing.UserID, id licensing.RequestID, s licensing.Sending) client.StartWorkflowOptions {
	attributes := []temporal.SearchAttributeUpdate{workflows.OrganizationAttribute.ValueSet(string(org)), workflows.RequestAttribute.ValueSet(string(id)),
		workflows.UserAttribute.ValueSet(string(user)), workflows.StatusAttribute.ValueSet(workflows.StatusOpen)}
	if !s.ExpiresAt.IsZero() {
		attributes = append(attributes, workflows.DueAttribute.ValueSet(s.ExpiresAt))
	}
	return client.StartWorkflowOptions{
		ID:                       workflows.InvitationID(user),
		TaskQueue:                workflows.Queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(attributes...),
		StaticSummary:            "invitation of a person",
		Priority:                 temporal.Priority{FairnessKey: string(org)},
	}
}

// answered turns what Temporal says into what a caller can use.
func answered(err error) error {
	if err == nil {
		return nil
	}
	if e := refusal.Decode(err); e != nil {
		return e
	}
	if timedOut(err) || interrupted(err) {
		return licensing.Refuse(licensing.Unavailable, "", "no worker answered in time: what was asked may still be carried out; ask again with the same request id")
	}
	var away *serviceerror.Unavailable
	if errors.As(err, &away) {
		return licensing.Refuse(licensing.Unavailable, "", "Temporal can't be reached: ask again with the same request id")
	}
	return err
}

func timedOut(err error) bool {
	var late *client.WorkflowUpdateServiceTimeoutOrCanceledError
	var deadline *serviceerror.DeadlineExceeded
	return errors.As(err, &late) || errors.As(err, &deadline) || errors.Is(err, context.DeadlineExceeded)
}

func isNotFound(err error) bool {
	var gone *serviceerror.NotFound
	return errors.As(err, &gone)
}
