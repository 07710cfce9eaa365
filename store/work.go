package store

import (
	"context"
	"encoding/json"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// Work returns what has to be started or ended for a request, in the order of its people.
func (s *Store) Work(ctx context.Context, id licensing.RequestID) (work []licensing.Work, err error) {
	err = s.reader.Read(ctx, "read work of request", func(q *rows.Query) error {
		var text string
		if err := q.Get(&text, `SELECT work FROM requests WHERE id = ?`, id); err != nil {
			return missing(err, "request")
		}
		return json.Unmarshal([]byte(text), &work)
	})
	return work, err
}

// FinishWork forgets the work of a request whose workflows have all been started, so that a late repetition of the
// request starts nothing again.
func (s *Store) FinishWork(ctx context.Context, id licensing.RequestID) error {
	return s.write(ctx, "finish work of request", func(t *tx) error {
		_, err := t.exec(`UPDATE requests SET work = '[]', dispatched = true WHERE id = ?`, id)
		return err
	})
}
