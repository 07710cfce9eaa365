package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows"
)

// scheduled is a workflow that runs again and again, never twice at a time. Its runs are named by the
// schedule's id.
type scheduled struct {
	id       string
	summary  string
	note     string // what it is for
	workflow any
	input    any
}

// CompareDirectories compares directories with their tenants at every interval, from now on; 0 ends it (R84).
func (c *Client) CompareDirectories(ctx context.Context, every time.Duration) error {
	return c.schedule(ctx, every, scheduled{
		id: workflows.CompareID, summary: "comparison of all directories with their tenants",
		note:     "finds what an event of a directory has missed (R84)",
		workflow: workflows.CompareDirectories, input: licensing.OrgID(""),
	})
}

// Retain erases personal data that is due at every interval, from now on; 0 ends it (L10).
func (c *Client) Retain(ctx context.Context, every time.Duration) error {
	return c.schedule(ctx, every, scheduled{
		id: workflows.RetentionID, summary: "erasure of personal data that nothing needs any more",
		note:     "erases what VL_KEEP_MAILS and VL_KEEP_PEOPLE say (L10)",
		workflow: workflows.Retention, input: licensing.ErasePage{},
	})
}

// schedule makes a schedule, changes the interval of one that there is, or ends it where every is 0.
func (c *Client) schedule(ctx context.Context, every time.Duration, w scheduled) error {
	h := c.Temporal.ScheduleClient().GetHandle(ctx, w.id)
	if every <= 0 {
		if err := h.Delete(ctx); err != nil && !isNotFound(err) {
			return fmt.Errorf("end the schedule %s: %w", w.id, err)
		}
		return nil
	}
	spec := client.ScheduleSpec{
		Intervals: []client.ScheduleIntervalSpec{{Every: every}}, Jitter: min(every/10, time.Minute),
	}
	_, err := c.Temporal.ScheduleClient().Create(ctx, w.options(spec, every))
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = h.Update(ctx, changeSpec(spec))
	}
	if err != nil {
		return fmt.Errorf("make the schedule %s: %w", w.id, err)
	}
	return nil
}

func (w scheduled) options(spec client.ScheduleSpec, every time.Duration) client.ScheduleOptions {
	return client.ScheduleOptions{
		ID: w.id, Spec: spec, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: every, Action: &client.ScheduleWorkflowAction{
			ID: w.id, TaskQueue: workflows.Queue, Workflow: w.workflow, Args: []any{w.input},
			StaticSummary: w.summary,
		},
		Note: w.note,
	}
}

// changeSpec gives a schedule that exists another interval.
func changeSpec(spec client.ScheduleSpec) client.ScheduleUpdateOptions {
	return client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			in.Description.Schedule.Spec = &spec
			return &client.ScheduleUpdate{Schedule: &in.Description.Schedule}, nil
		},
	}
}
