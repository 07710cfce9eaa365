package store

import (
	"context"
	"encoding/json"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// Outbox returns what has to be started or ended for a request, in the order of its people.
func (s *Store) Outbox(
	ctx context.Context, id licensing.RequestID,
) (entries []licensing.OutboxEntry, err error) {
	err = s.reader.Read(ctx, "read outbox of request", func(q *rows.Query) error {
		var text string
		if err := q.Get(&text, `SELECT work FROM requests WHERE id = ?`, id); err != nil {
			return missing(err, "request")
		}
		return json.Unmarshal([]byte(text), &entries)
	})
	return entries, err
}

// ClearOutbox notes that all runs of a request have been told, so that a
// late repetition tells them nothing again.
func (s *Store) ClearOutbox(ctx context.Context, id licensing.RequestID) error {
	return s.write(ctx, "clear outbox of request", func(t *tx) error {
		_, err := t.exec(`UPDATE requests SET work = '[]', dispatched = true WHERE id = ?`, id)
		return err
	})
}
