package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"

	"github.com/spf13/cobra"

	"vlroles/config"
	"vlroles/licensing"
)

func (a *app) register() *cobra.Command {
	var link, email, object, name string
	c := &cobra.Command{
		Use:     "register",
		Short:   "accept an invitation by its link, as the person who signs in (R23, R28, R29)",
		Example: `  starter register --link http://127.0.0.1:8080/invitations/k1.… --email kim@contoso.example`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			s, err := a.changing(ctx)
			if err != nil {
				return err
			}
			defer s.close()
			r, err := a.registration(link, email, object, name)
			if err != nil {
				return err
			}
			out, err := s.client.Register(ctx, r)
			if err != nil {
				return err
			}
			return a.answer(out, func(w io.Writer) {
				fmt.Fprintf(w, "registered; %s\n", licensing.AssignmentInProgress)
				for _, e := range out.Access {
					fmt.Fprintf(w, "  %s: %s, effective from %s\n", e.License, RoleNames(e.Roles), licensing.Clock(e.DueAt))
				}
			})
		},
	}
	f := c.Flags()
	f.StringVar(&link, "link", "", "the link of the mail, or its last part")
	f.StringVar(&email, "email", "", "the e-mail with which the person signs in")
	f.StringVar(&object, "object-id", "", "the person's object id in the directory")
	f.StringVar(&name, "name", "", "the person's name as the identity provider gives it")
	return c
}

func (a *app) registration(link, email, object, name string) (licensing.Registration, error) {
	var r licensing.Registration
	c, err := config.Load(a.lookup, config.Commands|config.Portal)
	if err != nil {
		return r, err
	}
	if u, err := url.Parse(link); err == nil && u.Host != "" {
		link = path.Base(u.Path)
	}
	if link == "" {
		return r, UsageError{errors.New("--link is missing")}
	}
	if r.Invitation, r.Generation, err = c.LinkKeys.Verify(link); err != nil {
		return r, err
	}
	if r.Identity.Email, err = licensing.ParseEmail(email); err != nil {
		return r, UsageError{fmt.Errorf("--email: %w", err)}
	}
	r.Identity.ObjectID, r.Identity.Name = licensing.ObjectID(object), licensing.CleanName(name)
	r.Request, err = a.request()
	return r, err
}

// steer makes a command that acts on one user's invitation.
func (a *app) steer(use, short string, do func(context.Context, *session, licensing.Command) (any, string, error)) *cobra.Command {
	var user string
	c := &cobra.Command{
		Use: use, Short: short,
		Example: "  starter " + use + " --as alex@contoso.example --user kim@contoso.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.with(ctx, a.changing, func(s *session) error {
				id, err := s.user(ctx, user)
				if err != nil {
					return err
				}
				request, err := a.request()
				if err != nil {
					return err
				}
				v, text, err := do(ctx, s, licensing.Command{Request: request, Org: s.org, User: id, By: s.me})
				if err != nil {
					return err
				}
				return a.answer(v, func(w io.Writer) { fmt.Fprintln(w, text) })
			})
		},
	}
	c.Flags().StringVar(&user, "user", "", "sign-in e-mail or user id")
	return c
}

func (a *app) resend() *cobra.Command {
	return a.steer("resend", "mail the same link again (R58)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Resend(ctx, c)
		return out, "the same link is mailed again; it works until " + clock(out.ExpiresAt), err
	})
}

func (a *app) reset() *cobra.Command {
	return a.steer("reset", "invite anew: new link, full time, older links die; works on stuck runs too (R58)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Reset(ctx, c)
		return out, fmt.Sprintf("a new link is mailed (generation %d); it works until %s", out.Generation, clock(out.ExpiresAt)), err
	})
}

func (a *app) cancel() *cobra.Command {
	return a.steer("cancel", "take an invitation back, on the License IDs that you administer (R82)", func(ctx context.Context, s *session, c licensing.Command) (any, string, error) {
		out, err := s.client.Cancel(ctx, c)
		text := fmt.Sprintf("taken back on %d License IDs", out.Withdrawn)
		if out.Ended {
			text += "; the invitation has ended and its links are dead"
		} else {
			text += fmt.Sprintf("; %d License IDs of other admins remain", out.Remaining)
		}
		return out, text, err
	})
}
