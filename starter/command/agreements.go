package command

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// agreements lists the License IDs whose assignments the caller may change (R68).
func (a *app) agreements() *cobra.Command {
	var inherited bool
	c := &cobra.Command{
		Use:     "agreements",
		Short:   "The License IDs that you administer, and on request those below them",
		Example: "  starter agreements --as alex@contoso.example --inherited",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.asCaller(ctx, a.openReader, func(s *session) error {
				all, err := s.views.Agreements(ctx, s.org, s.caller, inherited)
				if err != nil {
					return err
				}
				return a.print(all, func(w io.Writer) { agreementsTable(w, all) })
			})
		},
	}
	c.Flags().BoolVar(&inherited, "inherited", false, "Show inherited contracts")
	return c
}

func agreementsTable(w io.Writer, all []licensing.AgreementLine) {
	var rows [][]string
	for _, g := range all {
		role := "Administrator"
		if g.Inherited {
			role = "Inherited"
		}
		rows = append(rows, []string{
			string(g.License), g.Program, textOrDash(string(g.Parent)),
			timeOrDash(g.ProcessedAt), role, strconv.Itoa(g.Admins),
		})
	}
	table(w, list{head: []string{"LICENSE ID", "PROGRAM", "PARENT", "PROCESSED", "YOUR ROLE", "ACTIVE ADMINS"},
		rows: rows, none: "You administer no License IDs."})
}
