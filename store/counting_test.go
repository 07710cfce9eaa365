package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync/atomic"
	"testing"

	"github.com/jmoiron/sqlx"
)

// counting puts a driver between the store's writing side and its database that counts the statements.
func counting(t *testing.T, s *Store) *atomic.Int64 {
	t.Helper()
	count := &atomic.Int64{}
	real := s.writes
	db := sql.OpenDB(countingConnector{real.DB, count})
	if s.lite {
		db.SetMaxOpenConns(1)
	}
	s.writes = sqlx.NewDb(db, real.DriverName())
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		s.writes = real
	})
	return count
}

// countingConnector borrows connections of another pool.
type countingConnector struct {
	from  *sql.DB
	count *atomic.Int64
}

func (c countingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.from.Conn(ctx)
	if err != nil {
		return nil, err
	}
	out := &countingConn{lent: conn, count: c.count}
	err = conn.Raw(func(raw any) error { out.Conn = raw.(driver.Conn); return nil })
	return out, err
}

func (c countingConnector) Driver() driver.Driver { return c.from.Driver() }

type countingConn struct {
	driver.Conn
	lent  *sql.Conn
	count *atomic.Int64
}

func (c *countingConn) Close() error { return c.lent.Close() }

func (c *countingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *countingConn) QueryContext(ctx context.Context, q string, a []driver.NamedValue) (driver.Rows, error) {
	c.count.Add(1)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, q, a)
}

func (c *countingConn) ExecContext(ctx context.Context, q string, a []driver.NamedValue) (driver.Result, error) {
	c.count.Add(1)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, q, a)
}
