package command

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) users() *cobra.Command {
	var f licensing.UserFilter
	var status, license, role string
	c := &cobra.Command{
		Use:   "users",
		Short: "the Manage Assignments list: the VL users of the License IDs that you administer (R40–R50)",
		Example: `  starter users --as alex@contoso.example
  starter users --as alex@contoso.example --status failed -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.Status, f.License, f.Role = licensing.Status(status), licensing.LicenseID(license), licensing.Role(role)
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				page, err := s.rows.Users(cmd.Context(), s.org, s.me, f)
				if err != nil {
					return err
				}
				return a.answer(page, func(w io.Writer) { UsersTable(w, page) })
			})
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.Query, "query", "", "beginning of a name or e-mail")
	fl.StringVar(&status, "status", "", "user_not_found, failed, invitation_expired, assignment_in_progress, invitation_sent or active")
	fl.StringVar(&license, "license", "", "with roles on this License ID")
	fl.StringVar(&role, "role", "", "with this role")
	fl.IntVar(&f.Limit, "limit", 0, "users on a page, at most 200 (default 50)")
	fl.StringVar(&f.Cursor, "cursor", "", "the next page, as the last one named it")
	return c
}

func UsersTable(w io.Writer, page licensing.UserPage) {
	var rows [][]string
	for _, u := range page.Users {
		status := u.Status.String()
		if u.Status == licensing.InvitationSent && u.Delivery != "" {
			status += " (" + string(u.Delivery) + ")"
		}
		rows = append(rows, []string{u.Name, status, actionNames(u.Actions), string(u.SignIn), string(u.Business), RoleNames(u.Roles), strconv.Itoa(u.Licenses)})
	}
	table(w, []string{"DISPLAY NAME", "STATUS", "ACTIONS", "SIGN-IN E-MAIL", "BUSINESS E-MAIL", "VL ROLES", "LICENSE IDS"}, rows)
	if page.Next != "" {
		fmt.Fprintf(w, "more: --cursor %s\n", page.Next)
	}
}
