package store

import (
	"testing"
	"time"

	"vlroles/store/storetest"
)

// house is a storetest.House with the store that it stands in.
type house struct {
	*storetest.House
	*Store
}

func newHouse(t testing.TB, s *Store) *house {
	t.Helper()
	return &house{storetest.New(t, s.Reader(), s.writer), s}
}

// emptyHouse is an organization that nothing is known of.
func emptyHouse(t testing.TB, s *Store) *house {
	t.Helper()
	return &house{storetest.Empty(t, s.Reader(), s.writer), s}
}

func (s *Store) writer(now time.Time) storetest.Writer { return s.atTime(now) }

// The words of package storetest, as these tests say them.
const (
	day   = storetest.Day
	lease = storetest.Lease
	m1    = storetest.M1
	a1    = storetest.A1
	a2    = storetest.A2
	b1    = storetest.B1
)

var (
	start       = storetest.Start
	leo         = storetest.Leo
	policy      = storetest.Policy
	newRequest  = storetest.Request
	ext         = storetest.External
	edit        = storetest.Edit
	add         = storetest.Add
	take        = storetest.Take
	contact     = storetest.Contact
	agreement   = storetest.Agreement
	left        = storetest.Left
	wantRefusal = storetest.WantRefusal
	same        = storetest.Same
)

func must[T any](t testing.TB) func(T, error) T { return storetest.Must[T](t) }

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	storetest.Equal(t, what, got, want)
}
