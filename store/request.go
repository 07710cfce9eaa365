package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// claimRequest makes the request's row. known says that the request was answered before: answer holds that answer.
func (t *tx) claimRequest(id licensing.RequestID, org licensing.OrgID, by licensing.UserID, kind string, content, answer any) (known bool, err error) {
	if uuid.Validate(string(id)) != nil {
		return false, licensing.Refuse(licensing.Invalid, "", "the request id must be a UUID").In("id")
	}
	if uuid.Validate(string(org)) != nil || by != "" && uuid.Validate(string(by)) != nil {
		return false, licensing.Refuse(licensing.Forbidden, "R05", "there is no such organization or user")
	}
	var found int
	if err := t.get(&found, `SELECT COUNT(*) FROM organizations WHERE id = ?`, org); err != nil {
		return false, err
	}
	if found == 0 {
		return false, licensing.Refuse(licensing.Forbidden, "R05", "there is no such organization or user")
	}
	digest, err := digestOf(org, by, kind, content)
	if err != nil {
		return false, err
	}
	n, err := t.exec(`
		INSERT INTO requests (id, org_id, by_user, kind, digest, created_at)
		VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`, id, org, opt(by), kind, digest, at(t.now))
	if err != nil || n == 1 {
		return false, err
	}
	var row struct{ Digest, Answer string }
	if err := t.get(&row, `SELECT digest, answer FROM requests WHERE id = ?`, id); err != nil {
		return false, err
	}
	if row.Digest != digest {
		return false, licensing.Refuse(licensing.Conflict, "", "this request id was used for another request: take a new one")
	}
	return true, json.Unmarshal([]byte(row.Answer), answer)
}

func (t *tx) answerRequest(id licensing.RequestID, answer, work any) error {
	a, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	w, err := json.Marshal(work)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE requests SET answer = ?, work = ? WHERE id = ?`, string(a), string(w), id)
	return err
}

// refused writes the audit line of a refusal in a transaction of its own, since the one that refused wrote nothing.
func (s *Store) refused(ctx context.Context, err error, row auditRow) {
	var e *licensing.Error
	if !errors.As(err, &e) || row.OrgID == "" {
		return
	}
	row.Outcome, row.Rule = "refused", opt(e.Rule)
	if row.Detail == "" {
		row.Detail = "{}"
	}
	// The refusal is the answer; an audit line that can't be written must not hide it, and the database says why in its log.
	_ = s.write(ctx, "audit refusal", func(t *tx) error {
		row.At = at(t.now)
		return t.audit(row)
	})
}
