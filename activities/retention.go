package activities

import (
	"context"
	"log/slog"

	"go.temporal.io/sdk/activity"

	"vlroles/licensing"
)

// PersonalData erases what is kept about people.
type PersonalData interface {
	Erase(context.Context, licensing.Erasure) (licensing.Erased, error)
	EraseDue(context.Context, licensing.ErasePage) (next licensing.ErasePage, more bool, err error)
}

// Retention are the activities that end the life of personal data (L10). Fields are set once, before the
// worker starts.
type Retention struct {
	Data PersonalData
	Log  *slog.Logger
}

// Erase erases one person's data for support.
func (r *Retention) Erase(ctx context.Context, e licensing.Erasure) (licensing.Erased, error) {
	return result(r.Data.Erase(ctx, e))
}

// EraseDue erases everything that is due, and returns how much that was. Its heartbeat says how far it came, so
// that the next attempt goes on there.
func (r *Retention) EraseDue(ctx context.Context, from licensing.ErasePage) (licensing.ErasePage, error) {
	page := from
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &page); err != nil {
			return page, err
		}
	}
	for more := true; more; {
		var err error
		if page, more, err = r.Data.EraseDue(ctx, page); err != nil {
			return page, err
		}
		activity.RecordHeartbeat(ctx, page)
	}
	r.Log.InfoContext(ctx, "personal data was erased", "mails", page.Done.Mails, "people", page.Done.People,
		"directory_entries", page.Done.Directory)
	return page, nil
}
