package store

import (
	"context"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"vlroles/rig"
	"vlroles/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// schemas are databases that have the schema.
var schemas = storetest.NewSchemas(func(address string) error {
	s, err := Open(context.Background(), address, Options{})
	if err != nil {
		return err
	}
	_, err = s.Migrate(context.Background())
	return errors.Join(err, s.Close())
})

// onBoth runs a test on SQLite and on PostgreSQL, each on a database with the schema and without rows.
func onBoth(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	for _, name := range storetest.Databases {
		t.Run(name, func(t *testing.T) { test(t, freshStore(t, name)) })
	}
}

// freshStore is a database with the schema and without rows.
func freshStore(t *testing.T, name string) *Store {
	t.Helper()
	return openAt(t, schemas.Address(t, name))
}

// setFlag sets a flag of the test binary until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	was := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(was) })
}

func openAt(t testing.TB, address string) *Store {
	t.Helper()
	s, err := Open(context.Background(), address, Options{Policy: policy()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// atTime is the store at a time.
func (s *Store) atTime(now time.Time) *Store {
	other := *s
	other.now = func() time.Time { return now }
	other.reader = s.reader.At(other.now)
	return &other
}
