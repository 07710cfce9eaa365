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

// HandOver starts a hand-over and returns what waits for the successor (R30–R32).
func (c *Client) HandOver(ctx context.Context, h licensing.HandOver) (licensing.HandOverAnswer, error) {
	return answerOf[licensing.HandOverAnswer](ctx, c, request{
		workflows.HandOverID(h.ID), h.ID, h.Org, "hand-over of License IDs", workflows.HandOver, h})
}

// AgreeHandOver agrees to a hand-over as its successor (R31).
func (c *Client) AgreeHandOver(
	ctx context.Context, cmd licensing.HandOverCommand,
) (licensing.HandOverView, error) {
	return c.handOverCommand(ctx, workflows.AgreeUpdate, cmd)
}

// CancelHandOver ends a hand-over (R32).
func (c *Client) CancelHandOver(
	ctx context.Context, cmd licensing.HandOverCommand,
) (licensing.HandOverView, error) {
	return c.handOverCommand(ctx, workflows.CancelUpdate, cmd)
}

func (c *Client) handOverCommand(
	ctx context.Context, name string, cmd licensing.HandOverCommand,
) (out licensing.HandOverView, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	u := update{name, cmd.Request, cmd}
	err = retryInterrupted(func() error {
		h, err := c.Temporal.UpdateWorkflow(ctx, u.options(workflows.HandOverID(cmd.HandOver)))
		if err != nil {
			return err
		}
		return h.Get(ctx, &out)
	})
	if isNotFound(err) {
		return out, licensing.Refuse(licensing.Conflict, "R32", "there is no such hand-over, or it has ended")
	}
	return out, clientError(err)
}

// CompareDirectories compares directories with their tenants at every interval, from now on; 0 ends it (R84).
// Comparisons don't overlap.
func (c *Client) CompareDirectories(ctx context.Context, every time.Duration) error {
	h := c.Temporal.ScheduleClient().GetHandle(ctx, workflows.CompareID)
	if every <= 0 {
		if err := h.Delete(ctx); err != nil && !isNotFound(err) {
			return fmt.Errorf("end the comparison of directories: %w", err)
		}
		return nil
	}
	spec := client.ScheduleSpec{
		Intervals: []client.ScheduleIntervalSpec{{Every: every}}, Jitter: min(every/10, time.Minute),
	}
	_, err := c.Temporal.ScheduleClient().Create(ctx, comparison(spec, every))
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = h.Update(ctx, changeSpec(spec))
	}
	if err != nil {
		return fmt.Errorf("schedule the comparison of directories: %w", err)
	}
	return nil
}

// comparison is the schedule of the directory comparison.
func comparison(spec client.ScheduleSpec, every time.Duration) client.ScheduleOptions {
	return client.ScheduleOptions{
		ID: workflows.CompareID, Spec: spec, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: every, Action: &client.ScheduleWorkflowAction{
			ID: workflows.CompareID, TaskQueue: workflows.Queue,
			Workflow: workflows.CompareDirectories, Args: []any{licensing.OrgID("")},
			StaticSummary: "comparison of all directories with their tenants",
		},
		Note: "finds what an event of a directory has missed (R84)",
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
