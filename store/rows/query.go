package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"vlroles/licensing"
)

// Moment is when questions are asked, and by which periods they are answered.
type Moment struct {
	Now    time.Time
	Policy licensing.Policy
}

// Query asks questions within one transaction, all at one moment. Each argument is a ? in the text, on both
// databases.
type Query struct {
	Moment
	ctx context.Context
	tx  *sqlx.Tx
}

// Within returns a Query whose transaction is the caller's to end. Its time is that of the moment, cut to
// what the rows keep, so that SQL and rules compare alike.
func Within(ctx context.Context, tx *sqlx.Tx, m Moment) *Query {
	m.Now = At(m.Now).Time
	return &Query{Moment: m, ctx: ctx, tx: tx}
}

// Get reads one row; sql.ErrNoRows where there is none.
func (q *Query) Get(dest any, query string, args ...any) error {
	return q.tx.GetContext(q.ctx, dest, q.tx.Rebind(query), args...)
}

// All reads all rows.
func (q *Query) All(dest any, query string, args ...any) error {
	return q.tx.SelectContext(q.ctx, dest, q.tx.Rebind(query), args...)
}

// Maps reads whole rows, each by the names of its columns. What is NULL is left out.
func (q *Query) Maps(query string, args ...any) (out []map[string]any, err error) {
	found, err := q.tx.QueryxContext(q.ctx, q.tx.Rebind(query), args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	for found.Next() {
		row := map[string]any{}
		if err := found.MapScan(row); err != nil {
			return nil, err
		}
		out = append(out, plain(row))
	}
	return out, found.Err()
}

// plain makes of a row's values what JSON can say.
func plain(row map[string]any) map[string]any {
	for name, value := range row {
		switch v := value.(type) {
		case nil:
			delete(row, name)
		case []byte:
			row[name] = string(v)
		case time.Time:
			row[name] = v.UTC().Format(timestampForm)
		}
	}
	return row
}

// In is All for a query with IN (?): slices among the args are spread. An empty slice is an error.
func (q *Query) In(dest any, query string, args ...any) error {
	query, args, err := sqlx.In(query, args...)
	if err != nil {
		return err
	}
	return q.All(dest, query, args...)
}

// Reader reads a database that it can't change. It is safe for use by many goroutines.
type Reader struct {
	db      *sqlx.DB
	options *sql.TxOptions
	now     func() time.Time
	policy  licensing.Policy
}

// NewReader makes a Reader whose clock is this machine's. A transaction of db with the options must read one
// snapshot and be unable to write.
func NewReader(db *sqlx.DB, o *sql.TxOptions, p licensing.Policy) *Reader {
	return &Reader{db: db, options: o, now: time.Now, policy: p}
}

// At is the reader with another clock.
func (r *Reader) At(now func() time.Time) *Reader {
	other := *r
	other.now = now
	return &other
}

// Read runs f on one snapshot of the database. Its errors begin with the verb, a refusal's too. A database
// that doesn't work now is a refusal of kind Unavailable.
func (r *Reader) Read(ctx context.Context, verb string, f func(*Query) error) error {
	if err := r.read(ctx, f); err != nil {
		return fmt.Errorf("%s: %w", verb, Outage(ctx, err, Again))
	}
	return nil
}

func (r *Reader) read(ctx context.Context, f func(*Query) error) error {
	t, err := r.db.BeginTxx(ctx, r.options)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // nothing was written
	return f(Within(ctx, t, Moment{r.now(), r.policy}))
}
