package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"vlroles/licensing"
)

// answer prints v as JSON, or as text says it.
func (a *app) answer(v any, text func(io.Writer)) error {
	if a.format == "json" {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
	text(a.out)
	return nil
}

// table prints rows under a head, in columns.
func table(w io.Writer, head []string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for _, r := range rows {
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	_ = t.Flush() // a terminal that is gone needs no table
}

func RoleNames(roles []licensing.Role) string {
	names := make([]string, len(roles))
	for n, r := range roles {
		names[n] = r.Info().Name
	}
	return strings.Join(names, ", ")
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return licensing.Clock(t)
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func Yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func actionNames(in []licensing.Action) string {
	names := make([]string, len(in))
	for n, s := range in {
		names[n] = strings.ReplaceAll(string(s), "_", " ")
	}
	return strings.Join(names, ", ")
}
