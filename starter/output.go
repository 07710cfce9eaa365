package main

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

func roleNames(roles []licensing.Role) string {
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

// verdictText says one verdict in a line.
func verdictText(v licensing.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", v.License, v.Outcome)
	if len(v.Added) > 0 {
		fmt.Fprintf(&b, ", added %s", roleNames(v.Added))
	}
	if len(v.Removed) > 0 {
		fmt.Fprintf(&b, ", removed %s", roleNames(v.Removed))
	}
	if v.Outcome != licensing.Refused && (v.Before != "" || v.After != "") {
		fmt.Fprintf(&b, " (%s → %s)", dash(v.Before.String()), dash(v.After.String()))
	}
	if !v.DueAt.IsZero() {
		fmt.Fprintf(&b, ", effective from %s", licensing.Clock(v.DueAt))
	}
	if v.Error != nil {
		fmt.Fprintf(&b, ": %s", v.Error)
	}
	if v.Advice != "" {
		fmt.Fprintf(&b, " %s", v.Advice)
	}
	return b.String()
}

// verdicts prints the answer of a save, named by who was asked for.
func verdicts(w io.Writer, asked []licensing.PersonChange, people []licensing.PersonVerdict) {
	for n, p := range people {
		who := string(asked[n].SignIn)
		if who == "" {
			who = string(asked[n].User)
		}
		switch {
		case p.Error != nil:
			fmt.Fprintf(w, "%s: refused: %s\n", who, p.Error)
			continue
		case p.Updated:
			fmt.Fprintf(w, "%s: name or business e-mail corrected\n", who)
		}
		for _, v := range p.Verdicts {
			fmt.Fprintf(w, "%s · %s\n", who, verdictText(v))
		}
	}
}

// anyRefused says whether something of a save was refused.
func anyRefused(people []licensing.PersonVerdict) bool {
	for _, p := range people {
		if p.Error != nil {
			return true
		}
		for _, v := range p.Verdicts {
			if v.Outcome == licensing.Refused {
				return true
			}
		}
	}
	return false
}
