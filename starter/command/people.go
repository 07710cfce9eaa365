package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// personFlags describe one person of a save.
type personFlags struct {
	user, name, business string
	licenses             []string
	add, remove          []string
	file                 string
	days                 int
}

func (a *app) assign() *cobra.Command {
	var p personFlags
	c := &cobra.Command{
		Use:   "assign",
		Short: "give people roles; who has no profile yet is invited (R62, R73)",
		Example: `  starter assign --as alex@contoso.example --user kim@contoso.example --license E1001 --role administrator
  starter assign --as alex@contoso.example --user lee@fabrikam.example --name "Lee Gu" --license E1001,E1002 --role download
  starter assign --as alex@contoso.example -f people.yaml

people.yaml:
  invite_days: 14
  people:
    - sign_in_email: kim@contoso.example
      business_email: kim.office@contoso.example
      access:
        - {license_id: E1001, add: [administrator]}
        - {license_id: E1002, add: [Product Keys, benefits reader]}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), a.changing, func(s *session) error { return a.save(cmd.Context(), s, p) })
		},
	}
	f := c.Flags()
	f.StringVar(&p.user, "user", "", "sign-in e-mail or user id")
	f.StringVar(&p.name, "name", "", "full name; needed for external people (R44)")
	f.StringVar(&p.business, "business", "", "business e-mail, where mails go; default: the sign-in e-mail (R48)")
	f.StringSliceVar(&p.licenses, "license", nil, "License ID; repeat or separate by commas")
	f.StringSliceVar(&p.add, "role", nil, "role by id, name or VLSC name (R10, R21); repeat or separate by commas")
	f.StringVarP(&p.file, "file", "f", "", "YAML file with many people instead; - for standard input")
	f.IntVar(&p.days, "invite-days", 0, "days to register, 1 to 90; default: the deployment's (R56)")
	verifyFlag(c)
	return c
}

func (a *app) edit() *cobra.Command {
	var p personFlags
	c := &cobra.Command{
		Use:   "edit",
		Short: "select and clear roles of one person, or correct name and business e-mail (R70)",
		Example: `  starter edit --as alex@contoso.example --user kim@contoso.example --license E1001 --add download --remove benefits_reader
  starter edit --as alex@contoso.example --user lee@fabrikam.example --business lee.gu@fabrikam.example`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), a.changing, func(s *session) error {
				id, err := s.user(cmd.Context(), p.user)
				if err != nil {
					return err
				}
				p.user = string(id)
				return a.save(cmd.Context(), s, p)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&p.user, "user", "", "sign-in e-mail or user id")
	f.StringVar(&p.name, "name", "", "the corrected full name of an external person")
	f.StringVar(&p.business, "business", "", "the corrected business e-mail")
	f.StringSliceVar(&p.licenses, "license", nil, "License ID; repeat or separate by commas")
	f.StringSliceVar(&p.add, "add", nil, "roles to add")
	f.StringSliceVar(&p.remove, "remove", nil, "roles to remove")
	verifyFlag(c)
	return c
}

func (p personFlags) read() (saveFile, error) {
	if p.file != "" {
		var f saveFile
		return f, readYAML(p.file, &f)
	}
	one := personFile{SignIn: p.user, Business: p.business, Name: p.name}
	for _, l := range p.licenses {
		one.Access = append(one.Access, accessFile{License: l, Add: p.add, Remove: p.remove})
	}
	return saveFile{InviteDays: p.days, People: []personFile{one}}, nil
}

func (a *app) save(ctx context.Context, s *session, p personFlags) error {
	f, err := p.read()
	if err != nil {
		return err
	}
	id, err := a.request()
	if err != nil {
		return err
	}
	sv := licensing.Save{ID: id, Org: s.org, Admin: s.me, InviteFor: time.Duration(f.InviteDays) * 24 * time.Hour}
	for _, p := range f.People {
		pc := licensing.PersonChange{User: licensing.UserID(p.User), SignIn: licensing.Email(p.SignIn), Business: licensing.Email(p.Business), Name: p.Name}
		if u, err := s.user(ctx, p.SignIn); p.User == "" && err == nil && string(u) == p.SignIn {
			pc.User, pc.SignIn = u, "" // --user was an id
		}
		for _, c := range p.Access {
			pc.Access = append(pc.Access, licensing.AccessChange{License: licensing.LicenseID(c.License), Add: roles(c.Add), Remove: roles(c.Remove)})
		}
		sv.People = append(sv.People, pc)
	}
	return a.saveOrVerify(ctx, s, sv)
}

func roles(names []string) []licensing.Role {
	out := make([]licensing.Role, len(names))
	for n, s := range names {
		out[n] = licensing.Role(s)
	}
	return out
}

// verifyFlag asks for the verdicts of a save without the save (R67).
func verifyFlag(c *cobra.Command) {
	c.Flags().Bool("verify", false, "say what would happen, and change nothing (R67)")
}

func (a *app) saveOrVerify(ctx context.Context, s *session, sv licensing.Save) error {
	act := s.client.Save
	if a.verify {
		act = func(ctx context.Context, sv licensing.Save) (licensing.SaveAnswer, error) {
			return s.rows.Verify(ctx, sv, s.config.Policy(), time.Now())
		}
	}
	answer, err := act(ctx, sv)
	if err != nil {
		return err
	}
	return a.saved(answer.People, answer, sv.People)
}

func (a *app) delete() *cobra.Command {
	return a.steer("delete", "take all roles from a user, on the License IDs that you administer (R80–R83)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Delete(ctx, c)
		text := ""
		for _, v := range out.Verdicts {
			text += VerdictText(v) + "\n"
		}
		for _, l := range out.Inherits {
			text += fmt.Sprintf("%s: still Administrator by inheritance from an agreement that you don't administer (R87)\n", l)
		}
		return out, text + fmt.Sprintf("%d License IDs that you don't administer remain; the organization's account is not touched", out.Remaining), err
	})
}

func (a *app) recheck() *cobra.Command {
	return a.steer("recheck", "look for a user in the directory who shows as User not found, and give the access back (R57, R86)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Recheck(ctx, c)
		return out, fmt.Sprintf("found in the directory; has again what was given before, on %d of your License IDs", len(out.Licenses)), err
	})
}
