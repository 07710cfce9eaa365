package views

import (
	"context"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// What the tests of the list know of how it is read.
const (
	MaxStrides = maxStrides
	PageStride = pageStride
)

// PersonalTables are the tables of which a person's rows are exported.
func PersonalTables() (names []string) {
	for _, p := range personal {
		names = append(names, p.table)
	}
	return names
}

// ReadBothWays returns the names of the first ten people behind "a", first as they are found where few match,
// then as they are read in the order of the list.
func ReadBothWays(
	ctx context.Context, r *rows.Reader, org licensing.OrgID, caller licensing.UserID, f licensing.UserFilter,
) (ways [2][]string, err error) {
	err = New(r).read(ctx, "read both ways", func(q *snapshot) error {
		var everybody []licensing.UserID
		if err := q.All(&everybody, `SELECT id FROM users`); err != nil {
			return err
		}
		for n := range ways {
			l := listing{snapshot: q, org: org, caller: caller, filter: f, narrowed: n == 0, found: everybody,
				after: &cursor{NameKey: "a", ID: "00000000-0000-4000-8000-000000000000"}}
			if err := l.open(); err != nil {
				return err
			}
			l.narrow()
			people, _, err := l.next(10)
			if err != nil {
				return err
			}
			lines, err := l.lines(people)
			if err != nil {
				return err
			}
			for _, r := range lines {
				ways[n] = append(ways[n], r.Name)
			}
		}
		return nil
	})
	return ways, err
}
