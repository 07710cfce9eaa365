package commands

import (
	"bytes"
	"context"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"vlroles/licensing"
	"vlroles/workflows"
)

const (
	contoso = licensing.OrgID("contoso")
	kim     = licensing.UserID("kim")
	ticket  = licensing.InvitationID("ticket")
)

// started is a workflow that the server was asked to start, with the update that came with it.
type started struct {
	options  client.StartWorkflowOptions
	workflow any
	input    any
	update   client.UpdateWorkflowOptions
}

// server is a Temporal server that answers as a test wants and remembers what it was asked. What no test
// expects it panics at.
type server struct {
	client.Client
	answer     any     // of every update
	errs       []error // of the next updates and starts; then none
	operation  started // the next start
	starts     []started
	updates    []client.UpdateWorkflowOptions
	cancelled  []string
	terminated []string
	taskTries  int32 // of the pending workflow task
	cancelErr  error
	schedule   schedule
}

func (s *server) nextError() error {
	if len(s.errs) == 0 {
		return nil
	}
	err := s.errs[0]
	s.errs = s.errs[1:]
	return err
}

func (s *server) NewWithStartWorkflowOperation(
	o client.StartWorkflowOptions, workflow any, args ...any,
) client.WithStartWorkflowOperation {
	s.operation = started{options: o, workflow: workflow, input: args[0]}
	return nil
}

func (s *server) UpdateWithStartWorkflow(
	_ context.Context, o client.UpdateWithStartWorkflowOptions,
) (client.WorkflowUpdateHandle, error) {
	s.operation.update = o.UpdateOptions
	s.starts = append(s.starts, s.operation)
	if err := s.nextError(); err != nil {
		return nil, err
	}
	return handle{value: s.answer}, nil
}

func (s *server) UpdateWorkflow(
	_ context.Context,
	o client.UpdateWorkflowOptions,
) (client.WorkflowUpdateHandle, error) {
	s.updates = append(s.updates, o)
	if err := s.nextError(); err != nil {
		return nil, err
	}
	return handle{value: s.answer}, nil
}

func (s *server) ExecuteWorkflow(
	_ context.Context, o client.StartWorkflowOptions, workflow any, args ...any,
) (client.WorkflowRun, error) {
	s.starts = append(s.starts, started{options: o, workflow: workflow, input: args[0]})
	return nil, s.nextError()
}

func (s *server) CancelWorkflow(_ context.Context, id, _ string) error {
	s.cancelled = append(s.cancelled, id)
	return s.cancelErr
}

func (s *server) TerminateWorkflow(_ context.Context, id, _, _ string, _ ...any) error {
	s.terminated = append(s.terminated, id)
	return nil
}

func (s *server) DescribeWorkflowExecution(
	context.Context, string, string,
) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if s.taskTries < 0 {
		return nil, serviceerror.NewNotFound("no such run")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{
		PendingWorkflowTask: &workflowpb.PendingWorkflowTaskInfo{Attempt: s.taskTries},
	}, nil
}

func (s *server) ScheduleClient() client.ScheduleClient { return &s.schedule }

// handle is an update that has completed.
type handle struct {
	client.WorkflowUpdateHandle
	value any
}

func (h handle) Get(_ context.Context, out any) error {
	if h.value != nil && out != nil {
		reflect.ValueOf(out).Elem().Set(reflect.ValueOf(h.value))
	}
	return nil
}

// schedule is a ScheduleClient and the handle of its one schedule.
type schedule struct {
	client.ScheduleClient
	client.ScheduleHandle
	created   *client.ScheduleOptions
	createErr error
	updated   time.Duration
	deleted   bool
	deleteErr error
}

func (s *schedule) GetHandle(context.Context, string) client.ScheduleHandle { return s }

func (s *schedule) Create(_ context.Context, o client.ScheduleOptions) (client.ScheduleHandle, error) {
	s.created = &o
	return s, s.createErr
}

func (s *schedule) Update(_ context.Context, o client.ScheduleUpdateOptions) error {
	out, err := o.DoUpdate(client.ScheduleUpdateInput{})
	if err == nil {
		s.updated = out.Schedule.Spec.Intervals[0].Every
	}
	return err
}

func (s *schedule) Delete(context.Context) error {
	s.deleted = true
	return s.deleteErr
}

// rows is a Rows in which one invitation stands as a test wants.
type rows struct {
	at            licensing.InvitationStatus
	err           error
	registered    licensing.Registered
	registeredErr error
}

func (r *rows) InvitationStatus(context.Context, licensing.InvitationID) (licensing.InvitationStatus, error) {
	return r.at, r.err
}

func (r *rows) Commanded(context.Context, licensing.Command) (licensing.InvitationStatus, error) {
	return r.at, r.err
}

func (r *rows) InvitationStatusOf(
	context.Context, licensing.OrgID, licensing.UserID,
) (licensing.InvitationStatus, error) {
	return r.at, r.err
}

func (r *rows) Registered(context.Context, licensing.Registration) (licensing.Registered, error) {
	return r.registered, r.registeredErr
}

// openInvitation is generation 2 of Kim's invitation, which lives for another hour.
func openInvitation() licensing.InvitationStatus {
	return licensing.InvitationStatus{
		Org:   contoso,
		User:  kim,
		State: licensing.InvitationOpen,
		Run: licensing.InvitationRun{
			Invitation: ticket, Generation: 2, ExpiresAt: time.Now().Add(time.Hour),
		},
	}
}

// newClient returns a client of a server and of rows in which Kim's invitation is open, and its log.
func newClient(t *testing.T) (*Client, *server, *rows, *bytes.Buffer) {
	t.Helper()
	s, r, log := &server{}, &rows{at: openInvitation()}, &bytes.Buffer{}
	c := &Client{
		Temporal: s, Rows: r, Settings: workflows.Settings{Jitter: time.Second},
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	return c, s, r, log
}

func (s started) invitation(t *testing.T) workflows.InvitationInput {
	t.Helper()
	in, ok := s.input.(workflows.InvitationInput)
	if !ok {
		t.Fatalf("started with %T", s.input)
	}
	return in
}

// attribute reads a search attribute of a start, "" for none.
func (s started) attribute(name string) any {
	for key, value := range s.options.TypedSearchAttributes.GetUntypedValues() {
		if key.GetName() == name {
			return value
		}
	}
	return ""
}

// ofRequest says whether an update is of the request: its id says so, with a fingerprint of the content
// behind it.
func ofRequest(u client.UpdateWorkflowOptions, id string) bool {
	request, fingerprint, _ := strings.Cut(u.UpdateID, ".")
	return request == id && len(fingerprint) == 16
}
