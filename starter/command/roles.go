package command

import (
	"context"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// copyFlags say whose roles go where.
type copyFlags struct {
	from, fromUser string
	to, users      []string
}

func (f *copyFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.from, "from", "", "License ID to copy from")
	c.Flags().StringSliceVar(&f.to, "to", nil, "License IDs to copy to")
	c.Flags().StringSliceVar(&f.users, "user", nil, "whose roles are set: sign-in emails or user IDs")
}

// copyRoles pastes a user's roles in place of what is there (R72).
func (a *app) copyRoles() *cobra.Command {
	var f copyFlags
	c := &cobra.Command{
		Use:   "copy",
		Short: "Copy role properties: replace roles by those of a user on another License ID",
		Example: `  starter copy --as alex@contoso.example --from E2001 --user kim@contoso.example --to E2003
  starter copy --as alex@contoso.example --from E2001 --from-user kim@contoso.example \
    --user lee@fabrikam.example --to E2001`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.paste(cmd.Context(), f, true) },
	}
	f.register(c)
	c.Flags().StringVar(&f.fromUser, "from-user", "",
		"whose roles are copied (default: those of each --user)")
	a.verifyFlag(c)
	return c
}

// importRoles adds chosen users' roles on one License ID to another one; not onto a parent agreement (R77).
func (a *app) importRoles() *cobra.Command {
	var f copyFlags
	c := &cobra.Command{
		Use:   "import",
		Short: "Import roles: add users' roles on one License ID to another one",
		Example: `  starter import --as alex@contoso.example --from E2001 --to E2003 \
    --user kim@contoso.example,lee@fabrikam.example`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.paste(cmd.Context(), f, false) },
	}
	f.register(c)
	a.verifyFlag(c)
	return c
}

func (a *app) paste(ctx context.Context, f copyFlags, replace bool) error {
	return a.asCaller(ctx, a.openWriter, func(s *session) error {
		source := licensing.RoleSource{License: licensing.LicenseID(f.from), Replace: replace}
		var err error
		if f.fromUser != "" {
			if source.User, err = s.findUser(ctx, f.fromUser); err != nil {
				return err
			}
		}
		var people []licensing.PersonChange
		for _, user := range f.users {
			p, err := s.target(ctx, user, f.to, &source)
			if err != nil {
				return err
			}
			people = append(people, p)
		}
		return a.saveOrVerify(ctx, s, people, 0)
	})
}

// target is a user who gets the roles of the source on License IDs.
func (s *session) target(ctx context.Context, user string, to []string,
	source *licensing.RoleSource) (licensing.PersonChange, error) {
	id, err := s.findUser(ctx, user)
	p := licensing.PersonChange{User: id}
	for _, l := range licenseIDs(to) {
		p.Access = append(p.Access, licensing.AccessChange{License: l, From: source})
	}
	return p, err
}
