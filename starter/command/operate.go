package command

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"vlroles/config"
	"vlroles/licensing"
)

// migration is what `migrate` did.
type migration struct {
	Migrations int      `json:"migrations"`
	Attributes []string `json:"search_attributes"`
	Every      string   `json:"directory_every"`
}

func (a *app) migrate() *cobra.Command {
	return &cobra.Command{
		Use:     "migrate",
		Short:   "Bring database, search attributes and schedules to this version; safe to repeat",
		Example: "  starter migrate",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			s, err := a.openAll(ctx)
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
			every := directoryEvery(s.config)
			if err := s.client.CompareDirectories(ctx, every); err != nil {
				return err
			}
			if err := s.client.Retain(ctx, retentionEvery); err != nil {
				return err
			}
			return a.print(migration{n, added, every.String()},
				func(w io.Writer) { writeMigration(w, n, added, every) })
		},
	}
}

// retentionEvery is how often personal data that is due is erased (L10).
const retentionEvery = 24 * time.Hour

// directoryEvery is how often directories are compared with their tenants; 0: never.
func directoryEvery(c config.Config) time.Duration {
	if c.DirectoryURL == "" {
		return 0
	}
	return c.DirectoryEvery
}

func writeMigration(w io.Writer, migrations int, attributes []string, every time.Duration) {
	fmt.Fprintf(w, "%s applied, %s added.\n", count(migrations, "migration", "migrations"),
		count(len(attributes), "search attribute", "search attributes"))
	fmt.Fprintf(w, "Personal data that nothing needs any more is erased every %s.\n",
		licensing.Period(retentionEvery))
	if every > 0 {
		fmt.Fprintf(w, "Directories are compared with their tenants every %s.\n", licensing.Period(every))
	}
}

func (a *app) config() *cobra.Command {
	return &cobra.Command{
		Use:     "config",
		Short:   "List the environment variables of all programs with their defaults",
		Example: "  starter config",
		RunE: func(*cobra.Command, []string) error {
			all := config.Describe()
			return a.print(all, func(w io.Writer) {
				var rows [][]string
				for _, v := range all {
					rows = append(rows, []string{v.Name, textOrDash(v.Default), v.What})
				}
				table(w, list{head: []string{"VARIABLE", "DEFAULT", "MEANING"}, rows: rows})
			})
		},
	}
}
