package commands

import (
	"context"

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
