package command

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"vlroles/config"
	"vlroles/licensing"
	"vlroles/workflows"
)

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
			added, err := AddAttributes(ctx, s.temporal, s.config.TemporalNamespace)
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

// attributes are the search attributes that the workflows set.
var attributes = []temporal.SearchAttributeKey{
	workflows.OrganizationAttribute, workflows.RequestAttribute, workflows.UserAttribute, workflows.DueAttribute, workflows.StatusAttribute,
}

// AddAttributes registers the search attributes that the namespace lacks, and returns their names.
func AddAttributes(ctx context.Context, t client.Client, namespace string) ([]string, error) {
	known, err := t.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("list search attributes: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	var names []string
	for _, attribute := range attributes {
		name, want := attribute.GetName(), attribute.GetValueType()
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
