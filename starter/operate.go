package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"

	"vlroles/config"
	"vlroles/licensing"
	"vlroles/workflows"
)

func bytesReader(b []byte) io.Reader { return bytes.NewReader(b) }

func (a *app) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "bring the database's schema, Temporal's search attributes and its schedule to this version; safe to repeat and to run twice at once",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			s, err := a.changing(ctx)
			if err != nil {
				return err
			}
			defer s.close()
			n, err := s.rows.Migrate(ctx)
			if err != nil {
				return err
			}
			added, err := addAttributes(ctx, s.temporal, s.config.TemporalNamespace)
			if err != nil {
				return err
			}
			every := s.config.DirectoryEvery
			if s.config.DirectoryURL == "" {
				every = 0
			}
			if err := s.client.CompareDirectories(ctx, every); err != nil {
				return err
			}
			return a.answer(map[string]any{"migrations": n, "search_attributes": added, "directory_every": every.String()}, func(w io.Writer) {
				fmt.Fprintf(w, "%d migrations applied, %d search attributes added\n", n, len(added))
				if every > 0 {
					fmt.Fprintf(w, "directories are compared with the tenants every %s\n", licensing.Period(every))
				}
			})
		},
	}
}

// addAttributes registers the search attributes that the namespace lacks, and returns their names.
func addAttributes(ctx context.Context, t client.Client, namespace string) ([]string, error) {
	known, err := t.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	var names []string
	for name, kind := range workflows.AttributeTypes() {
		want := enumspb.INDEXED_VALUE_TYPE_KEYWORD
		if kind == "Datetime" {
			want = enumspb.INDEXED_VALUE_TYPE_DATETIME
		}
		have, ok := known.GetCustomAttributes()[name]
		if ok && have != want {
			return nil, fmt.Errorf("search attribute %s has the type %s, and must have %s", name, have, want)
		}
		if !ok {
			missing[name] = want
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return names, nil
	}
	_, err = t.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{SearchAttributes: missing, Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("add search attributes: %w", err)
	}
	return names, nil
}

func (a *app) config() *cobra.Command {
	return &cobra.Command{
		Use:   "config",
		Short: "list the environment variables of all processes with their defaults",
		RunE: func(*cobra.Command, []string) error {
			all := config.Describe()
			return a.answer(all, func(w io.Writer) {
				var rows [][]string
				for _, v := range all {
					rows = append(rows, []string{v.Name, dash(v.Default), v.What})
				}
				table(w, []string{"VARIABLE", "DEFAULT", "MEANING"}, rows)
			})
		},
	}
}

// intakeFile is an organization as `apply -f` reads it.
type intakeFile struct {
	Organization struct {
		ID      string   `yaml:"id"`
		Name    string   `yaml:"name"`
		Domains []string `yaml:"domains"`
	} `yaml:"organization"`
	InviteDays int                 `yaml:"invite_days"`
	Directory  []personInDirectory `yaml:"directory"`
	Agreements []agreementFile     `yaml:"agreements"`
}

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
				return usageError{fmt.Errorf("--file is missing")}
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
		return nil, usageError{fmt.Errorf("organization.id: a UUID that stays the same, such as %s", uuid.NewString())}
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
