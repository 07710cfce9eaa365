package views_test

import (
	"fmt"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vlroles/store/rows"
	"vlroles/store/views"
)

func TestWhatIsWrittenThroughAReaderIsRefusedByTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for name, query := range map[string]string{
			"an insert": `INSERT INTO organizations (id, name, created_at)
				VALUES ('0b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0009', 'Evil', '2026-03-02T09:00:00.000000Z')
				RETURNING name`,
			"an update": `UPDATE users SET name = 'Evil' RETURNING name`,
			"a delete":  `DELETE FROM mails RETURNING id`,
			"a copy": `INSERT INTO preferences
				SELECT user_id, license_id, true, granted_at FROM grants RETURNING user_id`,
			"a table":              `CREATE TABLE evil (id text)`,
			"a table that is gone": `DROP TABLE requests`,
		} {
			t.Run(name, func(t *testing.T) {
				before := h.Count(`SELECT COUNT(*) FROM users WHERE name <> 'Evil'`)
				err := h.store.Reader().Read(t.Context(), "write", func(q *rows.Query) error {
					var out []string
					return q.All(&out, query)
				})
				told := func(words string) bool { return strings.Contains(fmt.Sprint(err), words) }
				if !told("readonly") && !told("it only reads") {
					t.Errorf("got %v, want the database's refusal", err)
				}
				equal(t, "users", h.Count(`SELECT COUNT(*) FROM users WHERE name <> 'Evil'`), before)
			})
		}
	})
}

// TestWhoeverHoldsViewsCantWrite holds by the compiler: neither the views nor what they are made of hand out
// a connection, and package views imports nothing that could open one.
func TestWhoeverHoldsViewsCantWrite(t *testing.T) {
	for _, held := range []reflect.Type{
		reflect.TypeFor[*views.Views](), reflect.TypeFor[*rows.Reader](), reflect.TypeFor[*rows.Query](),
	} {
		for m := range held.Methods() {
			for _, handed := range types(m.Type) {
				switch p := handed.PkgPath(); p {
				case "database/sql", "github.com/jmoiron/sqlx":
					t.Errorf("%s.%s hands out a %s", held, m.Name, handed)
				}
			}
		}
	}
	imports := list(t, "-f", `{{join .Imports "\n"}}`)
	for _, path := range imports {
		if !slices.Contains([]string{"vlroles/licensing", "vlroles/store/rows"}, path) &&
			!standard(path) {
			t.Errorf("package views imports %s", path)
		}
	}
	for _, path := range list(t, "-deps") {
		if slices.Contains([]string{"vlroles/store", "github.com/lib/pq", "modernc.org/sqlite"}, path) {
			t.Errorf("package views depends on %s", path)
		}
	}
}

// standard says whether a package is of the standard library and speaks to no database.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "vlroles" && first != "database"
}

// list asks go list about package views.
func list(t *testing.T, flags ...string) []string {
	t.Helper()
	args := slices.Concat([]string{"list"}, flags, []string{"vlroles/store/views"})
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// types returns the types that a function takes and gives, and those of the functions among them.
func types(f reflect.Type) (out []reflect.Type) {
	for n := range f.NumIn() {
		out = append(out, f.In(n))
	}
	for n := range f.NumOut() {
		out = append(out, f.Out(n))
	}
	for _, t := range slices.Clone(out) {
		switch t.Kind() {
		case reflect.Func:
			out = append(out, types(t)...)
		case reflect.Pointer, reflect.Slice:
			out = append(out, t.Elem())
		}
	}
	return out
}
