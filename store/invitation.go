package store

import (
	"context"

	"vlroles/licensing"
)

// InvitationPage returns what the page behind an invitation's link shows: what waits for whoever registers, and no name
// of any admin (R35). Of an invitation that has ended it shows no roles (R29).
func (s *Store) InvitationPage(ctx context.Context, id licensing.InvitationID) (licensing.InvitationView, error) {
	var v licensing.InvitationView
	err := s.read(ctx, "read invitation", func(t *tx) error {
		notFound := licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
		if !ids(string(id)) {
			return notFound
		}
		var i struct {
			invitationRow
			Organization string `db:"organization"`
		}
		err := t.get(&i, `
			SELECT i.user_id, i.state, i.generation, i.expires_at, o.name AS organization
			FROM invitations i
			JOIN organizations o ON o.id = i.org_id
			WHERE i.id = ?`, id)
		if err != nil {
			if missing(err, "") != err {
				err = notFound
			}
			return err
		}
		v = licensing.InvitationView{Organization: i.Organization, State: i.State, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time}
		if i.State == licensing.InvitationOpen || i.State == licensing.InvitationRefused {
			v.Access, err = t.entries(i.UserID, pending)
		}
		return err
	})
	return v, err
}
