package command

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

func (a *app) access() *cobra.Command {
	var user, license, may string
	c := &cobra.Command{
		Use:   "access",
		Short: "may this person do that on this License ID, and why (R01, R02); exit code 3 for no",
		Example: `  starter access --user kim@contoso.example --license E1001 --may download_software
  starter access --org contoso.example --user lee@fabrikam.example --license E1001 --may view_orders`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			s, err := a.reading(ctx)
			if err != nil {
				return err
			}
			defer s.close()
			p, err := licensing.ParsePermission(may)
			if err != nil {
				return UsageError{fmt.Errorf("--may: %w", err)}
			}
			l, err := licensing.ParseLicenseID(license)
			if err != nil {
				return UsageError{fmt.Errorf("--license: %w", err)}
			}
			domain := ""
			if e, err := licensing.ParseEmail(user); err == nil {
				domain = e.Domain()
			}
			if err := a.findOrganization(ctx, s, domain); err != nil {
				return err
			}
			answer, err := s.may(ctx, user, l, p)
			if err != nil {
				return err
			}
			err = a.answer(answer, func(w io.Writer) {
				word := "no"
				if answer.Allowed {
					word = "yes"
				}
				fmt.Fprintf(w, "%s: %s (%s)\n", word, answer.Why, answer.Rule)
			})
			if err == nil && !answer.Allowed {
				return errSaid
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&user, "user", "", "sign-in e-mail or user id")
	f.StringVar(&license, "license", "", "License ID")
	f.StringVar(&may, "may", "", "the permission, such as view_orders; an unknown one lists them all")
	return c
}

// may asks the access check; a person who isn't known simply may not.
func (s *session) may(ctx context.Context, user string, l licensing.LicenseID, p licensing.Permission) (licensing.Answer, error) {
	id, err := s.user(ctx, user)
	if licensing.KindOf(err) == licensing.NotFound {
		return licensing.MayDo(false, licensing.AccessFacts{}, p, l), nil
	}
	if err != nil {
		return licensing.Answer{}, err
	}
	return s.rows.Access(ctx, s.org, id, l, p)
}
