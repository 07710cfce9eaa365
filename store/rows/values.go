// Package rows is what the writing side (package store) and the reading side (package store/views) share: the
// rows of the tables, the types of their columns, and the questions that both ask. It holds no way to write:
// a Query reads, and a Reader runs it on one snapshot of the database, in a transaction that can't write.
package rows

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Timestamp is a time as both databases take and give it: UTC, microseconds, zero for NULL.
type Timestamp struct{ time.Time }

const timestampForm = "2006-01-02T15:04:05.000000Z"

// At is a time as a Timestamp.
func At(t time.Time) Timestamp {
	if t.IsZero() {
		return Timestamp{}
	}
	return Timestamp{t.UTC().Truncate(time.Microsecond)}
}

// Value writes text of one width, which PostgreSQL reads as timestamptz and SQLite keeps and sorts.
func (ts Timestamp) Value() (driver.Value, error) {
	if ts.IsZero() {
		return nil, nil
	}
	return ts.UTC().Format(timestampForm), nil
}

// Scan reads what Value wrote.
func (ts *Timestamp) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*ts = Timestamp{}
	case time.Time:
		*ts = Timestamp{v.UTC()}
	case string:
		t, err := time.Parse(timestampForm, v)
		if err != nil {
			return err
		}
		*ts = Timestamp{t}
	default:
		return fmt.Errorf("read time: unexpected %T", v)
	}
	return nil
}

// NullString is a text that is NULL where it is empty.
type NullString string

// Value writes NULL for the empty text.
func (o NullString) Value() (driver.Value, error) {
	if o == "" {
		return nil, nil
	}
	return string(o), nil
}

// Scan reads NULL as the empty text.
func (o *NullString) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*o = ""
	case string:
		*o = NullString(v)
	case []byte:
		*o = NullString(v)
	default:
		return fmt.Errorf("read text: unexpected %T", v)
	}
	return nil
}
