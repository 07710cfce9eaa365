package command

import (
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// history shows who had which role on a License ID at a time, and how it came to be.
func (a *app) history() *cobra.Command {
	var license, on string
	c := &cobra.Command{
		Use:   "history",
		Short: "Who had which role on a License ID on a day, and who gave it",
		Example: `  starter history --as alex@contoso.example --license E2001
  starter history --as alex@contoso.example --license E2001 --on 2026-03-31
  starter history --as alex@contoso.example --license E2001 --on 2026-03-31T15:00:00Z -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			at, err := readTime(on, time.Now())
			if err != nil {
				return err
			}
			l, err := licensing.ParseLicenseID(license)
			if err != nil {
				return inFlag("--license", err)
			}
			return a.asCaller(ctx, a.openReader, func(s *session) error {
				all, err := s.views.RolesOn(ctx, s.org, s.caller, l, at)
				if err != nil {
					return err
				}
				return a.print(all, func(w io.Writer) { HistoryTable(w, all) })
			})
		},
	}
	c.Flags().StringVar(&license, "license", "", "License ID")
	c.Flags().StringVar(&on, "on", "", "a day (its end, in UTC) or a time; default: now")
	return c
}

// readTime reads a time, or a day as its end; the empty text is now.
func readTime(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return now, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.Add(24*time.Hour - time.Microsecond), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, Usage(errors.New("--on is a day like 2026-03-31, or a time like 2026-03-31T15:00:00Z"))
	}
	return at, nil
}

// HistoryTable writes who had which role.
func HistoryTable(w io.Writer, all []licensing.RoleOn) {
	var rows [][]string
	for _, r := range all {
		role := r.Role.Info().Name
		if r.Above != "" {
			role += ", inherited from " + string(r.Above)
		}
		by := r.Given.Name
		if by == "" {
			by = "– (" + string(r.Given.Principal) + ")"
		}
		rows = append(rows,
			[]string{r.Name, role, roleState(r), timeOrDash(r.Given.At), string(r.Given.Action),
				r.Given.Rule, by})
	}
	table(w, list{head: []string{"WHO", "ROLE", "STATE", "GIVEN", "ACTION", "RULE", "GIVEN BY"}, rows: rows,
		none: "Nobody had a role then."})
}

func roleState(r licensing.RoleOn) string {
	switch {
	case !r.InTenant:
		return "no access: not in the directory (R84)"
	case !r.Effective:
		return "not effective yet"
	}
	return "effective since " + timeOrDash(r.Activated)
}
