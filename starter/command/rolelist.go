package command

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// roles lists the seven roles with their retired names and what they permit (R10–R17, R21).
func (a *app) roles() *cobra.Command {
	return &cobra.Command{
		Use:     "roles",
		Short:   "The seven roles, their names in VLSC, and what each of them permits",
		Example: "  starter roles",
		RunE: func(*cobra.Command, []string) error {
			all := licensing.Roles()
			return a.print(all, func(w io.Writer) { rolesTable(w, all) })
		},
	}
}

func rolesTable(w io.Writer, all []licensing.RoleInfo) {
	var rows [][]string
	for _, r := range all {
		permissions := make([]string, len(r.Permissions))
		for n, p := range r.Permissions {
			permissions[n] = string(p)
		}
		rows = append(rows, []string{string(r.Role), r.Name, textOrDash(r.VLSC), strings.Join(permissions, ", ")})
	}
	table(w, list{head: []string{"ROLE", "NAME", "VLSC NAME", "PERMISSIONS"}, rows: rows})
}
