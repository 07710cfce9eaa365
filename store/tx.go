package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// tx is a transaction.
type tx struct {
	*rows.Query
	tx   *sqlx.Tx
	ctx  context.Context
	lite bool
	snap bool // only reads: a snapshot, which locks nothing

	policy licensing.Policy
	now    time.Time
}

// write runs f in a transaction, and again (at most five times) where another transaction came first. A
// database that doesn't work now is a refusal of kind Unavailable.
func (s *Store) write(ctx context.Context, verb string, f func(*tx) error) error {
	var err error
	for range 5 {
		if err = s.try(ctx, f); err == nil || !retryable(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", verb, rows.Outage(ctx, err, rows.AgainSame))
	}
	return nil
}

// read runs f on one snapshot of the database. It locks nothing, and there is nothing in it to write with.
func (s *Store) read(ctx context.Context, verb string, f func(*tx) error) error {
	return s.reader.Read(ctx, verb, func(q *rows.Query) error {
		return f(&tx{Query: q, ctx: ctx, lite: s.lite, snap: true, policy: s.policy, now: s.now()})
	})
}

func (s *Store) try(ctx context.Context, f func(*tx) error) error {
	t, err := s.writes.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	done := false
	defer func() {
		if !done { // f panics: the connection must not stay in a transaction
			_ = t.Rollback()
		}
	}()
	err = f(s.begun(ctx, t))
	done = true
	if err != nil {
		return errors.Join(err, ignoreDone(t.Rollback()))
	}
	return t.Commit()
}

// begun is what a transaction knows: all its rows carry the time at which it began.
func (s *Store) begun(ctx context.Context, t *sqlx.Tx) *tx {
	m := rows.Moment{Now: s.now(), Policy: s.policy}
	return &tx{Query: rows.Within(ctx, t, m), tx: t, ctx: ctx, lite: s.lite, policy: m.Policy, now: m.Now}
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, driver.ErrBadConn) {
		return nil
	}
	return err
}

// retryable tells errors that a second run of the whole transaction can mend: the row that wasn't there when
// it looked is there now, or the database chose it as the victim of a deadlock.
func retryable(err error) bool {
	var p *pq.Error
	if errors.As(err, &p) {
		switch p.Code {
		case "23505", "40001", "40P01":
			return true
		}
		return false
	}
	var l *sqlite.Error
	if errors.As(err, &l) {
		switch l.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
			sqlite3.SQLITE_BUSY_SNAPSHOT:
			return true
		}
	}
	return false
}

// lock ends a SELECT that locks the rows it reads. SQLite needs none: its
// transactions that write run one at a time.
func (t *tx) lock(query, of string) string {
	if t.lite || t.snap {
		return query
	}
	return query + " FOR NO KEY UPDATE OF " + of
}

func (t *tx) get(dest any, query string, args ...any) error {
	return t.Get(dest, query, args...)
}

func (t *tx) all(dest any, query string, args ...any) error {
	return t.All(dest, query, args...)
}

// in is all for a query with IN (?): slices among the args are spread. An empty slice yields nothing.
func (t *tx) in(dest any, query string, args ...any) error {
	return t.In(dest, query, args...)
}

func (t *tx) exec(query string, args ...any) (int, error) {
	res, err := t.tx.ExecContext(t.ctx, t.tx.Rebind(query), args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// execIn is exec for a query with IN (?): of a slice among the args, as many values go into one statement as it
// takes.
func execIn[T any](t *tx, query string, values []T, before ...any) error {
	for part := range slices.Chunk(values, batch) {
		text, args, err := sqlx.In(query, append(slices.Clone(before), part)...)
		if err != nil {
			return err
		}
		if _, err := t.exec(text, args...); err != nil {
			return err
		}
	}
	return nil
}

// inParts is in for any number of values, which come last among the args.
func inParts[R, T any](t *tx, query string, values []T, before ...any) ([]R, error) {
	var out []R
	for part := range slices.Chunk(values, batch) {
		var some []R
		if err := t.in(&some, query, append(slices.Clone(before), part)...); err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// insert writes rows by a query with :names, some hundred at a time.
func insert[T any](t *tx, query string, rows []T) error {
	const most = 400
	for len(rows) > 0 {
		n := min(most, len(rows))
		if _, err := t.tx.NamedExecContext(t.ctx, query, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func without(in []licensing.UserID, id licensing.UserID) []licensing.UserID {
	return slices.DeleteFunc(slices.Clone(in), func(u licensing.UserID) bool { return u == id })
}

func itoa(n int) string { return strconv.Itoa(n) }
