// Package store writes the rows: all SQL that changes something, the same for PostgreSQL and SQLite. What
// people read stands in package views, what both share in package rows.
//
// An exported method is one request: carryOut claims it, and whatever gives or takes a role goes one way:
// load (and lock) what the judgement depends on, have package licensing judge it, plan what follows, write
// the plan. Nothing calls back. Rules are decided in licensing. What the store refuses by itself is what rows
// alone can know: a request id that was used, an organization, License ID, invitation, user or hand-over that
// there is not (or that the caller may not see), what belongs to another organization, a person named twice,
// an address that somebody else has, parents that would close a loop.
//
// Refusals are *licensing.Error, of kind Unavailable where the database doesn't work now; anything else is a
// fault. Times are UTC with microseconds. Locks are taken in one order: agreements by
// License ID, then users by id, then the rest.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"vlroles/licensing"
	"vlroles/store/rows"
)

//go:embed migrations
var migrations embed.FS

// Store is one database. It is safe for use by many goroutines.
type Store struct {
	writes *sqlx.DB // SQLite: one connection, so that writers queue instead of failing
	reads  *sqlx.DB // PostgreSQL: the same pool
	reader *rows.Reader
	lite   bool
	policy licensing.Policy
	now    func() time.Time
	path   string // SQLite: the file
}

// Options tune the pool and say by which periods and by which clock the store decides.
type Options struct {
	MaxConns int              // open connections of PostgreSQL, and readers of SQLite; 0: 20
	Policy   licensing.Policy // usually Config.Policy()
	Now      func() time.Time // nil: the time of this machine in UTC
}

// Open connects to "postgres://…" or to a SQLite file, "sqlite:path", which is made where it is missing. It
// checks that the database answers, and doesn't migrate.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	if o.MaxConns <= 0 {
		o.MaxConns = 20
	}
	if o.Now == nil {
		o.Now = func() time.Time { return time.Now().UTC() }
	}
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		return openSQLite(ctx, path, o)
	}
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return nil,
			errors.New("open database: the address must start with postgres:// or with sqlite: and a path")
	}
	login, err := newConnector(address)
	if err != nil {
		// the driver's error may repeat the password
		return nil, errors.New("open database: the postgres:// address can't be read")
	}
	db := sqlx.NewDb(sql.OpenDB(login), "postgres")
	db.SetMaxOpenConns(o.MaxConns)
	db.SetMaxIdleConns(o.MaxConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	readOnly := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	s := &Store{writes: db, reads: db, policy: o.Policy, now: o.Now,
		reader: rows.NewReader(db, readOnly, o.Policy).At(o.Now)}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func openSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)"
	const writing = "&_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=foreign_keys(on)" +
		"&_txlock=immediate"
	writes, err := sqlx.Open("sqlite", dsn+writing)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	writes.SetMaxOpenConns(1)
	reads, err := sqlx.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", errors.Join(err, writes.Close()))
	}
	reads.SetMaxOpenConns(o.MaxConns)
	reads.SetMaxIdleConns(o.MaxConns)
	s := &Store{writes: writes, reads: reads, lite: true, path: path, policy: o.Policy, now: o.Now,
		reader: rows.NewReader(reads, nil, o.Policy).At(o.Now)}
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// createPrivate makes a database's file, unless there is one, so that nobody but its owner reads it, whatever
// the umask. The files that SQLite adds, -wal, -shm and -journal, get the mode of the database's file.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// Ping says whether the database answers before ctx ends. The error is as those of every other method.
func (s *Store) Ping(ctx context.Context) error {
	answer := make(chan error, 1) // the driver waits for a server that fell silent, whatever ctx says
	go func() { answer <- s.writes.PingContext(ctx) }()
	var err error
	select {
	case err = <-answer:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("reach database: %w", rows.Outage(ctx, err, rows.Again))
	}
	return nil
}

// Reader reads the database and can't change it. It ends with the store.
func (s *Store) Reader() *rows.Reader { return s.reader }

// Close ends all connections.
func (s *Store) Close() error {
	err := s.writes.Close()
	if s.lite {
		err = errors.Join(err, s.reads.Close())
	}
	return err
}

// Migrate brings the schema to this version, under a lock: any number of processes may call it at once, one
// does the work and the others wait. It returns how many migrations it applied.
func (s *Store) Migrate(ctx context.Context) (int, error) {
	dialect, folder := goose.DialectPostgres, "migrations/postgres"
	var options []goose.ProviderOption
	if s.lite {
		dialect, folder = goose.DialectSQLite3, "migrations/sqlite"
		release, err := s.lockFile(ctx)
		if err != nil {
			return 0, fmt.Errorf("migrate: %w", err)
		}
		defer release()
	} else {
		// ask every second, for five minutes
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return 0, fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	p, err := goose.NewProvider(dialect, s.writes.DB, files, options...)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", err)
	}
	done, err := p.Up(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrate: %w", rows.Outage(ctx, err, rows.Again))
	}
	return len(done), nil
}

// lockFile holds a write lock on a database of its own beside the file, which
// SQLite gives to one process at a time.
func (s *Store) lockFile(ctx context.Context) (release func(), err error) {
	path := s.path + "-migrate"
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(60000)&_txlock=exclusive"
	db, err := sqlx.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() { _, _ = tx.Rollback(), db.Close() }, nil
}
