package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// agreementFile is one agreement as YAML files say it.
type agreementFile struct {
	License        string        `yaml:"license_id"`
	Program        string        `yaml:"program"`
	Parent         string        `yaml:"parent"`
	ProcessedAt    time.Time     `yaml:"processed_at"`
	Inactive       bool          `yaml:"inactive"`
	Invitation     string        `yaml:"invitation"`
	Contacts       []contactFile `yaml:"contacts"`
	Administrators []struct {
		SignIn     string    `yaml:"sign_in_email"`
		Business   string    `yaml:"business_email"`
		Name       string    `yaml:"name"`
		Registered time.Time `yaml:"registered"`
	} `yaml:"administrators"`
}

type contactFile struct {
	Kind     string `yaml:"kind"`
	Business string `yaml:"business_email"`
	SignIn   string `yaml:"sign_in_email"`
	Name     string `yaml:"name"`
}

func (f contactFile) contact() licensing.Contact {
	return licensing.Contact{Kind: licensing.ContactKind(f.Kind), Business: licensing.Email(f.Business), SignIn: licensing.Email(f.SignIn), Name: f.Name}
}

func (f agreementFile) agreement() (licensing.ContractAgreement, error) {
	c := licensing.ContractAgreement{License: licensing.LicenseID(f.License), Program: f.Program, Parent: licensing.LicenseID(f.Parent),
		ProcessedAt: f.ProcessedAt, Inactive: f.Inactive, NoInvitation: f.Invitation == "none"}
	if f.Invitation != "" && f.Invitation != "mail" && f.Invitation != "none" {
		return c, usageError{fmt.Errorf("agreement %s: invitation: mail or none (R76)", f.License)}
	}
	for _, p := range f.Contacts {
		c.Contacts = append(c.Contacts, p.contact())
	}
	for _, p := range f.Administrators {
		c.Administrators = append(c.Administrators, licensing.ContractAdministrator{SignIn: licensing.Email(p.SignIn),
			Business: licensing.Email(p.Business), Name: p.Name, Registered: p.Registered})
	}
	return c, nil
}

// partner runs f in the organization of --org: a partner's commands, and support's.
func (a *app) partner(ctx context.Context, open func(context.Context) (*session, error), f func(*session, licensing.RequestID) error) error {
	s, err := open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := a.findOrganization(ctx, s, ""); err != nil {
		return err
	}
	id, err := a.request()
	if err != nil {
		return err
	}
	return f(s, id)
}

func (a *app) agreement() *cobra.Command {
	var file string
	var days int
	c := &cobra.Command{
		Use:   "agreement",
		Short: "take in one agreement with its contacts, new or changed, as a partner (R03, R18, R25, R34)",
		Example: `  starter agreement --org contoso.example -f e1001.yaml

e1001.yaml:
  license_id: E1001
  program: Enterprise Agreement
  parent: M100
  processed_at: 2026-02-01T09:00:00Z
  invitation: mail                       # none: assigning invites nobody (R76)
  contacts:                              # kinds that are not named stay as they are
    - {kind: primary, business_email: pat@contoso.example, name: Pat Lee}
    - {kind: bill_to, business_email: invoices@fabrikam.example, name: Ivy Counts}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var f agreementFile
			if file == "" {
				return usageError{fmt.Errorf("--file is missing")}
			}
			if err := readYAML(file, &f); err != nil {
				return err
			}
			g, err := f.agreement()
			if err != nil {
				return err
			}
			return a.partner(ctx, a.changing, func(s *session, id licensing.RequestID) error {
				out, err := s.client.PutAgreement(ctx, licensing.AgreementPut{ID: id, Org: s.org, Agreement: g, InviteFor: time.Duration(days) * 24 * time.Hour})
				if err != nil {
					return err
				}
				return a.answer(out, func(w io.Writer) { intakeText(w, out) })
			})
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "YAML file; - for standard input")
	c.Flags().IntVar(&days, "invite-days", 0, "days to register, 1 to 90; default: the deployment's (R56)")
	return c
}

// intakeText tells what a partner's request did. It names nobody besides those whom the partner named (R35).
func intakeText(w io.Writer, out licensing.IntakeAnswer) {
	for _, c := range out.Contacts {
		fmt.Fprintf(w, "%s · %s contact: %s", c.License, strings.ReplaceAll(string(c.Kind), "_", " "), c.Outcome)
		if c.Rule != "" {
			fmt.Fprintf(w, " (%s)", c.Rule)
		}
		fmt.Fprintln(w)
	}
	for _, p := range out.People {
		verdicts(w, []licensing.PersonChange{{User: p.User}}, []licensing.PersonVerdict{p})
	}
	if len(out.Contacts)+len(out.People) == 0 {
		fmt.Fprintln(w, "stored; nobody's roles changed")
	}
	orphansText(w, out.Orphaned)
}

func orphansText(w io.Writer, ids []licensing.LicenseID) {
	for _, l := range ids {
		fmt.Fprintf(w, "ORPHANED: License ID %s has no active admin any more (R33): starter seat --license %s …\n", l, l)
	}
}

func (a *app) contact() *cobra.Command {
	var f contactFile
	var ch licensing.ContactChange
	var licenses []string
	var from string
	c := &cobra.Command{
		Use:   "contact",
		Short: "a Change of Contact Information Request: another person takes a contact's place (R34, R37)",
		Example: `  starter contact --org contoso.example --kind notices --from old@contoso.example --business new@contoso.example --name "New Person"
  starter contact --org contoso.example --kind bill_to --license E1001,E1002 --business invoices@fabrikam.example --name "Ivy Counts"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.partner(ctx, a.changing, func(s *session, id licensing.RequestID) error {
				ch.ID, ch.Org, ch.Contact, ch.From = id, s.org, f.contact(), licensing.Email(from)
				for _, l := range licenses {
					ch.Licenses = append(ch.Licenses, licensing.LicenseID(l))
				}
				out, err := s.client.ChangeContact(ctx, ch)
				if err != nil {
					return err
				}
				return a.answer(out, func(w io.Writer) { intakeText(w, out) })
			})
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.Kind, "kind", "", "primary, notices, online_administrator or bill_to")
	fl.StringVar(&f.Business, "business", "", "the new contact's address on the contract (R48)")
	fl.StringVar(&f.SignIn, "sign-in", "", "the new contact's sign-in e-mail, where it is another one")
	fl.StringVar(&f.Name, "name", "", "the new contact's full name")
	fl.StringSliceVar(&licenses, "license", nil, "on these License IDs")
	fl.StringVar(&from, "from", "", "on all License IDs that list this person now")
	return c
}

