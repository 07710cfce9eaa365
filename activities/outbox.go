package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// Outbox says which workflows a request needs, and forgets them when they have been started.
type Outbox interface {
	Outbox(context.Context, licensing.RequestID) ([]licensing.OutboxEntry, error)
	ClearOutbox(context.Context, licensing.RequestID) error
}

// Starter starts or ends the workflow of one person of a request. Doing it twice does no more than once.
type Starter interface {
	Start(context.Context, licensing.OutboxEntry) error
}

// startsAtOnce is how many workflows StartWork starts at a time.
const startsAtOnce = 16

// StartWork starts the workflows of a request's people and returns how many. Its heartbeat says how far it
// came, so that the next attempt goes on there.
func (r *Requests) StartWork(ctx context.Context, id licensing.RequestID) (int, error) {
	work, err := r.Outbox.Outbox(ctx, id)
	if err != nil {
		return 0, refusal.FromActivity(err)
	}
	done := startedBefore(ctx)
	for done < len(work) {
		next := min(done+startsAtOnce, len(work))
		if err := r.startAll(ctx, work[done:next]); err != nil {
			return done, err
		}
		done = next
		activity.RecordHeartbeat(ctx, done)
	}
	return len(work), refusal.FromActivity(r.Outbox.ClearOutbox(ctx, id))
}

// startedBefore is how many workflows an earlier attempt has started.
func startedBefore(ctx context.Context) (done int) {
	if !activity.HasHeartbeatDetails(ctx) || activity.GetHeartbeatDetails(ctx, &done) != nil {
		return 0
	}
	return done
}

func (r *Requests) startAll(ctx context.Context, work []licensing.OutboxEntry) error {
	failures := make(chan error, len(work))
	for _, w := range work {
		go func() { failures <- r.Starter.Start(ctx, w) }()
	}
	var all error
	for range work {
		all = errors.Join(all, <-failures)
	}
	return all
}
