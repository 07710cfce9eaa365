package command

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// access asks whether a person may do something, and why (R01, R02).
func (a *app) access() *cobra.Command {
	var user, license, may string
	c := &cobra.Command{
		Use:   "access",
		Short: "Whether a person may do something on a License ID, and why; exit code 3 for no",
		Example: `  starter access --user kim@contoso.example --license E2001 --may download_software
  starter access --org contoso.example --user lee@fabrikam.example --license E2001 --may view_orders`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := licensing.ParsePermission(may)
			if err != nil {
				return inFlag("--may", err)
			}
			l, err := licensing.ParseLicenseID(license)
			if err != nil {
				return inFlag("--license", err)
			}
			return a.runAccess(cmd.Context(), user, l, p)
		},
	}
	f := c.Flags()
	f.StringVar(&user, "user", "", userHelp)
	f.StringVar(&license, "license", "", "License ID")
	f.StringVar(&may, "may", "", "the permission, such as view_orders; an unknown one lists them all")
	return c
}

func (a *app) runAccess(ctx context.Context, user string, l licensing.LicenseID,
	p licensing.Permission) error {
	if err := checkUser("--user", user); err != nil {
		return err
	}
	domain := ""
	if e, err := licensing.ParseEmail(user); err == nil {
		domain = e.Domain()
	}
	return a.inOrganization(ctx, a.openReader, domain, func(s *session) error {
		answer, err := s.may(ctx, user, l, p)
		if err != nil {
			return err
		}
		err = a.print(answer, func(w io.Writer) {
			fmt.Fprintf(w, "%s: %s (%s)\n", YesNo(answer.Allowed), answer.Why, answer.Rule)
		})
		if err == nil && !answer.Allowed {
			return errPrinted
		}
		return err
	})
}

// may asks the access check. The answer for an unknown person is no, as for one without roles.
func (s *session) may(ctx context.Context, user string, l licensing.LicenseID,
	p licensing.Permission) (licensing.Answer, error) {
	id, known := asID(user)
	if !known {
		found, err := s.views.UserBySignIn(ctx, s.org, licensing.Email(user))
		if licensing.KindOf(err) == licensing.NotFound {
			return licensing.MayDo(false, licensing.AccessFacts{}, p, l), nil
		}
		if err != nil {
			return licensing.Answer{}, err
		}
		id = string(found)
	}
	return s.views.Access(ctx, s.org, licensing.UserID(id), l, p)
}
