package command

import (
	"io"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

const partnerHelp = "the partner who says so, for the audit: a name or a number, no email"

// agreement takes in one agreement with its contacts, as a partner gives it (R03, R18, R25, R34).
func (a *app) agreement() *cobra.Command {
	var file string
	var inviteDays int
	var partner string
	c := &cobra.Command{
		Use:   "agreement",
		Short: "Add or change one agreement with its contacts, as a partner",
		Example: `  starter agreement --org contoso.example -f e2005.yaml

e2005.yaml:
  license_id: E2005
  program: Enterprise Agreement
  parent: M2000
  processed_at: 2026-02-01T09:00:00Z
  invitation: mail                       # none: assigning invites nobody
  contacts:                              # kinds that are not named stay as they are
    - {kind: primary, business_email: pat@contoso.example, name: Pat Lee}
    - {kind: bill_to, business_email: invoices@fabrikam.example, name: Ivy Counts}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var f agreementFile
			if err := a.readYAML(file, &f); err != nil {
				return err
			}
			g, err := f.agreement()
			if err != nil {
				return err
			}
			in := licensing.AgreementPut{Agreement: g, InviteFor: days(inviteDays), Partner: partner}
			check := func(p licensing.Policy) error { _, err := in.Check(p); return err }
			return a.asPartner(ctx, a.checked(check, a.openWriter), func(s *session) error {
				in.ID, in.Org = a.request(), s.org
				out, err := s.client.PutAgreement(ctx, in)
				return a.printIntake(out, err)
			})
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "YAML file; - for standard input")
	c.Flags().IntVar(&inviteDays, "invite-days", 0, daysHelp)
	c.Flags().StringVar(&partner, "partner", "", partnerHelp)
	return c
}

// contact carries out a Change of Contact Information Request: another person takes a contact's place (R34,
// R37).
func (a *app) contact() *cobra.Command {
	var f contactFile
	var licenses []string
	var from, partner string
	c := &cobra.Command{
		Use:   "contact",
		Short: "Replace a contact of agreements (Change of Contact Information Request), as a partner",
		Example: `  starter contact --org contoso.example --kind notices --license M2000 \
    --business alex@contoso.example --name "Alex Wilber"
  starter contact --org contoso.example --kind primary --from pat@contoso.example \
    --business jo@contoso.example --name "Jo Brown"
  starter contact --org contoso.example --kind bill_to --license E2001,E2003 \
    --business invoices@fabrikam.example --name "Ivy Counts"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			in := licensing.ContactChange{
				Contact: f.contact(), From: licensing.Email(from), Licenses: licenseIDs(licenses),
				Partner: partner,
			}
			check := func(p licensing.Policy) error { _, err := in.Check(p); return err }
			return a.asPartner(ctx, a.checked(check, a.openWriter), func(s *session) error {
				in.ID, in.Org = a.request(), s.org
				out, err := s.client.ChangeContact(ctx, in)
				return a.printIntake(out, err)
			})
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.Kind, "kind", "", "primary, notices, online_administrator or bill_to")
	fl.StringVar(&f.Business, "business", "", "the new contact's business email on the contract")
	fl.StringVar(&f.SignIn, "sign-in", "", "the new contact's sign-in email, if it is another one")
	fl.StringVar(&f.Name, "name", "", "the new contact's full name")
	fl.StringSliceVar(&licenses, "license", nil, "on these License IDs")
	fl.StringVar(&partner, "partner", "", partnerHelp)
	fl.StringVar(&from, "from", "", "on all License IDs that list this business email now")
	return c
}

func (a *app) printIntake(out licensing.IntakeAnswer, err error) error {
	if err != nil {
		return err
	}
	err = a.print(out, func(w io.Writer) { a.writeIntake(w, out) })
	if err == nil && anyRefused(out.People) {
		return errPrinted
	}
	return err
}
