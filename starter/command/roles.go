package command

import (
	"context"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) copy() *cobra.Command {
	var from, fromUser string
	var to, users []string
	c := &cobra.Command{
		Use:   "copy",
		Short: "paste a user's roles on one License ID onto others, in place of what is there (R72)",
		Example: `  starter copy --as alex@contoso.example --from E1001 --user kim@contoso.example --to E1002,E1003
  starter copy --as alex@contoso.example --from E1001 --from-user kim@contoso.example --user lee@fabrikam.example --to E1001`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.paste(cmd.Context(), from, fromUser, to, users, true)
		},
	}
	copyFlags(c, &from, &to, &users)
	c.Flags().StringVar(&fromUser, "from-user", "", "whose roles; default: those of each --user")
	return c
}

func (a *app) importRoles() *cobra.Command {
	var from string
	var to, users []string
	c := &cobra.Command{
		Use:     "import",
		Short:   "add chosen users' roles on one License ID to another one; not onto a parent agreement (R77)",
		Example: "  starter import --as alex@contoso.example --from E1001 --to E1002 --user kim@contoso.example,lee@fabrikam.example",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.paste(cmd.Context(), from, "", to, users, false) },
	}
	copyFlags(c, &from, &to, &users)
	return c
}

func copyFlags(c *cobra.Command, from *string, to, users *[]string) {
	c.Flags().StringVar(from, "from", "", "License ID that has the roles")
	c.Flags().StringSliceVar(to, "to", nil, "License IDs that get them")
	c.Flags().StringSliceVar(users, "user", nil, "who gets them: sign-in e-mails or user ids")
	verifyFlag(c)
}

func (a *app) paste(ctx context.Context, from, fromUser string, to, users []string, replace bool) error {
	return a.with(ctx, a.changing, func(s *session) error {
		source := licensing.RoleSource{License: licensing.LicenseID(from), Replace: replace}
		var err error
		if fromUser != "" {
			if source.User, err = s.user(ctx, fromUser); err != nil {
				return err
			}
		}
		var people []licensing.PersonChange
		for _, who := range users {
			id, err := s.user(ctx, who)
			if err != nil {
				return err
			}
			p := licensing.PersonChange{User: id}
			for _, l := range to {
				p.Access = append(p.Access, licensing.AccessChange{License: licensing.LicenseID(l), From: &source})
			}
			people = append(people, p)
		}
		id, err := a.request()
		if err != nil {
			return err
		}
		return a.saveOrVerify(ctx, s, licensing.Save{ID: id, Org: s.org, Admin: s.me, People: people})
	})
}
