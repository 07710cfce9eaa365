package views

import (
	"context"
	"fmt"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// HandOvers returns the newest hundred hand-overs that the person has to do with, newest first (R43).
func (v *Views) HandOvers(
	ctx context.Context, org licensing.OrgID, by licensing.UserID,
) ([]licensing.HandOverView, error) {
	out := []licensing.HandOverView{}
	err := v.read(ctx, "list hand-overs", func(q *snapshot) error {
		if ok, err := q.Active(org, by); err != nil || !ok {
			return err
		}
		var found []rows.HandOver
		err := q.All(&found, rows.SelectHandOver+`
			WHERE h.org_id = ? AND (h.from_user = ? OR h.to_user = ?)
			ORDER BY h.created_at DESC, h.id
			LIMIT 100`, org, by, by)
		if err != nil {
			return err
		}
		for _, h := range found {
			view, err := q.HandOverView(h)
			if err != nil {
				return fmt.Errorf("hand-over %s: %w", h.ID, err)
			}
			out = append(out, view.For(by))
		}
		return nil
	})
	return out, err
}
