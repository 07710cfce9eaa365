package local

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
	"vlroles/starter/command"
)

func Dev(lookup func(string) (string, bool)) *cobra.Command {
	var dir string
	var propagation, processing time.Duration
	p := Ports{}
	c := &cobra.Command{
		Use:   "dev",
		Short: "everything in this process, left running: Temporal with its UI, SQLite, the workers, a mail inbox",
		Long: `Dev runs everything in one process until Ctrl-C: a Temporal server with its UI, SQLite, the workers, an SMTP
catcher with an inbox page, and a downstream system that takes provisioning calls. It loads the demonstration's
organization the first time. Commands in other terminals find it by themselves:

  go run ./starter users  --as alex@contoso.example
  go run ./starter assign --as alex@contoso.example --user noor@contoso.example --license E2001 --role administrator

What it kept can be opened again; --dir .vlroles/demo opens what the last demo left.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd, StackOptions{Dir: dir, Ports: p, Lookup: lookup, Policy: func(l *licensing.Policy) {
				l.Propagation, l.Processing, l.ResendEvery = propagation, processing, 10*time.Second
			}})
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "dir", command.DevDir, "folder of the database, Temporal's file and the mails")
	f.DurationVar(&propagation, "propagation", 20*time.Second, "from registration or assignment to access (2h in production)")
	f.DurationVar(&processing, "processing", time.Minute, "from an agreement's processing to access (10h in production)")
	f.IntVar(&p.Temporal, "temporal-port", 7233, "Temporal's port; 0: a free one")
	f.IntVar(&p.UI, "ui-port", 8233, "the Temporal UI's port; 0: a free one")
	f.IntVar(&p.Mail, "mail-port", 1025, "the mail catcher's port; 0: a free one")
	f.IntVar(&p.Web, "web-port", 8080, "the inbox's port; 0: a free one")
	return c
}

func runDev(cmd *cobra.Command, o StackOptions) (err error) {
	ctx := cmd.Context()
	o.UI, o.Progress = true, cmd.ErrOrStderr()
	o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := StartStack(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.loadContoso(ctx); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), `
Running until Ctrl-C.

  mail inbox     %s/
  Temporal UI    %s
  Temporal       %s   (TEMPORAL_ADDRESS)
  SMTP           127.0.0.1:%d
  rows           %s
  mails          %s

  go run ./starter users --as alex@contoso.example
`, s.WebURL, s.Temporald.UI(), s.Temporald.HostPort(), s.Mailbox.Port(), filepath.Join(o.Dir, "vlroles.db"), filepath.Join(o.Dir, "mails"))
	select {
	case <-ctx.Done():
		fmt.Fprintln(cmd.OutOrStdout(), "\nStopping: running activities finish first.")
		return nil
	case err := <-s.failed:
		return err
	}
}
