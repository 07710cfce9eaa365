package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) apply() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "apply",
		Short: "take in an organization: directory, agreements, contacts and first administrators (R03, R25); safe to repeat",
		Example: `  starter apply -f contoso.yaml

contoso.yaml:
  organization:
    id: 5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0001
    name: Contoso Ltd.
    domains: [contoso.example]
  directory:
    - {object_id: o-1, email: alex@contoso.example, name: Alex Wilber}
  agreements:
    - license_id: M100
      program: MBSA
      processed_at: 2026-01-15T09:00:00Z
      administrators:
        - {sign_in_email: alex@contoso.example, name: Alex Wilber, registered: 2026-01-20T08:00:00Z}
    - {license_id: E1001, program: Enterprise Agreement, parent: M100, processed_at: 2026-02-01T09:00:00Z}`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var f intakeFile
			if file == "" {
				return UsageError{fmt.Errorf("--file is missing")}
			}
			if err := readYAML(file, &f); err != nil {
				return err
			}
			s, err := a.changing(cmd.Context())
			if err != nil {
				return err
			}
			defer s.close()
			return a.takeIn(cmd.Context(), s, f)
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "YAML file; - for standard input")
	return c
}

// takeIn applies the file in parts: the directory in portions, then the agreements.
func (a *app) takeIn(ctx context.Context, s *session, f intakeFile) error {
	parts, err := f.parts()
	if err != nil {
		return err
	}
	var sum licensing.IntakeAnswer
	for n, part := range parts {
		if part.ID, err = a.request(); err != nil {
			return err
		}
		if a.requestID != "" && n > 0 { // one id for the whole file, one of its own for each part
			part.ID = licensing.RequestID(uuid.NewSHA1(uuid.MustParse(a.requestID), []byte{byte(n)}).String())
		}
		out, err := s.client.Apply(ctx, part)
		if err != nil {
			return err
		}
		sum.Domains, sum.Directory = max(sum.Domains, out.Domains), sum.Directory+out.Directory
		sum.Agreements, sum.Work = sum.Agreements+out.Agreements, sum.Work+out.Work
		sum.People = append(sum.People, out.People...)
		sum.Contacts, sum.Orphaned = append(sum.Contacts, out.Contacts...), append(sum.Orphaned, out.Orphaned...)
		if len(parts) > 1 {
			fmt.Fprintf(a.err, "part %d of %d is stored\n", n+1, len(parts))
		}
	}
	err = a.answer(sum, func(w io.Writer) {
		fmt.Fprintf(w, "%d domains, %d people of the directory, %d agreements\n", sum.Domains, sum.Directory, sum.Agreements)
		intakeText(w, sum)
	})
	if err == nil && anyRefused(sum.People) {
		return errSaid
	}
	return err
}

func (f intakeFile) parts() ([]licensing.Intake, error) {
	if uuid.Validate(f.Organization.ID) != nil {
		return nil, UsageError{fmt.Errorf("organization.id: a UUID that stays the same, such as %s", uuid.NewString())}
	}
	base := licensing.Intake{
		Org: licensing.OrgID(strings.ToLower(f.Organization.ID)), Name: f.Organization.Name, Domains: f.Organization.Domains,
		InviteFor: time.Duration(f.InviteDays) * 24 * time.Hour,
	}
	people := directoryPeople(f.Directory)
	var agreements []licensing.ContractAgreement
	for _, g := range f.Agreements {
		c, err := g.agreement()
		if err != nil {
			return nil, err
		}
		agreements = append(agreements, c)
	}
	var parts []licensing.Intake
	for some := range slices.Chunk(people, licensing.MaxDirectory) {
		p := base
		p.Directory = some
		parts = append(parts, p)
	}
	for some := range slices.Chunk(agreements, licensing.MaxAgreements) {
		p := base
		p.Agreements = some
		parts = append(parts, p)
	}
	if len(parts) == 0 {
		parts = append(parts, base)
	}
	if last := len(parts) - 1; last == 1 && len(people) > 0 && len(agreements) > 0 {
		parts[0].Agreements = parts[1].Agreements // the usual file is one part
		parts = parts[:1]
	}
	return parts, nil
}
