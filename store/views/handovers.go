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
		people := map[licensing.UserID]*licensing.KnownUser{}
		for _, h := range found {
			if err := q.known(org, by, people, h.From, h.To); err != nil {
				return err
			}
			view, err := q.HandOverView(h)
			if err != nil {
				return fmt.Errorf("hand-over %s: %w", h.ID, err)
			}
			view.FromUser, view.ToUser = people[h.From], people[h.To]
			out = append(out, view.For(by))
		}
		return nil
	})
	return out, err
}

// known reads people of whom the reader may know, each of them once.
func (q *snapshot) known(
	org licensing.OrgID, by licensing.UserID, people map[licensing.UserID]*licensing.KnownUser,
	ids ...licensing.UserID,
) error {
	for _, id := range ids {
		if _, done := people[id]; done {
			continue
		}
		people[id] = nil
		may, err := q.MaySee(org, by, id)
		if err != nil {
			return err
		}
		if !may {
			continue
		}
		u, err := q.User(org, id)
		if err != nil {
			return err
		}
		if u != nil {
			people[id] = &licensing.KnownUser{Name: u.Name, SignIn: licensing.Email(u.SignInEmail)}
		}
	}
	return nil
}
