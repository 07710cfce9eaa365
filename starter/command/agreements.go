package command

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

func (a *app) agreements() *cobra.Command {
	var inherited bool
	c := &cobra.Command{
		Use:     "agreements",
		Short:   "the License IDs that you administer, and those below them (R68)",
		Example: "  starter agreements --as alex@contoso.example --inherited",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				all, err := s.rows.Agreements(cmd.Context(), s.org, s.me, inherited)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) {
					var rows [][]string
					for _, g := range all {
						how := "administrator"
						if g.Inherited {
							how = "by an agreement above"
						}
						rows = append(rows, []string{string(g.License), g.Program, dash(string(g.Parent)), clock(g.ProcessedAt), how, strconv.Itoa(g.Admins)})
					}
					table(w, []string{"LICENSE ID", "PROGRAM", "PARENT", "PROCESSED", "YOU", "ACTIVE ADMINS"}, rows)
				})
			})
		},
	}
	c.Flags().BoolVar(&inherited, "inherited", false, "show inherited contracts too")
	return c
}
