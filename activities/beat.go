package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
)

// beatEvery is well below the heartbeat time-out of every step.
const beatEvery = 5 * time.Second

// beat says every few seconds that the worker lives, until what it returns is called: of a step that is one
// long statement or call, and has nothing else to say.
func beat(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	if !activity.IsActivity(ctx) {
		return stop
	}
	go func() {
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return stop
}
