package storetest

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"vlroles/rig"
)

// Databases are those on which each test runs.
var Databases = []string{"SQLite", "PostgreSQL"}

// Address is that of a new and empty database.
func Address(t testing.TB, database string) string {
	t.Helper()
	if database == "PostgreSQL" {
		return rig.PostgresURL(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "rows.db")
}

// Schemas hands out databases that have the schema and no rows.
type Schemas struct {
	migrate func(address string) error
	pool    rig.PostgresPool
}

// NewSchemas makes schemas by migrate.
func NewSchemas(migrate func(address string) error) *Schemas {
	return &Schemas{migrate: migrate, pool: rig.PostgresPool{Prepare: migrate, Empty: empty}}
}

// Address is that of a database which the test has for itself.
func (s *Schemas) Address(t testing.TB, database string) string {
	t.Helper()
	if database == "PostgreSQL" {
		return s.pool.URL(t)
	}
	address := Address(t, database)
	if err := s.migrate(address); err != nil {
		t.Fatal(err)
	}
	return address
}

// empty takes all rows out of a PostgreSQL database, those of the audit too, and leaves the schema. It needs
// a superuser, who alone can go past the triggers that keep the audit.
func empty(address string) error {
	db, err := sql.Open("postgres", address)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // what was written is committed
	db.SetMaxOpenConns(1)
	ctx := context.Background()
	var tables string
	err = db.QueryRowContext(ctx, `
		SELECT string_agg(quote_ident(tablename), ', ')
		FROM pg_tables
		WHERE schemaname = 'public' AND tablename <> 'goose_db_version'`).Scan(&tables)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, strings.Join([]string{
		`SET session_replication_role = replica`, `TRUNCATE ` + tables + ` RESTART IDENTITY`,
	}, "; "))
	return err
}
