package command

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// apply takes in an organization: directory, agreements, contacts and first administrators (R03, R25).
func (a *app) apply() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "apply",
		Short: "Add an organization with its directory, agreements and first administrators; safe to repeat",
		Example: `  starter apply -f fabrikam.yaml

fabrikam.yaml:
  organization:
    id: 0d5f7a52-6c1b-4f43-8d0e-3a7c5b1e0002
    name: Fabrikam Inc.
    domains: [fabrikam.test]
  directory:
    - {object_id: o-ann, email: ann@fabrikam.test, name: Ann Beebe}
  agreements:
    - license_id: M3000
      program: MBSA
      processed_at: 2026-01-15T09:00:00Z
      administrators:
        - {sign_in_email: ann@fabrikam.test, name: Ann Beebe, registered: 2026-01-20T08:00:00Z}
    - {license_id: E3001, program: Enterprise Agreement, parent: M3000, processed_at: 2026-02-01T09:00:00Z}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var f organizationFile
			if err := a.readYAML(file, &f); err != nil {
				return err
			}
			parts, err := f.parts()
			if err != nil {
				return err
			}
			return a.runApply(cmd.Context(), parts)
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "YAML file; - for standard input")
	return c
}

// runApply applies the parts of a file, one after the other.
func (a *app) runApply(ctx context.Context, parts []licensing.Intake) error {
	check := func(p licensing.Policy) error {
		for _, part := range parts {
			if _, err := part.Check(p); err != nil {
				return err
			}
		}
		return nil
	}
	s, err := a.checked(check, a.openWriter)(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	var sum licensing.IntakeAnswer
	for n, part := range parts {
		part.ID = a.partRequest(n)
		out, err := s.client.Apply(ctx, part)
		if err != nil {
			return err
		}
		addIntake(&sum, out)
		if len(parts) > 1 {
			fmt.Fprintf(a.err, "Part %d of %d is stored.\n", n+1, len(parts))
		}
	}
	return a.printOrganization(sum)
}

// partRequest derives an ID for each part from the one of the whole file, so that the file can be repeated.
func (a *app) partRequest(n int) licensing.RequestID {
	first := a.request()
	if n == 0 {
		return first
	}
	number := binary.AppendUvarint(nil, uint64(n))
	return licensing.RequestID(uuid.NewSHA1(uuid.MustParse(string(first)), number).String())
}

func addIntake(sum *licensing.IntakeAnswer, out licensing.IntakeAnswer) {
	sum.Domains = max(sum.Domains, out.Domains)
	for _, o := range out.Odd {
		o.Index += sum.Directory // of the file
		sum.Odd = append(sum.Odd, o)
	}
	sum.Directory += out.Directory
	sum.Agreements += out.Agreements
	sum.Work += out.Work
	sum.People = append(sum.People, out.People...)
	sum.Contacts = append(sum.Contacts, out.Contacts...)
	sum.Orphaned = append(sum.Orphaned, out.Orphaned...)
}

func (a *app) printOrganization(sum licensing.IntakeAnswer) error {
	err := a.print(sum, func(w io.Writer) {
		fmt.Fprintf(w, "%s, %s in the directory, %s.\n", count(sum.Domains, "domain", "domains"),
			count(sum.Directory, "person", "people"), count(sum.Agreements, "agreement", "agreements"))
		a.writeIntake(w, sum)
	})
	if err == nil && (anyRefused(sum.People) || len(sum.Odd) > 0) {
		return errPrinted
	}
	return err
}

// parts cuts the file into requests of a size that is taken: the directory first, then the agreements. The
// usual file is one.
func (f organizationFile) parts() ([]licensing.Intake, error) {
	org, ok := asID(f.Organization.ID)
	if !ok {
		return nil, Usage(fmt.Errorf("organization.id: a UUID that stays the same, such as %s",
			uuid.NewString()))
	}
	agreements, err := f.agreements()
	if err != nil {
		return nil, err
	}
	base := licensing.Intake{
		Org:  licensing.OrgID(org),
		Name: f.Organization.Name, Domains: f.Organization.Domains,
		InviteFor: days(f.InviteDays),
	}
	people := directoryPeople(f.Directory)
	if len(people) <= licensing.MaxDirectory && len(agreements) <= licensing.MaxAgreements {
		base.Directory, base.Agreements = people, agreements
		return []licensing.Intake{base}, nil
	}
	var parts []licensing.Intake
	for some := range slices.Chunk(people, licensing.MaxDirectory) {
		part := base
		part.Directory = some
		parts = append(parts, part)
	}
	for some := range slices.Chunk(agreements, licensing.MaxAgreements) {
		part := base
		part.Agreements = some
		parts = append(parts, part)
	}
	return parts, nil
}

func (f organizationFile) agreements() (out []licensing.ContractAgreement, err error) {
	for _, g := range f.Agreements {
		one, err := g.agreement()
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}
