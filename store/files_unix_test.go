//go:build unix

package store_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"vlroles/licensing"
	"vlroles/store"
)

func TestTheFilesOfADatabaseAreItsOwnersAloneWhateverTheUmask(t *testing.T) {
	for _, c := range []struct {
		name  string
		umask int
	}{
		{"an umask that takes nothing away", 0},
		{"the usual umask", 0o022},
		{"an umask that takes all away", 0o777},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			old := syscall.Umask(c.umask)
			defer syscall.Umask(old)
			s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "vl.db"),
				store.Options{Policy: licensing.DefaultPolicy()})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close() //nolint:errcheck // the test ends
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"vl.db", "vl.db-wal", "vl.db-shm", "vl.db-migrate"} {
				info, err := os.Stat(filepath.Join(dir, name))
				if err != nil {
					t.Error(err)
					continue
				}
				if mode := info.Mode().Perm(); mode != 0o600 {
					t.Errorf("%s has mode %o, expected 600", name, mode)
				}
			}
		})
	}
}
