package views

import (
	"context"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// Registered returns the answer that the same registration got before; NotFound where there was none.
func (v *Views) Registered(ctx context.Context, r licensing.Registration) (licensing.Registered, error) {
	var out licensing.Registered
	none := licensing.Refuse(licensing.NotFound, "R29", "there was no such registration")
	who, err := r.Identity.Check()
	if err != nil || !rows.IDs(string(r.Request), string(r.Invitation)) {
		return out, none
	}
	r.Identity, r.Proof = who, "" // a proof is no content: another key proves the same
	err = v.read(ctx, "read registration", func(q *snapshot) error {
		var row struct {
			rows.Request
			Org licensing.OrgID `db:"org_id"`
		}
		err := q.Get(&row, `
			SELECT q.org_id, q.digest, q.answer, q.answer_version
			FROM invitations i
			JOIN requests q ON q.id = i.accepted_request AND q.action = 'register'
			WHERE i.id = ? AND i.accepted_request = ?`, r.Invitation, r.Request)
		if rows.NoRows(err) {
			return none
		}
		if err != nil {
			return err
		}
		digest, err := rows.Digest(licensing.AuditRegister, row.Org, "", r)
		if err != nil {
			return err
		}
		if digest != row.Digest {
			return none
		}
		return row.Read(&out)
	})
	return out, err
}

// InvitationStatus returns where an invitation stands.
func (v *Views) InvitationStatus(
	ctx context.Context, id licensing.InvitationID,
) (licensing.InvitationStatus, error) {
	if !rows.IDs(string(id)) {
		none := licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
		return licensing.InvitationStatus{}, none
	}
	return v.invitationStatus(ctx, ` WHERE i.id = ?`, id)
}

// InvitationStatusOf returns where the newest invitation of a user stands.
func (v *Views) InvitationStatusOf(
	ctx context.Context, org licensing.OrgID, user licensing.UserID,
) (licensing.InvitationStatus, error) {
	if !rows.IDs(string(user)) {
		return licensing.InvitationStatus{}, rows.MissingUser(nil)
	}
	return v.invitationStatus(ctx, ` WHERE i.org_id = ? AND i.user_id = ?`+rows.NewestFirst, org, user)
}

// Commanded returns where the newest invitation stands of the user whom a command is about. Who may not see
// the user is told what everybody is, before a run is asked (L03); what the caller may do is judged by the
// step that carries the command out.
func (v *Views) Commanded(ctx context.Context, c licensing.Command) (licensing.InvitationStatus, error) {
	var at licensing.InvitationStatus
	err := v.read(ctx, "read invitation", func(q *snapshot) error {
		ok, err := q.Active(c.Org, c.By)
		if err != nil || !ok || !rows.IDs(string(c.User)) {
			return rows.MissingUser(err)
		}
		if ok, err := q.MaySee(c.Org, c.By, c.User); err != nil || !ok {
			return rows.MissingUser(err)
		}
		i, err := q.NewestInvitation(c.User)
		if err != nil {
			return err
		}
		if i == nil {
			return licensing.NotInvited()
		}
		at = licensing.InvitationStatus{Org: c.Org, User: c.User, State: i.State, Run: i.Run()}
		return nil
	})
	return at, err
}

func (v *Views) invitationStatus(
	ctx context.Context, which string, args ...any,
) (licensing.InvitationStatus, error) {
	var i rows.Invitation
	err := v.read(ctx, "read invitation", func(q *snapshot) error {
		return rows.Missing(q.Get(&i, rows.SelectInvitation+which, args...), "invitation")
	})
	if err != nil {
		return licensing.InvitationStatus{}, err
	}
	return licensing.InvitationStatus{Org: i.OrgID, User: i.UserID, State: i.State, Run: i.Run()}, nil
}
