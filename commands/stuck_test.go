package commands_test

import (
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
	"vlroles/worker/engine/enginetest"
	"vlroles/workflows"
)

// earlier is an Invitation of a release that never was: it begins with a timer. A run that it began can't be
// replayed by ours, so that each of its tasks fails.
func earlier(ctx workflow.Context, _ workflows.InvitationInput) error {
	return workflow.Sleep(ctx, time.Hour)
}

// stuckRun puts the run of a person's invitation into the state in which every one of its tasks fails.
func stuckRun(t *testing.T, s *enginetest.Env, id string) (run string) {
	t.Helper()
	if err := s.Client.TerminateWorkflow(s.Ctx(), id, "", "test"); err != nil {
		t.Fatal(err)
	}
	if err := s.Engine.Stop(); err != nil {
		t.Fatal(err)
	}
	c := s.Temporal.Dial(t)
	w := worker.New(c, workflows.Queue, worker.Options{})
	w.RegisterWorkflowWithOptions(earlier, workflow.RegisterOptions{Name: "Invitation"})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	r, err := c.ExecuteWorkflow(
		s.Ctx(),
		client.StartWorkflowOptions{ID: id, TaskQueue: workflows.Queue},
		"Invitation",
		workflows.InvitationInput{User: "kim", Run: licensing.InvitationRun{Generation: 1, Mail: "welcome"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	s.Until(
		"the timer of the earlier release",
		func() bool { return len(s.History(id, r.GetRunID()).Events) >= 5 },
	)
	w.Stop()
	s.Start()
	return r.GetRunID()
}

func TestR58_ResetReplacesARunWhoseTasksFail(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t, enginetest.Options{Patience: 2 * time.Second})
	_, people := s.Save(enginetest.Person("kim", enginetest.Add("E1")))
	kim := people[0].User
	s.Mail("kim", "welcome", 1)
	run := stuckRun(t, s, workflows.InvitationID(kim))

	out, err := s.Flows.Reset(s.Ctx(), s.Command(kim))
	if err != nil || out.Generation != 2 {
		t.Fatalf("reset of a stuck run: %+v, %v", out, err)
	}
	d, err := s.Client.DescribeWorkflowExecution(s.Ctx(), workflows.InvitationID(kim), run)
	if err != nil || d.WorkflowExecutionInfo.Status != enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED {
		t.Fatalf("the stuck run: %v, %v", d.GetWorkflowExecutionInfo().GetStatus(), err)
	}
	r := s.Registration(s.Mail("kim", "welcome", 2), "kim@fabrikam.example")
	if _, err := s.Flows.Register(s.Ctx(), r); err != nil {
		t.Fatal(err)
	}
	s.Becomes(kim, "E1", licensing.StatusActive)
}

func TestACommandWithoutAWorkerIsUnavailableAndEndsNothing(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t, enginetest.Options{Patience: time.Second})
	_, people := s.Save(enginetest.Person("kim", enginetest.Add("E1")))
	kim := people[0].User
	s.Mail("kim", "welcome", 1)
	if err := s.Engine.Stop(); err != nil {
		t.Fatal(err)
	}
	c := s.Command(kim)
	if _, err := s.Flows.Reset(s.Ctx(), c); licensing.KindOf(err) != licensing.Unavailable {
		t.Fatalf("reset without a worker: %v", err)
	}
	s.Start()
	s.Until("the same request to be answered", func() bool {
		out, err := s.Flows.Reset(s.Ctx(), c)
		return err == nil && out.Generation == 2
	})
	if _, err := s.Flows.Register(s.Ctx(),
		s.Registration(s.Mail("kim", "welcome", 2), "kim@fabrikam.example")); err != nil {
		t.Fatal(err)
	}
}
