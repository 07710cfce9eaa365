package command

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) preferences() *cobra.Command {
	return &cobra.Command{
		Use:     "preferences",
		Short:   "the agreements that name you as a contact, and whether you inherit Administrator below them (R88, R89)",
		Example: "  starter preferences --as pat@contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), a.reading, func(s *session) error {
				all, err := s.rows.Preferences(cmd.Context(), s.org, s.me)
				if err != nil {
					return err
				}
				return a.answer(all, func(w io.Writer) {
					var rows [][]string
					for _, p := range all {
						rows = append(rows, []string{string(p.License), p.Program, Yes(p.Inherit), strconv.Itoa(p.Below), strconv.Itoa(len(p.Without))})
					}
					table(w, []string{"LICENSE ID", "PROGRAM", "INHERIT", "LICENSE IDS BELOW", "EXCLUDED BY INVOICE READER"}, rows)
				})
			})
		},
	}
}

func (a *app) prefer() *cobra.Command {
	var license, inherit string
	c := &cobra.Command{
		Use:     "prefer",
		Short:   "opt in to inherit Administrator on everything below an agreement that names you, or out (R88–R90)",
		Example: "  starter prefer --as pat@contoso.example --license M100 --inherit yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if inherit != "yes" && inherit != "no" {
				return UsageError{errors.New("--inherit: yes or no")}
			}
			return a.with(ctx, a.changing, func(s *session) error {
				id, err := a.request()
				if err != nil {
					return err
				}
				out, err := s.client.Prefer(ctx, licensing.PreferenceChange{Request: id, Org: s.org, User: s.me, License: licensing.LicenseID(license), Inherit: inherit == "yes"})
				if err != nil {
					return err
				}
				return a.answer(out, func(w io.Writer) {
					fmt.Fprintf(w, "inherit below %s: %s; %d License IDs, from now on\n", out.License, Yes(out.Inherit), out.Below)
					for _, l := range out.Without {
						fmt.Fprintf(w, "not on %s: Invoice Reader excludes it (R92)\n", l)
					}
				})
			})
		},
	}
	c.Flags().StringVar(&license, "license", "", "License ID of the agreement above")
	c.Flags().StringVar(&inherit, "inherit", "", "yes or no")
	return c
}
