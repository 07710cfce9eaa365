// Package views is what people and programs read of the rows: the portal, the command line and the client of
// the workflows hold a Views. Who asks is a parameter of every read that has a caller, and what the caller
// may not see doesn't leave this package (R35, R40–R43).
//
// Whoever holds a Views can't write: it reads through a rows.Reader, and package store is no import of this
// one. Refusals are *licensing.Error; anything else is a fault of the database and worth trying again.
package views

import (
	"context"

	"vlroles/store/rows"
)

// Views reads one database. It is safe for use by many goroutines.
type Views struct {
	reader *rows.Reader
}

// New returns the views of what the reader reads.
func New(r *rows.Reader) *Views { return &Views{reader: r} }

// snapshot is the database at one instant.
type snapshot struct{ *rows.Query }

func (v *Views) read(ctx context.Context, verb string, f func(*snapshot) error) error {
	return v.reader.Read(ctx, verb, func(q *rows.Query) error { return f(&snapshot{q}) })
}
