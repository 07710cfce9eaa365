package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// personFlags describe one person and the roles to change.
type personFlags struct {
	user, name, business string
	licenses             []string
	add, remove          []string
	days                 int
}

const (
	userHelp     = "sign-in email or user ID"
	nameHelp     = "full name; required for external users"
	businessHelp = "business email, where emails are sent (default: the sign-in email)"
	licenseHelp  = "License ID; repeat or separate by commas"
	daysHelp     = "days until the invitation expires, 1 to 90 (default: the deployment's)"
	roleHelp     = "role by ID, name or VLSC name; repeat or separate by commas"
)

// identity adds the flags that say who a person is.
func (p *personFlags) identity(c *cobra.Command, userFlag, userHelp string) {
	f := c.Flags()
	f.StringVar(&p.user, userFlag, "", userHelp)
	f.StringVar(&p.name, "name", "", nameHelp)
	f.StringVar(&p.business, "business", "", businessHelp)
}

// bySignIn is the person alone, without roles to change.
func (p *personFlags) bySignIn() licensing.PersonChange {
	return licensing.PersonChange{SignIn: licensing.Email(p.user), Name: p.name,
		Business: licensing.Email(p.business)}
}

// file is the save that the flags describe.
func (p *personFlags) file() saveFile {
	one := personFile{SignIn: p.user, Business: p.business, Name: p.name}
	for _, l := range p.licenses {
		one.Access = append(one.Access, accessFile{License: l, Add: p.add, Remove: p.remove})
	}
	return saveFile{InviteDays: p.days, People: []personFile{one}}
}

