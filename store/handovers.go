package store

import (
	"context"
	"fmt"

	"vlroles/licensing"
)

type handOverRow struct {
	ID        licensing.RequestID     `db:"id"`
	OrgID     licensing.OrgID         `db:"org_id"`
	From      licensing.UserID        `db:"from_user"`
	To        licensing.UserID        `db:"to_user"`
	State     licensing.HandOverState `db:"state"`
	Turns     int                     `db:"turns"`
	CreatedAt moment                  `db:"created_at"`
}

const selectHandOver = `SELECT h.id, h.org_id, h.from_user, h.to_user, h.state, h.turns, h.created_at FROM handovers h`

// handOverView reads a hand-over with the successor's status where a License ID waits.
func (t *tx) handOverView(h handOverRow) (licensing.HandOverView, error) {
	out := licensing.HandOverView{ID: h.ID, From: h.From, To: h.To, State: h.State, CreatedAt: h.CreatedAt.Time}
	u, err := t.user(h.OrgID, h.To)
	if err != nil {
		return out, err
	}
	held, err := t.holdings([]licensing.UserID{h.To})
	if err != nil {
		return out, err
	}
	var rows []struct {
		License licensing.LicenseID `db:"license_id"`
		State   licensing.LineState `db:"state"`
		Rule    opt                 `db:"rule"`
		Until   moment              `db:"until"`
	}
	if err := t.all(&rows, `SELECT license_id, state, rule, until FROM handover_lines WHERE handover_id = ? ORDER BY license_id`, h.ID); err != nil {
		return out, err
	}
	for _, r := range rows {
		line := licensing.HandOverLine{License: r.License, State: r.State, Rule: string(r.Rule), Until: r.Until.Time}
		if a := held.assignments[h.To][r.License]; a != nil && r.State == licensing.LineWaiting {
			var i licensing.InvitationState
			if open := held.invitation[h.To]; open != nil {
				i = open.State
			}
			line.Status, line.DueAt = licensing.StatusOf(u.person(), a.State, i), a.DueAt.Time
		}
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}

// HandOvers returns the hand-overs that the person has to do with, newest first (R43).
func (s *Store) HandOvers(ctx context.Context, org licensing.OrgID, by licensing.UserID) ([]licensing.HandOverView, error) {
	out := []licensing.HandOverView{}
	if !ids(string(org), string(by)) {
		return out, nil
	}
	err := s.read(ctx, "list hand-overs", func(t *tx) error {
		if ok, err := t.active(org, by); err != nil || !ok {
			return err
		}
		var rows []handOverRow
		err := t.all(&rows, selectHandOver+` WHERE h.org_id = ? AND (h.from_user = ? OR h.to_user = ?) ORDER BY h.created_at DESC, h.id LIMIT 100`, org, by, by)
		if err != nil {
			return err
		}
		for _, h := range rows {
			v, err := t.handOverView(h)
			if err != nil {
				return fmt.Errorf("hand-over %s: %w", h.ID, err)
			}
			out = append(out, v.For(by))
		}
		return nil
	})
	return out, err
}
