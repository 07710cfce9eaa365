package command

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) orphans() *cobra.Command {
	return &cobra.Command{
		Use:     "orphans",
		Short:   "the License IDs of an organization that have no active admin (R33)",
		Example: "  starter orphans --org contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.partner(cmd.Context(), a.reading, func(s *session, _ licensing.RequestID) error {
				all, err := s.rows.Orphans(cmd.Context(), s.org)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) {
					var rows [][]string
					for _, o := range all {
						rows = append(rows, []string{string(o.License), o.Program, strconv.Itoa(o.Waiting)})
					}
					table(w, []string{"LICENSE ID", "PROGRAM", "ADMINS ON THEIR WAY"}, rows)
				})
			})
		},
	}
}

func (a *app) seat() *cobra.Command {
	var p personFlags
	var license, reason string
	c := &cobra.Command{
		Use:     "seat",
		Short:   "support: make somebody the administrator of a License ID that has no active admin; audited (R33)",
		Example: `  starter seat --org contoso.example --license E1001 --user kim@contoso.example --reason "case 4711"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.partner(ctx, a.changing, func(s *session, id licensing.RequestID) error {
				person := licensing.PersonChange{SignIn: licensing.Email(p.user), Name: p.name, Business: licensing.Email(p.business)}
				out, err := s.client.Seat(ctx, licensing.Seat{ID: id, Org: s.org, License: licensing.LicenseID(license), Person: person, Reason: reason})
				if err != nil {
					return err
				}
				return a.saved(out.People, out, []licensing.PersonChange{person})
			})
		},
	}
	fl := c.Flags()
	fl.StringVar(&license, "license", "", "License ID")
	fl.StringVar(&p.user, "user", "", "sign-in e-mail")
	fl.StringVar(&p.name, "name", "", "full name; needed for external people (R44)")
	fl.StringVar(&p.business, "business", "", "business e-mail; default: the sign-in e-mail (R48)")
	fl.StringVar(&reason, "reason", "", "why: the number of the case; kept in the audit")
	return c
}
