package command

import (
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) history() *cobra.Command {
	var license, on string
	c := &cobra.Command{
		Use:   "history",
		Short: "who had which role on a License ID on a day, and how it came to be",
		Example: `  starter history --as alex@contoso.example --license E1001 --on 2026-03-31
  starter history --as alex@contoso.example --license E1001 --on 2026-03-31T15:00:00Z -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, err := readDay(on, time.Now())
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				all, err := s.rows.RolesOn(cmd.Context(), s.org, s.me, licensing.LicenseID(license), at)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) { HistoryText(w, all) })
			})
		},
	}
	c.Flags().StringVar(&license, "license", "", "License ID")
	c.Flags().StringVar(&on, "on", "", "a day (its end, in UTC) or a time; default: now")
	return c
}

// readDay reads a day or a time; the empty text is now.
func readDay(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return now, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.Add(24*time.Hour - time.Microsecond), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, UsageError{errors.New("--on: a day like 2026-03-31, or a time like 2026-03-31T15:00:00Z")}
	}
	return at, nil
}

func HistoryText(w io.Writer, all []licensing.RoleOn) {
	var rows [][]string
	for _, r := range all {
		state := "effective since " + clock(r.Activated)
		switch {
		case !r.InTenant:
			state = "no access: not in the directory (R84)"
		case !r.Effective:
			state = "waited"
		}
		role := r.Role.Info().Name
		if r.Above != "" {
			role += ", inherited from " + string(r.Above)
		}
		by := r.Given.Name
		if by == "" {
			by = "nobody (" + r.Given.Action + ")"
		}
		rows = append(rows, []string{r.Name, role, state, clock(r.Given.At), r.Given.Action, r.Given.Rule, by})
	}
	table(w, []string{"WHO", "ROLE", "STATE", "GIVEN", "BY WHAT", "RULE", "BY WHOM"}, rows)
}
