package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// Registered returns the answer that the same registration got before; NotFound where there was none.
func (s *Store) Registered(ctx context.Context, r licensing.Registration) (licensing.Registered, error) {
	var out licensing.Registered
	none := licensing.Refuse(licensing.NotFound, "R29", "there was no such registration")
	who, err := r.Identity.Check()
	if err != nil || !ids(string(r.Request), string(r.Invitation)) {
		return out, none
	}
	r.Identity = who
	var row struct {
		keptAnswer
		Org licensing.OrgID `db:"org_id"`
	}
	err = s.reads.GetContext(ctx, &row, s.reads.Rebind(`
		SELECT q.org_id, q.digest, q.answer, q.answer_version
		FROM invitations i
		JOIN requests q ON q.id = i.accepted_request AND q.action = 'register'
		WHERE i.id = ? AND i.accepted_request = ?`), r.Invitation, r.Request)
	if errors.Is(err, sql.ErrNoRows) {
		return out, none
	}
	if err != nil {
		return out, fmt.Errorf("read registration: %w", err)
	}
	if digest, err := digestOf(registration(row.Org, r)); err != nil || digest != row.Digest {
		return out, either(err, none)
	}
	return out, row.read(&out)
}

// Standing returns where an invitation stands.
func (s *Store) Standing(ctx context.Context, id licensing.InvitationID) (licensing.Standing, error) {
	if uuid.Validate(string(id)) != nil {
		return licensing.Standing{}, licensing.Refuse(licensing.NotFound, "R28", "there is no such invitation")
	}
	return s.standing(ctx, selectInvitation+` WHERE i.id = ?`, id)
}

// StandingOf returns where the newest invitation of a user stands.
func (s *Store) StandingOf(ctx context.Context, org licensing.OrgID, user licensing.UserID) (licensing.Standing, error) {
	if uuid.Validate(string(user)) != nil {
		return licensing.Standing{}, licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
	}
	return s.standing(ctx, selectInvitation+` WHERE i.org_id = ? AND i.user_id = ?`+newestFirst, org, user)
}

func (s *Store) standing(ctx context.Context, query string, args ...any) (licensing.Standing, error) {
	var i invitationRow
	if err := s.reads.GetContext(ctx, &i, s.reads.Rebind(query), args...); err != nil {
		return licensing.Standing{}, fmt.Errorf("read invitation: %w", missing(err, "invitation"))
	}
	return licensing.Standing{Org: i.OrgID, User: i.UserID, State: i.State, Sending: i.sending("")}, nil
}
