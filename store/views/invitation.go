package views

import (
	"context"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// InvitationPage returns what the page behind an invitation's link shows: what waits for whoever registers,
// and no name of any admin (R35). Of an invitation that has ended it shows no roles (R29).
func (v *Views) InvitationPage(
	ctx context.Context, id licensing.InvitationID,
) (page licensing.InvitationView, err error) {
	err = v.read(ctx, "read invitation", func(q *snapshot) error {
		notFound := licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
		if !rows.IDs(string(id)) {
			return notFound
		}
		var i struct {
			rows.Invitation
			Organization string `db:"organization"`
		}
		err := q.Get(&i, `
			SELECT i.user_id, i.state, i.generation, i.expires_at, o.name AS organization
			FROM invitations i
			JOIN organizations o ON o.id = i.org_id
			WHERE i.id = ?`, id)
		if rows.NoRows(err) {
			return notFound
		}
		if err != nil {
			return err
		}
		i.State = i.State.At(i.ExpiresAt.Time, q.Now)
		page = licensing.InvitationView{
			Organization: i.Organization, State: i.State, Generation: i.Generation,
			ExpiresAt: i.ExpiresAt.Time,
		}
		if i.State == licensing.InvitationOpen || i.State == licensing.InvitationFailed {
			page.Access, err = q.Entries(i.UserID, rows.Pending)
		}
		return err
	})
	return page, err
}
