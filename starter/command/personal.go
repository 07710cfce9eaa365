package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// export writes everything that is kept about one person (L10).
func (a *app) export() *cobra.Command {
	var user string
	c := &cobra.Command{
		Use:   "export",
		Short: "Everything that is kept about a person, as JSON: your own, or a user's as support",
		Example: `  starter export --as alex@contoso.example
  starter export --org contoso.example --user lee@fabrikam.example -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if (a.as == "") == (user == "") {
				return Usage(errors.New("say whose data: --as for your own, --user as support; not both"))
			}
			write := func(s *session, id licensing.UserID) error {
				out, err := s.views.PersonalData(ctx, s.org, id)
				if err != nil {
					return err
				}
				return a.print(out, func(w io.Writer) {
					e := json.NewEncoder(w)
					e.SetIndent("", "  ")
					_ = e.Encode(out) // as for every text: whoever closed the output doesn't read on
				})
			}
			if a.as != "" {
				return a.asCaller(ctx, a.openReader, func(s *session) error { return write(s, s.caller) })
			}
			if err := checkUser("--user", user); err != nil {
				return err
			}
			return a.asPartner(ctx, a.openReader, func(s *session) error {
				id, err := s.findUser(ctx, user)
				if err != nil {
					return err
				}
				return write(s, id)
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", "as support: user ID or sign-in email")
	return c
}

// erase erases one person's data for support (L10).
func (a *app) erase() *cobra.Command {
	var user, reason string
	c := &cobra.Command{
		Use:   "erase",
		Short: "Erase a person's data, as support, because the person asked for it",
		Long: `Erase a person's data, as support, because the person asked for it.

The person must have no roles, invitation or hand-over left and be named on no contract. What stays is an ID
in the audit. It can't be undone.`,
		Example: `  starter erase --org contoso.example --user lee@fabrikam.example --reason "case 4711"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if err := checkUser("--user", user); err != nil {
				return err
			}
			in := licensing.Erasure{Reason: reason}
			check := func(licensing.Policy) error { _, err := in.Check(); return inFlag("--reason", err) }
			return a.asPartner(ctx, a.checked(check, a.openWriter), func(s *session) error {
				id, err := s.findUser(ctx, user)
				if err != nil {
					return err
				}
				in.ID, in.Org, in.User = a.request(), s.org, id
				out, err := s.client.Erase(ctx, in)
				if err != nil {
					return err
				}
				return a.print(out, func(w io.Writer) {
					fmt.Fprintf(w, "Erased: the profile and what %s said. The ID %s stays in the audit.\n",
						count(out.Mails, "mail", "mails"), id)
				})
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", "user ID or sign-in email")
	c.Flags().StringVar(&reason, "reason", "", "why: a case number, for example; kept in the audit")
	return c
}
