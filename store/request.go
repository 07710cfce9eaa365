package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// request is one command of one caller, as it reaches the store.
type request struct {
	id      licensing.RequestID
	org     licensing.OrgID
	by      licensing.UserID    // who asks; "" for another principal
	who     licensing.Principal // a partner, a directory or support; of a registration a person (L04)
	action  licensing.AuditAction
	license licensing.LicenseID // the one License ID that it is about, "" for several
	content any                 // what is asked: the same id with other content is a Conflict
	form    error               // why it is refused before anything is read, nil for a request in good form
	derived bool                // the engine's own, made for another request: see derive
	first   func(*tx) error     // makes what the request's row itself needs: the organization of an intake
}

// step is what a request does once: its answer, and the runs that have to be told.
type step[A any] func(*tx) (A, []licensing.OutboxEntry, error)

// carryOut is the envelope of every request: it claims the request's id for its caller and content, does the
// step, keeps the answer together with what has to be dispatched, and audits a refusal of the whole. The same
// request gets the answer that was kept.
func carryOut[A any](ctx context.Context, s *Store, q request, do step[A]) (A, error) {
	var out, none A
	if q.form != nil {
		s.auditRefusal(ctx, q, q.form)
		return none, q.form
	}
	err := s.write(ctx, string(q.action), func(t *tx) (err error) {
		out, err = once(t, q, do)
		return err
	})
	if err != nil {
		s.auditRefusal(ctx, q, err)
		return none, err
	}
	return out, nil
}

// once is carryOut inside a transaction that is open already.
func once[A any](t *tx, q request, do step[A]) (A, error) {
	var out A
	if q.first != nil {
		if err := q.first(t); err != nil {
			return out, err
		}
	}
	known, err := t.claim(q, &out)
	if err != nil || known {
		return out, err
	}
	out, work, err := do(t)
	if err != nil {
		return out, err
	}
	return out, t.keep(q.id, out, work)
}

// derivedVersion marks the ids of the engine's own requests. No caller may use one, or he could take it
// before the engine does.
const derivedVersion = 8

// derive returns the id of the n-th request that the engine makes for another one, always the same.
func derive(id licensing.RequestID, n int) licensing.RequestID {
	return licensing.RequestID(
		uuid.NewHash(sha256.New(), uuid.MustParse(string(id)), []byte(itoa(n)), derivedVersion).String())
}

// claim makes the request's row. known says that the request was answered
// before: answer holds that answer then.
func (t *tx) claim(q request, answer any) (known bool, err error) {
	if err := t.mayAsk(q); err != nil {
		return false, err
	}
	digest, err := rows.Digest(q.action, q.org, q.by, q.content)
	if err != nil {
		return false, err
	}
	n, err := t.exec(`
		INSERT INTO requests (id, org_id, by_user, action, digest, answer_version, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING`,
		q.id, q.org, nullString(q.by), q.action, digest, rows.AnswerVersion, ts(t.now))
	if err != nil || n == 1 {
		return false, err
	}
	var row rows.Request
	err = t.get(&row, `SELECT digest, answer, answer_version FROM requests WHERE id = ?`, q.id)
	if err != nil {
		return false, err
	}
	if row.Digest != digest {
		return false, licensing.Refuse(licensing.Conflict, "L06",
			"this request ID was used for another request: use a new one")
	}
	return true, row.Read(answer)
}

// mayAsk refuses ids that are none, and organizations that there are not.
func (t *tx) mayAsk(q request) error {
	if !ids(string(q.id)) {
		return licensing.Refuse(licensing.Invalid, "L06", "the request ID must be a UUID in lower case").In("id")
	}
	if !q.derived && uuid.MustParse(string(q.id)).Version() == derivedVersion {
		return licensing.Refuse(licensing.Invalid, "L06",
			"the request ID must not be a UUID of version 8: those are the engine's own").In("id")
	}
	found := 0
	if ids(string(q.org)) && (q.by == "" || ids(string(q.by))) {
		if err := t.get(&found, `SELECT COUNT(*) FROM organizations WHERE id = ?`, q.org); err != nil {
			return err
		}
	}
	if found == 0 {
		return licensing.Hidden()
	}
	return nil
}

// keep writes the answer and what has to be dispatched.
func (t *tx) keep(id licensing.RequestID, answer any, work []licensing.OutboxEntry) error {
	a, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	w, err := json.Marshal(work)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE requests SET answer = ?, work = ?, dispatched = ? WHERE id = ?`, string(a),
		string(w), len(work) == 0, id)
	return err
}

// auditRefusal writes the audit line of a refusal in a transaction of its own, since the one that refused
// wrote nothing. The audit keeps ids and nothing else of a person: a request with a caller or an id that is
// none leaves no line (L10). A person's line has no License ID, which may not be his to write about (L03).
func (s *Store) auditRefusal(ctx context.Context, q request, err error) {
	var e *licensing.Error
	if !errors.As(err, &e) || !ids(string(q.org), string(q.id)) || q.by != "" && !ids(string(q.by)) {
		return
	}
	line := auditLine{org: q.org, by: q.by, who: q.who, request: q.id, action: q.action,
		rule: e.Rule, refused: true}
	switch {
	case q.form != nil: // what was typed is no License ID and no name yet
		line.who.Name = ""
	case q.by == "":
		line.license = q.license
	}
	// The refusal is the answer; a line that can't be written must not hide it,
	// and the database says why in its log.
	_ = s.write(ctx, "audit refusal", func(t *tx) error { return t.audit(line) })
}
