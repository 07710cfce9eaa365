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

// registerFlags are a link and who holds it.
type registerFlags struct{ link, email, object, name string }

// register accepts an invitation by its link, as the person who signs in (R23, R28, R29).
func (a *app) register() *cobra.Command {
	var f registerFlags
	c := &cobra.Command{
		Use:   "register",
		Short: "Register by the link of an invitation, as the person who signs in",
		Example: `  starter register --email kim@contoso.example \
    --link http://127.0.0.1:8080/invitations/dev.…`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runRegister(cmd.Context(), f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.link, "link", "", "the link in the email, or its last part")
	fl.StringVar(&f.email, "email", "", "the email with which the person signs in")
	fl.StringVar(&f.object, "object-id", "", "the person's object ID in the directory")
	fl.StringVar(&f.name, "name", "", "the person's name as the identity provider gives it")
	return c
}

func (a *app) runRegister(ctx context.Context, f registerFlags) error {
	who, err := f.identity()
	if err != nil {
		return err
	}
	keys, token, t, err := a.ticket(f.link)
	if err != nil {
		return err
	}
	s, err := a.openWriter(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if who.ObjectID == "" { // an identity provider would say it
		known, err := s.views.SignsIn(ctx, t.Invitation, who.Email)
		if err != nil {
			return a.readFault(err)
		}
		who.ObjectID = known.ObjectID
	}
	r, err := keys.Accept(token, who, a.request())
	if err != nil {
		return err
	}
	out, err := s.client.Register(ctx, r)
	if err != nil {
		return err
	}
	return a.print(out, func(w io.Writer) {
		fmt.Fprintf(w, "Registered. Status: %s\n", licensing.StatusAssignmentInProgress)
		for _, e := range out.Access {
			fmt.Fprintf(w, "  %s: %s, effective from %s\n", e.License, RoleNames(e.Roles),
				licensing.Clock(e.DueAt))
		}
	})
}

// identity is who holds the link.
func (f registerFlags) identity() (who licensing.Identity, err error) {
	if f.link == "" {
		return who, Usage(errors.New("--link is required"))
	}
	who = licensing.Identity{ObjectID: licensing.ObjectID(f.object), Name: licensing.CleanName(f.name)}
	who.Email, err = licensing.ParseEmail(f.email)
	return who, inFlag("--email", err)
}

// ticket reads a link with the key that it was made with.
func (a *app) ticket(link string) (keys licensing.LinkKeys, token string, t licensing.Ticket, err error) {
	c, err := a.load(config.Commands | config.Portal)
	if err != nil {
		return keys, "", t, err
	}
	token = link
	if u, err := url.Parse(link); err == nil && u.Host != "" {
		token = path.Base(u.Path)
	}
	t, err = c.LinkKeys.Verify(token)
	return c.LinkKeys, token, t, err
}

// resend sends the same link again (R58).
func (a *app) resend() *cobra.Command {
	c := userCommand{use: "resend", short: "Resend invite: send the invitation again with the same link"}
	c.run = func(ctx context.Context, s *session, cmd licensing.Command) (any, string, error) {
		out, err := s.client.Resend(ctx, cmd)
		expires := timeOrDash(out.ExpiresAt)
		return out, "The email is sent again with the same link, which expires on " + expires + ".", err
	}
	return a.userCommand(c)
}

// reset makes the next generation of an invitation; it works on stuck runs, too (R58).
func (a *app) reset() *cobra.Command {
	c := userCommand{use: "reset", short: "Reset invite: send a new invitation; earlier links stop working"}
	c.run = func(ctx context.Context, s *session, cmd licensing.Command) (any, string, error) {
		out, err := s.client.Reset(ctx, cmd)
		const text = "An email with a new link is sent (generation %d). The link expires on %s. " +
			"Earlier links have stopped working."
		return out, fmt.Sprintf(text, out.Generation, timeOrDash(out.ExpiresAt)), err
	}
	return a.userCommand(c)
}

// cancel takes an invitation back, as far as the caller administers what it gives (R82).
func (a *app) cancel() *cobra.Command {
	c := userCommand{use: "cancel", short: "Cancel an invitation on the License IDs that you administer"}
	c.run = func(ctx context.Context, s *session, cmd licensing.Command) (any, string, error) {
		out, err := s.client.Cancel(ctx, cmd)
		text := "Canceled on " + licenses(out.Withdrawn) + ". "
		if out.Ended {
			return out, text + "The invitation has ended, and its links have stopped working.", err
		}
		return out, text + "The invitation goes on for " + licenses(out.Remaining) + " of other admins.", err
	}
	return a.userCommand(c)
}
