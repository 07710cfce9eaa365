package views

import (
	"context"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// SignsIn returns the identity of whoever signs in with an address for an invitation, as a tenant that vouches
// for its directory would: with the object id where the directory has the address. It stands for an identity
// provider, where there is none.
func (v *Views) SignsIn(
	ctx context.Context, id licensing.InvitationID, email licensing.Email,
) (licensing.Identity, error) {
	who := licensing.Identity{Email: email}
	if !rows.IDs(string(id)) {
		return who, nil
	}
	err := v.read(ctx, "find person in the directory", func(q *snapshot) error {
		err := q.Get(&who.ObjectID, `
			SELECT d.object_id
			FROM invitations i
			JOIN directory_people d ON d.org_id = i.org_id AND d.email_key = ? AND d.present
			WHERE i.id = ?`, email.Key(), id)
		if rows.NoRows(err) {
			return nil
		}
		return err
	})
	return who, err
}

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
