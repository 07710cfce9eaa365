package rig

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func one[T any](t *testing.T, url, query string) (v T) {
	t.Helper()
	if err := open(t, url).QueryRowContext(soon(t), query).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAPostgresServerKeepsItsDataOverAStop(t *testing.T) {
	cases := map[string]struct {
		durable bool
		fsync   string
	}{
		"made for speed":     {false, "off"},
		"made to be durable": {true, "on"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := PostgresFor(t, PostgresOptions{Durable: c.durable})
			if err := p.CreateDatabase(soon(t), `a "b"`); err != nil {
				t.Fatal(err)
			}
			if _, err := open(t, p.URL(`a%20"b"`)).Exec(`CREATE TABLE x AS SELECT 7 AS n`); err != nil {
				t.Fatal(err)
			}
			p.Stop()
			if err := p.Start(soon(t)); err != nil {
				t.Fatal(err)
			}
			if n := one[int](t, p.URL(`a%20"b"`), `SELECT n FROM x`); n != 7 {
				t.Fatal(n)
			}
			if s := one[string](t, p.URL("postgres"), `SHOW fsync`); s != c.fsync {
				t.Fatalf("fsync is %s", s)
			}
		})
	}
}

func TestAPostgresServerKeepsAFolderOfItsOwnOverItsEnd(t *testing.T) {
	dir, err := os.MkdirTemp("", "vlroles-rig-kept-") // the test's own folder isn't another user's to enter
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system cleans it
	p := PostgresFor(t, PostgresOptions{Dir: dir})
	if err := p.CreateDatabase(soon(t), "kept"); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	again := PostgresFor(t, PostgresOptions{Dir: dir})
	if n := one[int](t, again.URL("kept"), `SELECT 1`); n != 1 {
		t.Fatal(n)
	}
}

func TestAPostgresServerLeavesNothingBehind(t *testing.T) {
	p := PostgresFor(t, PostgresOptions{})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.dir); !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

func TestAPostgresServerIsStartedOnce(t *testing.T) {
	p := PostgresFor(t, PostgresOptions{})
	if err := p.Start(soon(t)); err == nil {
		t.Fatal("it was started twice")
	}
}

func TestEachTestHasADatabaseOfItsOwnThatGoesWithIt(t *testing.T) {
	var first, second string
	t.Run("two databases", func(t *testing.T) {
		first, second = PostgresURL(t), PostgresURL(t)
		if first == second {
			t.Fatal(first)
		}
		if n := one[int](t, first, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); n != 0 {
			t.Fatal(n)
		}
	})
	if first == "" {
		t.Skip(ErrNoPostgres)
	}
	for _, url := range []string{first, second} {
		if err := open(t, url).PingContext(soon(t)); err == nil {
			t.Errorf("%s is still there", url)
		}
	}
}

func TestTheNewestServerIsTaken(t *testing.T) {
	path := func(version string) string { return "/usr/lib/postgresql/" + version + "/bin/postgres" }
	cases := map[string]struct {
		found  []string
		newest string
	}{
		"the only one":               {[]string{"15"}, "15"},
		"by number, not by letter":   {[]string{"9.6", "17", "15"}, "17"},
		"an unreleased one is old":   {[]string{"devel", "13"}, "13"},
		"old versions with two dots": {[]string{"9.6", "9.5"}, "9.6"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var paths []string
			for _, v := range c.found {
				paths = append(paths, path(v))
			}
			if got := newest(paths); got != path(c.newest) {
				t.Fatal(got)
			}
		})
	}
}

func TestOnlyFoldersOfKilledProcessesAreSwept(t *testing.T) {
	parent := t.TempDir()
	folder := func(name string) string {
		dir := filepath.Join(parent, postgresFolder+name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	inUse, unclaimed, left := folder("in-use"), folder("unclaimed"), folder("left")
	for _, dir := range []string{inUse, left} {
		if err := claim(dir); err != nil {
			t.Fatal(err)
		}
	}
	defer func() { _ = (&Postgres{dir: inUse}).remove() }()
	held, ok := claims.LoadAndDelete(left)
	if !ok {
		t.Skip("this system knows no claims")
	}
	if err := held.(*os.File).Close(); err != nil { // as the kernel does for a killed process
		t.Fatal(err)
	}
	sweep(parent)
	stay, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil || !slices.Equal(stay, []string{inUse, unclaimed}) {
		t.Fatalf("%v %v", stay, err)
	}
}

func TestAStartThatIsGivenUpLeavesNothingBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := StartPostgresWith(ctx, PostgresOptions{})
	if errors.Is(err, ErrNoPostgres) && !forced() {
		t.Skip(err)
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}
