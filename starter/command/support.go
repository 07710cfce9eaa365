package command

import (
	"errors"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// orphans lists the License IDs of an organization that have no active admin (R33).
func (a *app) orphans() *cobra.Command {
	return &cobra.Command{
		Use:     "orphans",
		Short:   "The License IDs of an organization that have no active admin",
		Example: "  starter orphans --org contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.asPartner(ctx, a.openReader, func(s *session) error {
				all, err := s.views.Orphans(ctx, s.org)
				if err != nil {
					return err
				}
				return a.print(all, func(w io.Writer) {
					var rows [][]string
					for _, o := range all {
						rows = append(rows, []string{string(o.License), o.Program, strconv.Itoa(o.Waiting)})
					}
					table(w, list{head: []string{"LICENSE ID", "PROGRAM", "PENDING ADMINS"}, rows: rows,
						none: "Every License ID has an active admin."})
				})
			})
		},
	}
}

// appoint makes someone the administrator of a License ID that has no active admin, for support (R33). It is
// audited.
func (a *app) appoint() *cobra.Command {
	var p personFlags
	var license, reason, support string
	c := &cobra.Command{
		Use:     "appoint",
		Aliases: []string{"seat"}, // as the details of a workflow in the Temporal UI call it
		Short:   "Make someone the administrator of a License ID that has no active admin, as support",
		Example: `  starter appoint --org contoso.example --license E2002 \
    --user kim@contoso.example --support "Ann, service desk" --reason "case 4711"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			in := licensing.Appointment{
				License: licensing.LicenseID(license), Person: p.bySignIn(), Reason: reason,
				Support: support,
			}
			check := func(policy licensing.Policy) error {
				if support == "" {
					return Usage(errors.New("--support is required: the name by which you act, kept in the audit"))
				}
				_, err := in.Check(policy)
				return err
			}
			return a.asPartner(ctx, a.checked(check, a.openWriter), func(s *session) error {
				in.ID, in.Org = a.request(), s.org
				out, err := s.client.Appoint(ctx, in)
				if err != nil {
					return err
				}
				return a.printVerdicts(out, []string{p.user})
			})
		},
	}
	p.identity(c, "user", "sign-in email")
	c.Flags().StringVar(&license, "license", "", "License ID")
	c.Flags().StringVar(&support, "support", "", "who you are, for the audit: a name or a number, no email")
	c.Flags().StringVar(&reason, "reason", "", "why: a case number, for example; kept in the audit")
	return c
}
