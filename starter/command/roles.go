package command

import (
	"cmp"
	"context"
	"strings"

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
	in, source := f.save(replace)
	check := func(p licensing.Policy) error { return cmp.Or(f.check(), checkSave(in)(p)) }
	return a.asCaller(ctx, a.checked(check, a.changer()), func(s *session) (err error) {
		if f.fromUser != "" {
			if source.User, err = s.findUser(ctx, f.fromUser); err != nil {
				return err
			}
		}
		for n, user := range f.users {
			if in.People[n].User, err = s.findUser(ctx, user); err != nil {
				return err
			}
		}
		return a.save(ctx, s, in, f.users)
	})
}

// check says which of the users isn't one.
func (f *copyFlags) check() error {
	if f.fromUser != "" {
		if err := checkUser("--from-user", f.fromUser); err != nil {
			return err
		}
	}
	for _, user := range f.users {
		if err := checkUser("--user", user); err != nil {
			return err
		}
	}
	return nil
}

// save is the request. Until the users are found, their emails stand for their IDs. All changes share the
// source.
func (f *copyFlags) save(replace bool) (licensing.Save, *licensing.RoleSource) {
	source := &licensing.RoleSource{License: licensing.LicenseID(f.from), Replace: replace}
	if f.fromUser != "" {
		source.User = licensing.UserID(f.fromUser)
	}
	var in licensing.Save
	for _, user := range f.users {
		p := licensing.PersonChange{User: licensing.UserID(strings.ToLower(user))}
		for _, l := range licenseIDs(f.to) {
			p.Access = append(p.Access, licensing.AccessChange{License: l, From: source})
		}
		in.People = append(in.People, p)
	}
	return in, source
}
