package store

import (
	"context"
	"math"
	"slices"

	"vlroles/licensing"
)

// maxHistory is how many lines History returns at most.
const maxHistory = 1000

// History returns the newest lines of a user's audit on the License IDs that the caller administers, oldest first (R35).
// Limit 0 is the most, a thousand.
func (s *Store) History(ctx context.Context, org licensing.OrgID, caller, user licensing.UserID, limit int) ([]licensing.HistoryLine, error) {
	return s.HistoryBefore(ctx, org, caller, user, limit, 0)
}

// HistoryBefore is History for the lines before the one with the id, 0 for the newest; behind the oldest there are none.
func (s *Store) HistoryBefore(ctx context.Context, org licensing.OrgID, caller, user licensing.UserID, limit int, before int64) ([]licensing.HistoryLine, error) {
	newest := before <= 0
	if newest {
		before = math.MaxInt64
	}
	if limit <= 0 || limit > maxHistory {
		limit = maxHistory
	}
	out := []licensing.HistoryLine{}
	err := s.read(ctx, "read history", func(t *tx) error {
		hidden := missingUser(nil)
		ok, err := t.active(org, caller)
		if err != nil || !ok || !ids(string(user)) {
			return either(err, hidden)
		}
		var rows []struct {
			auditRow
			ID   int64 `db:"id"`
			Name opt   `db:"name"`
		}
		err = t.all(&rows, `
			SELECT a.id, a.at, a.actor, a.action, a.outcome, a.license_id, a.rule, a.before, a.after, a.detail, u.name
			FROM audit a`+mine+`
			LEFT JOIN users u ON u.id = a.actor AND u.org_id = a.org_id
			WHERE a.user_id = ? AND a.org_id = ? AND a.id < ?
			ORDER BY a.id DESC
			LIMIT ?`, caller, user, org, before, limit)
		if err != nil {
			return err
		}
		for _, r := range slices.Backward(rows) {
			out = append(out, licensing.HistoryLine{
				ID: r.ID, At: r.At.Time, ActorID: licensing.UserID(r.Actor), Actor: string(r.Name), Action: r.Action, Outcome: r.Outcome, License: licensing.LicenseID(r.LicenseID),
				Rule: string(r.Rule), Before: licensing.Status(r.Before), After: licensing.Status(r.After), Detail: r.Detail,
			})
		}
		if len(out) == 0 && newest {
			_, _, err = t.seen(org, caller, user)
		}
		return err
	})
	return out, err
}
