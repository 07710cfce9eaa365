package views_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/store"
	"vlroles/store/storetest"
	"vlroles/store/views"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// schemas are databases that have the schema.
var schemas = storetest.NewSchemas(func(address string) error {
	s, err := store.Open(context.Background(), address, store.Options{})
	if err != nil {
		return err
	}
	_, err = s.Migrate(context.Background())
	return errors.Join(err, s.Close())
})

// house is a storetest.House with the store that it stands in.
type house struct {
	*storetest.House
	store   *store.Store
	clock   atomic.Pointer[time.Time] // the store's time
	address string
}

// onBoth runs a test on SQLite and on PostgreSQL, each in a house of its own.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	for _, database := range storetest.Databases {
		t.Run(database, func(t *testing.T) { test(t, newHouse(t, database)) })
	}
}

// newHouse is a house in a new database.
func newHouse(t testing.TB, database string) *house {
	t.Helper()
	h := &house{address: schemas.Address(t, database)}
	var err error
	h.store, err = store.Open(context.Background(), h.address, store.Options{
		Policy: policy(), Now: func() time.Time { return *h.clock.Load() },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.House = storetest.New(t, h.store.Reader(), h.writer)
	return h
}

// at is the store, whose time is now from here on.
func (h *house) at(now time.Time) *store.Store {
	h.clock.Store(&now)
	return h.store
}

func (h *house) writer(now time.Time) storetest.Writer { return h.at(now) }

// other is another organization in the same database.
func (h *house) other() *storetest.House { return storetest.Empty(h.TB, h.store.Reader(), h.writer) }

// history is a page of a user's history as somebody sees it.
func (h *house) history(who string, user licensing.UserID, page views.Page) []licensing.HistoryLine {
	h.Helper()
	return must[[]licensing.HistoryLine](h.TB)(h.History(h.Context(), h.Org, h.ID(who), user, page))
}

// everybody is the first page of the list that a user sees.
func (h *house) everybody(user licensing.UserID) []licensing.UserRow {
	h.Helper()
	return must[licensing.UserPage](h.TB)(h.Users(h.Context(), h.Org, user, licensing.UserFilter{})).Users
}

// raw is the database without the store, to write rows past the rules.
func (h *house) raw() *sqlx.DB {
	h.Helper()
	driver, address := "postgres", h.address
	if path, ok := strings.CutPrefix(h.address, "sqlite:"); ok {
		driver, address = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sqlx.Open(driver, address)
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = db.Close() })
	return db
}

// seed writes rows past the rules, in one transaction.
func (h *house) seed(queries []string, args ...any) {
	h.Helper()
	tx, err := h.raw().Beginx()
	if err != nil {
		h.Fatal(err)
	}
	for _, q := range queries {
		if _, err := tx.Exec(q, args...); err != nil {
			h.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		h.Fatal(err)
	}
}

// The words of package storetest, as these tests say them.
const (
	day = storetest.Day
	m1  = storetest.M1
	a1  = storetest.A1
	a2  = storetest.A2
	b1  = storetest.B1
)

var (
	start       = storetest.Start
	leo         = storetest.Leo
	policy      = storetest.Policy
	request     = storetest.Request
	ext         = storetest.External
	internal    = storetest.Internal
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
