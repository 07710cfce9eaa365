package store

import (
	"context"
	"testing"
	"time"

	"github.com/lib/pq"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// ticking is the store on a clock that goes on each time that somebody looks.
func (s *Store) ticking(from time.Time) *Store {
	other := *s
	other.now = func() time.Time {
		from = from.Add(time.Second)
		return from
	}
	return &other
}

func TestAllRowsOfOneTransactionCarryTheTimeAtWhichItBegan(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"),
			People: []licensing.PersonChange{
				ext("kim", add(a1, licensing.BenefitsReader)),
				ext("pat", add(a1, licensing.ProductKeysReader))}}
		if _, err := s.ticking(h.Now).Save(t.Context(), sv); err != nil {
			t.Fatal(err)
		}
		var times []timestamp
		err := s.reader.Read(t.Context(), "read times", func(q *rows.Query) error {
			return q.All(&times, `
				SELECT created_at FROM requests WHERE id = ?
				UNION SELECT created_at FROM users WHERE kind = 'external'
				UNION SELECT created_at FROM invitations
				UNION SELECT queued_at FROM mails
				UNION SELECT changed_at FROM assignments WHERE state = 'pending'
				UNION SELECT granted_at FROM grants WHERE NOT effective
				UNION SELECT at FROM audit WHERE request_id = ?`, sv.ID, sv.ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "times", times, []timestamp{ts(h.Now.Add(time.Second))})
	})
}

func TestEachAttemptAtATransactionHasItsOwnTime(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		var times []time.Time
		err := s.ticking(start).write(context.Background(), "try", func(t *tx) error {
			times = append(times, t.now)
			if len(times) < 3 {
				return &pq.Error{Code: "40001"}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "times", times,
			[]time.Time{start.Add(time.Second), start.Add(2 * time.Second), start.Add(3 * time.Second)})
	})
}
