package rig

import (
	"database/sql"
	"errors"
	"testing"
)

func execute(t testing.TB, address, statement string) error {
	t.Helper()
	db, err := sql.Open("postgres", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the statement has answered
	_, err = db.ExecContext(t.Context(), statement)
	return err
}

func TestADatabaseOfThePoolIsEmptiedAndUsedAgain(t *testing.T) {
	prepared := 0
	p := PostgresPool{
		Prepare: func(address string) error {
			prepared++
			return execute(t, address, `CREATE TABLE one (id int)`)
		},
		Empty: func(address string) error { return execute(t, address, `TRUNCATE one`) },
	}
	var first string
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			address := p.URL(t)
			if first == "" {
				first = address
			}
			if address != first || prepared != 1 {
				t.Errorf("%s after %s, %d prepared", address, first, prepared)
			}
			if err := execute(t, address, `CREATE UNIQUE INDEX IF NOT EXISTS two ON one (id)`); err != nil {
				t.Fatal(err)
			}
			if err := execute(t, address, `INSERT INTO one VALUES (1)`); err != nil {
				t.Fatal(err) // a duplicate where it is not empty
			}
		})
	}
}

func TestTwoTestsAtOnceHaveADatabaseEach(t *testing.T) {
	p := PostgresPool{Prepare: func(string) error { return nil }, Empty: func(string) error { return nil }}
	one, other := p.URL(t), p.URL(t)
	if one == other {
		t.Errorf("%s for two", one)
	}
}

func TestADatabaseThatCanNotBeEmptiedIsDropped(t *testing.T) {
	p := PostgresPool{
		Prepare: func(string) error { return nil },
		Empty:   func(string) error { return errors.New("no") },
	}
	var first string
	t.Run("first", func(t *testing.T) { first = p.URL(t) })
	if err := execute(t, first, `SELECT 1`); err == nil {
		t.Error("the database is still there")
	}
	if second := p.URL(t); second == first {
		t.Errorf("%s is used again", second)
	}
}
