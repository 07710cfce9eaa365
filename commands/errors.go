package commands

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// clientError turns what Temporal says into what a caller can use: a refusal as it was, Unavailable where the
// same request can be sent again, and everything else as it is.
func clientError(err error) error {
	if err == nil {
		return nil
	}
	if e := refusal.Decode(err); e != nil {
		return e
	}
	if timedOut(err) || interrupted(err) {
		return unavailable("timed out waiting for a worker; the request may still complete")
	}
	var away *serviceerror.Unavailable
	if errors.As(err, &away) {
		return unavailable("Temporal can't be reached")
	}
	return err
}

func unavailable(reason string) error {
	return licensing.Refuse(licensing.Unavailable, "", "%s. Retry with the same request ID", reason)
}

// retries is how often a call that was interrupted is made again.
const retries = 3

// retryInterrupted makes a call again, with the same update id, that met a run in the moment of its end, or a
// workflow task that the server threw away because something happened meanwhile.
func retryInterrupted(call func() error) error {
	err := call()
	for range retries {
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

func timedOut(err error) bool {
	var late *client.WorkflowUpdateServiceTimeoutOrCanceledError
	var deadline *serviceerror.DeadlineExceeded
	return errors.As(err, &late) || errors.As(err, &deadline) || errors.Is(err, context.DeadlineExceeded)
}

func isNotFound(err error) bool {
	var gone *serviceerror.NotFound
	return errors.As(err, &gone)
}
