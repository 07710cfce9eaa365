package command

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

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
			return a.asCaller(cmd.Context(), a.openWriter,
				func(s *session) error { return a.save(cmd.Context(), s, f) })
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.asCaller(ctx, a.openWriter, func(s *session) error {
				id, err := s.findUser(ctx, p.user)
				if err != nil {
					return err
				}
				p.user = string(id)
				return a.save(ctx, s, p.file())
			})
		},
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

// verifyFlag asks for the verdicts of a save without the save (R67).
func (a *app) verifyFlag(c *cobra.Command) {
	c.Flags().BoolVar(&a.verify, "verify", false, "show what would happen, and change nothing")
}

func (a *app) save(ctx context.Context, s *session, f saveFile) error {
	var people []licensing.PersonChange
	for _, p := range f.People {
		people = append(people, p.change())
	}
	return a.saveOrVerify(ctx, s, people, days(f.InviteDays))
}

func (a *app) saveOrVerify(ctx context.Context, s *session, people []licensing.PersonChange,
	inviteFor time.Duration) error {
	in := licensing.Save{ID: a.request(), Org: s.org, Admin: s.caller, People: people, InviteFor: inviteFor}
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
	return a.printVerdicts(answer, in.People)
}

// delete takes all roles from a user, as far as the caller administers them (R80–R83, R87).
func (a *app) delete() *cobra.Command {
	c := userCommand{use: "delete",
		short: "Remove all roles of a user on the License IDs that you administer"}
	c.run = func(ctx context.Context, s *session, cmd licensing.Command) (any, string, error) {
		out, err := s.client.Delete(ctx, cmd)
		return out, deletionText(out), err
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
	run        func(context.Context, *session, licensing.Command) (answer any, text string, err error)
}

func (a *app) userCommand(u userCommand) *cobra.Command {
	var user string
	c := &cobra.Command{
		Use: u.use, Short: u.short,
		Example: "  starter " + u.use + " --as alex@contoso.example --user kim@contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.asCaller(ctx, a.openWriter, func(s *session) error {
				id, err := s.findUser(ctx, user)
				if err != nil {
					return err
				}
				in := licensing.Command{Request: a.request(), Org: s.org, User: id, By: s.caller}
				answer, text, err := u.run(ctx, s, in)
				if err != nil {
					return err
				}
				return a.print(answer, func(w io.Writer) { fmt.Fprintln(w, text) })
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", userHelp)
	return c
}
