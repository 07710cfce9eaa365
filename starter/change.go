package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"vlroles/config"
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

// saveFile is a save as a YAML file says it.
type saveFile struct {
	InviteDays int          `yaml:"invite_days"`
	People     []personFile `yaml:"people"`
}

type personFile struct {
	User     string       `yaml:"user"`
	SignIn   string       `yaml:"sign_in_email"`
	Business string       `yaml:"business_email"`
	Name     string       `yaml:"name"`
	Access   []accessFile `yaml:"access"`
}

type accessFile struct {
	License string   `yaml:"license_id"`
	Add     []string `yaml:"add"`
	Remove  []string `yaml:"remove"`
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

// largestFile is how much of an input file is read.
const largestFile = 4 << 20

func readYAML(file string, into any) (err error) {
	var in io.Reader = os.Stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return usageError{err}
		}
		defer f.Close() //nolint:errcheck // it is only read
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, largestFile+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if len(text) > largestFile {
		return usageError{fmt.Errorf("read %s: larger than 4 MiB: split it", file)}
	}
	d := yaml.NewDecoder(bytesReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		return usageError{fmt.Errorf("read %s: %w", file, err)}
	}
	return nil
}

func (a *app) register() *cobra.Command {
	var link, email, object, name string
	c := &cobra.Command{
		Use:     "register",
		Short:   "accept an invitation by its link, as the person who signs in (R23, R28, R29)",
		Example: `  starter register --link http://127.0.0.1:8080/invitations/k1.… --email kim@contoso.example`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			s, err := a.changing(ctx)
			if err != nil {
				return err
			}
			defer s.close()
			r, err := a.registration(link, email, object, name)
			if err != nil {
				return err
			}
			out, err := s.client.Register(ctx, r)
			if err != nil {
				return err
			}
			return a.answer(out, func(w io.Writer) {
				fmt.Fprintf(w, "registered; %s\n", licensing.AssignmentInProgress)
				for _, e := range out.Access {
					fmt.Fprintf(w, "  %s: %s, effective from %s\n", e.License, roleNames(e.Roles), licensing.Clock(e.DueAt))
				}
			})
		},
	}
	f := c.Flags()
	f.StringVar(&link, "link", "", "the link of the mail, or its last part")
	f.StringVar(&email, "email", "", "the e-mail with which the person signs in")
	f.StringVar(&object, "object-id", "", "the person's object id in the directory")
	f.StringVar(&name, "name", "", "the person's name as the identity provider gives it")
	return c
}

func (a *app) registration(link, email, object, name string) (licensing.Registration, error) {
	var r licensing.Registration
	c, err := config.Load(a.lookup, config.Commands|config.Portal)
	if err != nil {
		return r, err
	}
	if u, err := url.Parse(link); err == nil && u.Host != "" {
		link = path.Base(u.Path)
	}
	if link == "" {
		return r, usageError{errors.New("--link is missing")}
	}
	if r.Invitation, r.Generation, err = c.LinkKeys.Verify(link); err != nil {
		return r, err
	}
	if r.Identity.Email, err = licensing.ParseEmail(email); err != nil {
		return r, usageError{fmt.Errorf("--email: %w", err)}
	}
	r.Identity.ObjectID, r.Identity.Name = licensing.ObjectID(object), licensing.CleanName(name)
	r.Request, err = a.request()
	return r, err
}

// steer makes a command that acts on one user's invitation.
func (a *app) steer(use, short string, do func(context.Context, *session, licensing.Command) (any, string, error)) *cobra.Command {
	var user string
	c := &cobra.Command{
		Use: use, Short: short,
		Example: "  starter " + use + " --as alex@contoso.example --user kim@contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.with(ctx, a.changing, func(s *session) error {
				id, err := s.user(ctx, user)
				if err != nil {
					return err
				}
				request, err := a.request()
				if err != nil {
					return err
				}
				v, text, err := do(ctx, s, licensing.Command{Request: request, Org: s.org, User: id, By: s.me})
				if err != nil {
					return err
				}
				return a.answer(v, func(w io.Writer) { fmt.Fprintln(w, text) })
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", "sign-in e-mail or user id")
	return c
}

func (a *app) resend() *cobra.Command {
	return a.steer("resend", "mail the same link again (R58)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Resend(ctx, c)
		return out, "the same link is mailed again; it works until " + clock(out.ExpiresAt), err
	})
}

func (a *app) reset() *cobra.Command {
	return a.steer("reset", "invite anew: new link, full time, older links die; works on stuck runs too (R58)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Reset(ctx, c)
		return out, fmt.Sprintf("a new link is mailed (generation %d); it works until %s", out.Generation, clock(out.ExpiresAt)), err
	})
}

func (a *app) cancel() *cobra.Command {
	return a.steer("cancel", "take an invitation back, on the License IDs that you administer (R82)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Cancel(ctx, c)
		text := fmt.Sprintf("taken back on %d License IDs", out.Withdrawn)
		if out.Ended {
			text += "; the invitation has ended and its links are dead"
		} else {
			text += fmt.Sprintf("; %d License IDs of other admins remain", out.Remaining)
		}
		return out, text, err
	})
}
