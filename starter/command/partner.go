package command

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

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
				return UsageError{fmt.Errorf("--file is missing")}
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
