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

// print writes v as JSON, or what text writes.
func (a *app) print(v any, text func(io.Writer)) error {
	if a.format == "json" {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
	text(a.out)
	return nil
}

// list is rows under a head.
type list struct {
	head   []string
	rows   [][]string
	none   string // what is said where there are no rows
	indent string // stands before each line
}

// table writes a list in columns.
func table(w io.Writer, l list) {
	if len(l.rows) == 0 {
		fmt.Fprintln(w, l.indent+l.none)
		return
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, l.indent+strings.Join(l.head, "\t"))
	for _, r := range l.rows {
		fmt.Fprintln(t, l.indent+strings.Join(r, "\t"))
	}
	_ = t.Flush() // a terminal that is gone needs no table
}

// RoleNames names roles in a list with commas.
func RoleNames(roles []licensing.Role) string {
	names := make([]string, len(roles))
	for n, r := range roles {
		names[n] = r.Info().Name
	}
	return strings.Join(names, ", ")
}

// actionLabels are the actions in the words of the admin center.
var actionLabels = map[licensing.Action]string{
	licensing.ViewAccess:  "View access",
	licensing.EditAccess:  "Edit",
	licensing.ResendMail:  "Resend invite",
	licensing.ResetInvite: "Reset invite",
	licensing.AssignAgain: "Assign again",
	licensing.Recheck:     "Re-check",
	licensing.DeleteUser:  "Delete",
}

func actionNames(actions []licensing.Action) string {
	names := make([]string, len(actions))
	for n, s := range actions {
		names[n] = actionLabels[s]
	}
	return strings.Join(names, ", ")
}

// contactKind says a kind of contact in words: "bill to".
func contactKind(k licensing.ContactKind) string { return strings.ReplaceAll(string(k), "_", " ") }

func timeOrDash(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return licensing.Clock(t)
}

func textOrDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// YesNo says a truth value in a word.
func YesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// count says how many of something there are: "1 License ID", "2 License IDs".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func licenses(n int) string { return count(n, "License ID", "License IDs") }
