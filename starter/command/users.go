package command

import (
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// users is the Manage Assignments list (R40–R50).
func (a *app) users() *cobra.Command {
	var f licensing.UserFilter
	c := &cobra.Command{
		Use:   "users",
		Short: "Manage Assignments: the VL users of the License IDs that you administer",
		Example: `  starter users --as alex@contoso.example
  starter users --as alex@contoso.example --status failed -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			check := func(licensing.Policy) error { _, err := f.Check(); return err }
			return a.asCaller(ctx, a.checked(check, a.openReader), func(s *session) error {
				page, err := s.views.Users(ctx, s.org, s.caller, f)
				if err != nil {
					return err
				}
				return a.print(page, func(w io.Writer) { UsersTable(w, page) })
			})
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.Query, "query", "", "beginning of a name or an email")
	fl.StringVar((*string)(&f.Status), "status", "",
		"user_not_found, failed, invitation_expired, assignment_in_progress, invitation_sent or active")
	fl.StringVar((*string)(&f.License), "license", "", "with roles on this License ID")
	fl.StringVar((*string)(&f.Role), "role", "", "with this role")
	fl.IntVar(&f.Limit, "limit", 0, "users on a page, at most 200 (default 50)")
	fl.StringVar(&f.Cursor, "cursor", "", "the next page, as the last one named it")
	return c
}

// UsersTable writes a page of the list.
func UsersTable(w io.Writer, page licensing.UserPage) {
	var rows [][]string
	for _, u := range page.Users {
		status := u.Status.String()
		if u.Status == licensing.StatusInvitationSent && u.Delivery != "" {
			status += " (" + string(u.Delivery) + ")"
		}
		rows = append(rows, []string{
			u.Name, status, actionNames(u.Actions), string(u.SignIn),
			string(u.Business), RoleNames(u.Roles), strconv.Itoa(u.Licenses),
		})
	}
	table(w, list{head: []string{"DISPLAY NAME", "STATUS", "ACTIONS", "SIGN-IN EMAIL", "BUSINESS EMAIL",
		"VL ROLES", "LICENSE IDS"}, rows: rows,
		none: "No VL users match, on the License IDs that you administer."})
	if page.Next != "" {
		fmt.Fprintf(w, "More: --cursor %s\n", page.Next)
	}
}
