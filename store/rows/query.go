package rows

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Query asks questions within one transaction. Each argument is a ? in the text, on both databases.
type Query struct {
	ctx context.Context
	tx  *sqlx.Tx
}

// Within returns a Query whose transaction is the caller's to end.
func Within(ctx context.Context, tx *sqlx.Tx) *Query { return &Query{ctx: ctx, tx: tx} }

// Get reads one row; sql.ErrNoRows where there is none.
func (q *Query) Get(dest any, query string, args ...any) error {
	return q.tx.GetContext(q.ctx, dest, q.tx.Rebind(query), args...)
}

// All reads all rows.
func (q *Query) All(dest any, query string, args ...any) error {
	return q.tx.SelectContext(q.ctx, dest, q.tx.Rebind(query), args...)
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
}

// NewReader makes a Reader. A transaction of db with the options must read one snapshot and be unable to
// write.
func NewReader(db *sqlx.DB, o *sql.TxOptions) *Reader { return &Reader{db: db, options: o} }

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
	return f(Within(ctx, t))
}
