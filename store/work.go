package store

import (
	"context"
	"encoding/json"
	"fmt"

	"vlroles/licensing"
)

// Work returns what has to be started or ended for a request, in the order of its people.
func (s *Store) Work(ctx context.Context, id licensing.RequestID) ([]licensing.Work, error) {
	var text string
	if err := s.reads.GetContext(ctx, &text, s.reads.Rebind(`SELECT work FROM requests WHERE id = ?`), id); err != nil {
		return nil, fmt.Errorf("read work of request: %w", missing(err, "request"))
	}
	var work []licensing.Work
	if err := json.Unmarshal([]byte(text), &work); err != nil {
		return nil, fmt.Errorf("read work of request: %w", err)
	}
	return work, nil
}

// FinishWork forgets the work of a request whose workflows have all been started, so that a late repetition of the
// request starts nothing again.
func (s *Store) FinishWork(ctx context.Context, id licensing.RequestID) error {
	return s.write(ctx, "finish work of request", func(t *tx) error {
		_, err := t.exec(`UPDATE requests SET work = '[]', dispatched = true WHERE id = ?`, id)
		return err
	})
}