// assign gives people roles; who has no profile yet is invited (R62, R73).
func (a *app) assign() *cobra.Command {
	var p personFlags
	var file string
	c := &cobra.Command{
		Use:   "assign",
		Short: "Give people roles; new people are invited by email",
		Example: `  starter assign --as alex@contoso.example --user kim@contoso.example \
    --license E2001 --role administrator
  starter assign --as alex@contoso.example --user lee@fabrikam.example --name "Lee Gu" \
    --license E2001,E2003 --role download
  starter assign --as alex@contoso.example -f people.yaml

people.yaml:
  invite_days: 14
  people:
    - sign_in_email: kim@contoso.example
      business_email: kim.office@contoso.example
      access:
        - {license_id: E2001, add: [administrator]}
        - {license_id: E2003, add: [Product Keys, benefits reader]}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := p.file()
			if file != "" {
				f = saveFile{}
				if err := a.readYAML(file, &f); err != nil {
					return err
				}
			}
			in := f.save()
			return a.asCaller(cmd.Context(), a.saver(in),
				func(s *session) error { return a.save(cmd.Context(), s, in, f.asked()) })
		},
	}
	p.identity(c, "user", userHelp)
	f := c.Flags()
	f.StringSliceVar(&p.licenses, "license", nil, licenseHelp)
	f.StringSliceVar(&p.add, "role", nil, roleHelp)
	f.StringVarP(&file, "file", "f", "",
		"YAML file with several people, instead of --user; - for standard input")
	f.IntVar(&p.days, "invite-days", 0, daysHelp)
	a.verifyFlag(c)
	return c
}

// edit selects and clears roles of one person, or corrects the name and the business email (R48, R70).
func (a *app) edit() *cobra.Command {
	var p personFlags
	c := &cobra.Command{
		Use:   "edit",
		Short: "Add and remove roles of one person, or correct the name or the business email",
		Example: `  starter edit --as alex@contoso.example --user kim@contoso.example --license E2001 \
    --add download --remove benefits_reader
  starter edit --as alex@contoso.example --user lee@fabrikam.example --business lee.gu@fabrikam.example`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runEdit(cmd.Context(), p) },
	}
	f := c.Flags()
	f.StringVar(&p.user, "user", "", userHelp)
	f.StringVar(&p.name, "name", "", "the corrected full name of an external user")
	f.StringVar(&p.business, "business", "", "the corrected business email")
	f.StringSliceVar(&p.licenses, "license", nil, licenseHelp)
	f.StringSliceVar(&p.add, "add", nil, "roles to add")
	f.StringSliceVar(&p.remove, "remove", nil, "roles to remove")
	a.verifyFlag(c)
	return c
}

func (a *app) runEdit(ctx context.Context, p personFlags) error {
	in := p.file().save()
	person := &in.People[0]
	person.User, person.SignIn = licensing.UserID(p.user), "" // until it is found, the email stands for the ID
	check := func(policy licensing.Policy) error {
		if err := checkUser("--user", p.user); err != nil {
			return err
		}
		return checkSave(in)(policy)
	}
	return a.asCaller(ctx, a.checked(check, a.changer()), func(s *session) (err error) {
		if person.User, err = s.findUser(ctx, p.user); err != nil {
			return err
		}
		if err := s.mayRename(ctx, *person); err != nil {
			return err
		}
		return a.save(ctx, s, in, []string{p.user})
	})
}

// mayRename refuses a name for an internal user, which the save would leave as it is.
func (s *session) mayRename(ctx context.Context, person licensing.PersonChange) error {
	if person.Name == "" {
		return nil
	}
	v, err := s.views.User(ctx, s.org, s.caller, person.User)
	if licensing.RefusalOf(err) != nil {
		return nil // the save says so, for each License ID
	}
	if err == nil && v.Kind == licensing.Internal {
		err = licensing.Refuse(licensing.Conflict, "R44", "the directory gives the name of an internal user; "+
			"it can't be changed here").In("name")
	}
	return err
}

// verifyFlag asks for the verdicts of a save without the save (R67).
func (a *app) verifyFlag(c *cobra.Command) {
	c.Flags().BoolVar(&a.verify, "verify", false, "show what would happen, and change nothing")
}

// changer opens what a save needs. To verify it, the rows alone are needed.
func (a *app) changer() opener {
	if a.verify {
		return a.openReader
	}
	return a.openWriter
}

// saver checks a save, and then opens what it needs.
func (a *app) saver(in licensing.Save) opener { return a.checked(checkSave(in), a.changer()) }

func checkSave(in licensing.Save) func(licensing.Policy) error {
	return func(p licensing.Policy) error { _, err := in.Check(p); return err }
}

// save saves or verifies. asked are the words by which each person was asked for.
func (a *app) save(ctx context.Context, s *session, in licensing.Save, asked []string) error {
	in.ID, in.Org, in.Admin = a.request(), s.org, s.caller
	var answer licensing.SaveAnswer
	var err error
	if a.verify {
		answer, err = s.rows.Verify(ctx, in)
	} else {
		answer, err = s.client.Save(ctx, in)
	}
	if err != nil {
		return err
	}
	return a.printVerdicts(answer, asked)
}

// delete takes all roles from a user, as far as the caller administers them (R80–R83, R87).
func (a *app) delete() *cobra.Command {
	c := userCommand{use: "delete",
		short:   "Remove all roles of a user on the License IDs that you administer",
		example: "lee@fabrikam.example"}
	c.run = func(ctx context.Context, s *session, cmd licensing.Command) (any, string, error) {
		out, err := s.client.Delete(ctx, cmd)
		return out, deletionText(out), err
	}
	c.refused = func(answer any) bool {
		d, ok := answer.(licensing.Deletion)
		return ok && someRefused(d.Verdicts)
	}
	return a.userCommand(c)
}

func deletionText(d licensing.Deletion) string {
	var b strings.Builder
	for _, v := range d.Verdicts {
		fmt.Fprintln(&b, VerdictLine(v))
	}
	for _, l := range d.Inherits {
		fmt.Fprintf(&b, "%s: still Administrator by an agreement above that you don't administer (R87)\n", l)
	}
	for _, l := range d.Ended {
		fmt.Fprintf(&b, "%s: inherits nothing from it any more (R80)\n", l)
	}
	if d.EndedOn > 0 {
		fmt.Fprintf(&b, "Inherited Administrator ended on %s.\n", licenses(d.EndedOn))
	}
	fmt.Fprintf(&b, "Roles on %s that you don't administer remain. The organization's account isn't changed.",
		licenses(d.Remaining))
	return b.String()
}

// recheck looks for a user in the directory who shows as User not found, and gives the access back (R57,
// R86).
func (a *app) recheck() *cobra.Command {
	c := userCommand{use: "recheck",
		short: "Look again for a user who was not found in the directory, and restore the access"}
	c.run = func(ctx context.Context, s *session, cmd licensing.Command) (any, string, error) {
		out, err := s.client.Recheck(ctx, cmd)
		return out, "Found in the directory. Access restored on " + licenses(len(out.Licenses)) + ".", err
	}
	return a.userCommand(c)
}

// userCommand is a command that an admin gives about one user.
type userCommand struct {
	use, short string
	example    string // whom the example is about
	run        func(context.Context, *session, licensing.Command) (answer any, text string, err error)
	refused    func(answer any) bool // whether the answer is a refusal; nil: none is
}

func (a *app) userCommand(u userCommand) *cobra.Command {
	var user string
	c := &cobra.Command{
		Use: u.use, Short: u.short,
		Example: fmt.Sprintf("  starter %s --as alex@contoso.example --user %s", u.use,
			cmp.Or(u.example, "kim@contoso.example")),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runUserCommand(cmd.Context(), u, user) },
	}
	c.Flags().StringVar(&user, "user", "", userHelp)
	return c
}

func (a *app) runUserCommand(ctx context.Context, u userCommand, user string) error {
	check := func(licensing.Policy) error { return checkUser("--user", user) }
	return a.asCaller(ctx, a.checked(check, a.openWriter), func(s *session) error {
		id, err := s.findUser(ctx, user)
		if err != nil {
			return err
		}
		in := licensing.Command{Request: a.request(), Org: s.org, User: id, By: s.caller}
		answer, text, err := u.run(ctx, s, in)
		if err != nil {
			return err
		}
		err = a.print(answer, func(w io.Writer) { fmt.Fprintln(w, text) })
		if err == nil && u.refused != nil && u.refused(answer) {
			return errPrinted
		}
		return err
	})
}