func (a *app) directory() *cobra.Command {
	var file string
	var p licensing.DirectoryPerson
	var object, email string
	c := &cobra.Command{
		Use:   "directory",
		Short: "what the tenant says of its people: came, renamed, left, returned (R47, R84–R86)",
		Example: `  starter directory --org contoso.example --object-id o-1 --email alex@contoso.example --name "Alex Wilber" --left
  starter directory --org contoso.example -f people.yaml

people.yaml:
  - {object_id: o-1, email: alex@contoso.example, name: Alex Wilber, left: true}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			people := []licensing.DirectoryPerson{{ObjectID: licensing.ObjectID(object), Email: licensing.Email(email), Name: p.Name, Left: p.Left}}
			if file != "" {
				var rows []personInDirectory
				if err := readYAML(file, &rows); err != nil {
					return err
				}
				people = directoryPeople(rows)
			}
			return a.partner(ctx, a.changing, func(s *session, id licensing.RequestID) error {
				out, err := s.client.Directory(ctx, licensing.DirectoryChange{ID: id, Org: s.org, People: people})
				if err != nil {
					return err
				}
				return a.answer(out, func(w io.Writer) {
					fmt.Fprintf(w, "%d people changed; %d VL users lost their access, %d are back and wait for a re-check\n", out.Changed, len(out.Left), len(out.Returned))
					orphansText(w, out.Orphaned)
				})
			})
		},
	}
	fl := c.Flags()
	fl.StringVarP(&file, "file", "f", "", "YAML list of people; - for standard input")
	fl.StringVar(&object, "object-id", "", "the person's immutable id in the directory")
	fl.StringVar(&email, "email", "", "sign-in e-mail")
	fl.StringVar(&p.Name, "name", "", "full name")
	fl.BoolVar(&p.Left, "left", false, "the person is no longer in the tenant")
	return c
}

// personInDirectory is a person of the tenant as YAML files say it.
type personInDirectory struct {
	ObjectID string `yaml:"object_id"`
	Email    string `yaml:"email"`
	Name     string `yaml:"name"`
	Left     bool   `yaml:"left"`
}

func directoryPeople(rows []personInDirectory) (out []licensing.DirectoryPerson) {
	for _, p := range rows {
		out = append(out, licensing.DirectoryPerson{ObjectID: licensing.ObjectID(p.ObjectID), Email: licensing.Email(p.Email), Name: p.Name, Left: p.Left})
	}
	return out
}

func (a *app) orphans() *cobra.Command {
	return &cobra.Command{
		Use:     "orphans",
		Short:   "the License IDs of an organization that have no active admin (R33)",
		Example: "  starter orphans --org contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.partner(cmd.Context(), a.reading, func(s *session, _ licensing.RequestID) error {
				all, err := s.views.Orphans(cmd.Context(), s.org)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) {
					var rows [][]string
					for _, o := range all {
						rows = append(rows, []string{string(o.License), o.Program, strconv.Itoa(o.Waiting)})
					}
					table(w, []string{"LICENSE ID", "PROGRAM", "ADMINS ON THEIR WAY"}, rows)
				})
			})
		},
	}
}

func (a *app) seat() *cobra.Command {
	var p personFlags
	var license, reason string
	c := &cobra.Command{
		Use:     "seat",
		Short:   "support: make somebody the administrator of a License ID that has no active admin; audited (R33)",
		Example: `  starter seat --org contoso.example --license E1001 --user kim@contoso.example --reason "case 4711"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.partner(ctx, a.changing, func(s *session, id licensing.RequestID) error {
				person := licensing.PersonChange{SignIn: licensing.Email(p.user), Name: p.name, Business: licensing.Email(p.business)}
				out, err := s.client.Seat(ctx, licensing.Seat{ID: id, Org: s.org, License: licensing.LicenseID(license), Person: person, Reason: reason})
				if err != nil {
					return err
				}
				return a.saved(out.People, out, []licensing.PersonChange{person})
			})
		},
	}
	fl := c.Flags()
	fl.StringVar(&license, "license", "", "License ID")
	fl.StringVar(&p.user, "user", "", "sign-in e-mail")
	fl.StringVar(&p.name, "name", "", "full name; needed for external people (R44)")
	fl.StringVar(&p.business, "business", "", "business e-mail; default: the sign-in e-mail (R48)")
	fl.StringVar(&reason, "reason", "", "why: the number of the case; kept in the audit")
	return c
}

// saved prints verdicts, and ends with the code of a refusal where there is one.
func (a *app) saved(people []licensing.PersonVerdict, whole any, asked []licensing.PersonChange) error {
	err := a.answer(whole, func(w io.Writer) { verdicts(w, asked, people) })
	if err == nil && anyRefused(people) {
		return errSaid
	}
	return err
}
