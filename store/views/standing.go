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
	r.Identity = who
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

// Standing returns where an invitation stands.
func (v *Views) Standing(ctx context.Context, id licensing.InvitationID) (licensing.Standing, error) {
	if !rows.IDs(string(id)) {
		none := licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
		return licensing.Standing{}, none
	}
	return v.standing(ctx, ` WHERE i.id = ?`, id)
}

// StandingOf returns where the newest invitation of a user stands.
func (v *Views) StandingOf(
	ctx context.Context, org licensing.OrgID, user licensing.UserID,
) (licensing.Standing, error) {
	if !rows.IDs(string(user)) {
		return licensing.Standing{}, rows.MissingUser(nil)
	}
	return v.standing(ctx, ` WHERE i.org_id = ? AND i.user_id = ?`+rows.NewestFirst, org, user)
}

func (v *Views) standing(ctx context.Context, which string, args ...any) (licensing.Standing, error) {
	var i rows.Invitation
	err := v.read(ctx, "read invitation", func(q *snapshot) error {
		return rows.Missing(q.Get(&i, rows.SelectInvitation+which, args...), "invitation")
	})
	if err != nil {
		return licensing.Standing{}, err
	}
	return licensing.Standing{Org: i.OrgID, User: i.UserID, State: i.State, Sending: i.Sending("")}, nil
}
