package command

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// preferences shows the agreements that name the caller as a contact, and whether he inherits below them
// (R88, R89).
func (a *app) preferences() *cobra.Command {
	c := &cobra.Command{
		Use:   "preferences",
		Short: "The agreements that name you as a contact, and whether you inherit Administrator below them",
		Example: `  starter preferences --as alex@contoso.example
  starter preferences set --as alex@contoso.example --license M2000 --inherit yes`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.asCaller(ctx, a.openReader, func(s *session) error {
				all, err := s.views.Preferences(ctx, s.org, s.caller)
				if err != nil {
					return err
				}
				return a.print(all, func(w io.Writer) { preferencesTable(w, all) })
			})
		},
	}
	c.AddCommand(a.setPreference())
	return c
}

func preferencesTable(w io.Writer, all []licensing.Preference) {
	var rows [][]string
	for _, p := range all {
		rows = append(rows, []string{
			string(p.License), p.Program, inherits(p),
			strconv.Itoa(p.Below), strconv.Itoa(len(p.Without)),
		})
	}
	table(w, list{
		head: []string{"LICENSE ID", "PROGRAM", "INHERIT", "LICENSE IDS BELOW", "EXCLUDED BY INVOICE READER"},
		rows: rows, none: "No agreement names you as a contact.",
	})
}

// setPreference opts a contact in or out (R88–R90).
func (a *app) setPreference() *cobra.Command {
	var license, inherit string
	c := &cobra.Command{
		Use:     "set",
		Short:   "Choose whether you inherit Administrator below an agreement that names you",
		Example: "  starter preferences set --as alex@contoso.example --license M2000 --inherit yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if inherit != "yes" && inherit != "no" {
				return Usage(errors.New("--inherit is yes or no"))
			}
			in := licensing.PreferenceChange{License: licensing.LicenseID(license), Inherit: inherit == "yes"}
			check := func(licensing.Policy) error { _, err := in.Check(); return err }
			return a.asCaller(ctx, a.checked(check, a.openWriter), func(s *session) error {
				in.Request, in.Org, in.User = a.request(), s.org, s.caller
				out, err := s.client.SetPreference(ctx, in)
				if err != nil {
					return err
				}
				return a.print(out, func(w io.Writer) { writePreference(w, out) })
			})
		},
	}
	c.Flags().StringVar(&license, "license", "", "License ID of the agreement that names you")
	c.Flags().StringVar(&inherit, "inherit", "", "yes or no")
	return c
}

// inherits says whether somebody inherits, and why he can't where he can't.
func inherits(p licensing.Preference) string {
	if p.WhyNot != nil && !p.Inherit {
		return "no: " + p.WhyNot.Error()
	}
	return YesNo(p.Inherit)
}

func writePreference(w io.Writer, out licensing.PreferenceAnswer) {
	fmt.Fprintf(w, "Inherit Administrator below %s: %s, on %s, from now on.\n", out.License,
		YesNo(out.Inherit), licenses(out.Below))
	for _, l := range out.Without {
		fmt.Fprintf(w, "Not on %s: you are Invoice Reader there (R92).\n", l)
	}
}
