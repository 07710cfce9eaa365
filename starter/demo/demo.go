// Package demo plays the whole life of invitations and assignments on real components, with short delays.
// Each chapter of the story has a file.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
	"vlroles/starter/local"
)

// Command is the command that plays the demonstration.
func Command() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Play the whole life of invitations and assignments on real components, with short delays",
		Long: `Demo starts a Temporal server, SQLite, a mail catcher and the workers, plays a story in which
an admin gives people roles, and prints it as a timeline: who did what, by which rule, the status
before and after, the emails. It exits with 0 only if every step ended as it should.`,
		Example: "  starter demo",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), dir, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&dir, "dir", ".vlroles/demo",
		"folder of the database, Temporal's file and the emails; those of an earlier demo are deleted first")
	return c
}

func run(ctx context.Context, dir string, out io.Writer) (err error) {
	s, err := local.Start(ctx, local.Options{
		Dir: dir, Fresh: true, UI: true, Progress: out, Policy: shortDelays,
		Lookup: func(string) (string, bool) { return "", false },
		Log:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	fmt.Fprintf(out, "Everything runs: Temporal %s, its UI %s, mail inbox %s/\n\n",
		s.Temporal.HostPort(), s.Temporal.UI(), s.WebURL)
	d := newStory(s, out)
	if err := d.play(ctx); err != nil {
		return err
	}
	return d.end(ctx, dir)
}

func shortDelays(p *licensing.Policy) {
	p.Propagation, p.Processing, p.ResendEvery = 4*time.Second, 9*time.Second, 2*time.Second
	p.InviteFor, p.InviteMin = 10*time.Minute, time.Second
	p.Mails = licensing.MailLimits{} // the story of weeks is told within a minute
}

// play plays the chapters in order.
func (d *story) play(ctx context.Context) error {
	for _, chapter := range []struct {
		title string
		play  func(context.Context) error
	}{
		{"A partner adds an organization", d.organization},
		{"Alex saves for five people at once", d.firstSave},
		{"Kim registers by the link in the email", d.registration},
		{"Robin has lost the email", d.lostMail},
		{"Mia's email was refused", d.refusedMail},
		{"Jo's roles can't be provisioned", d.provisioningFailure},
		{"Tom doesn't register in time", d.expiry},
		{"What the rules refuse", d.refusals},
		{"Dana loses a role", d.removal},
		{"Chapter two: a partner processes a contract, and its email is forwarded", d.forwarding},
		{"Noor inherits what stands below the MBSA", d.inheritance},
		{"Alex hands E2003 over to Kim", d.startHandOver},
		{"Jo leaves the tenant and returns, Dana leaves for good", d.leaving},
		{"What was in progress is done", d.completion},
	} {
		fmt.Fprintf(d.out, "\n%s\n", chapter.title)
		if err := chapter.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", chapter.title, err)
		}
	}
	return nil
}
