package local

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// Dev is the command that runs everything until it is interrupted. lookup reads an environment variable.
func Dev(lookup func(string) (string, bool)) *cobra.Command {
	o := Options{Lookup: lookup, UI: true}
	var propagation, processing time.Duration
	c := &cobra.Command{
		Use:   "dev",
		Short: "Run everything in this process: Temporal with its UI, SQLite, the workers, a mail inbox",
		Long: `Dev runs everything in one process until Ctrl-C: a Temporal server with its UI, SQLite, the
workers, an SMTP catcher with an inbox page, and a downstream system that takes provisioning calls.
The first time, it adds the organization of the demonstration. Commands in other terminals find
it by themselves in the same folder, else with --dir. A second dev in one folder is refused.

What an earlier run left can be opened again; --dir .vlroles/demo opens what the last demo left.`,
		Example: `  starter dev
  starter dev --dir .vlroles/demo

In another terminal:
  starter users  --as alex@contoso.example
  starter assign --as alex@contoso.example --user noor@contoso.example --license E2001 --role administrator`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Policy = func(p *licensing.Policy) {
				p.Propagation, p.Processing, p.ResendEvery = propagation, processing, 10*time.Second
				p.Mails.Hourly, p.Mails.Daily = 100, 1000 // whoever tries things out sends more than in production
			}
			return runDev(cmd, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Dir, "dir", command.DevDir, "folder of the database, Temporal's file and the emails")
	f.DurationVar(&propagation, "propagation", 20*time.Second,
		"from registration or assignment to access (2h in production)")
	f.DurationVar(&processing, "processing", time.Minute,
		"from an agreement's processing to access (10h in production)")
	f.IntVar(&o.Ports.Temporal, "temporal-port", 7233, "Temporal's port; 0: a free one")
	f.IntVar(&o.Ports.UI, "ui-port", 8233, "the Temporal UI's port; 0: a free one")
	f.IntVar(&o.Ports.Mail, "mail-port", 1025, "the mail catcher's port; 0: a free one")
	f.IntVar(&o.Ports.Web, "web-port", 8080, "the inbox's port; 0: a free one")
	return c
}

func runDev(cmd *cobra.Command, o Options) (err error) {
	ctx := cmd.Context()
	o.Progress = cmd.ErrOrStderr()
	o.Log = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := Start(ctx, o)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w; does another dev run? Choose other ports: --web-port, --mail-port, --temporal-port, "+
			"--ui-port; 0 is a free one", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.addContoso(ctx); err != nil {
		return err
	}
	s.writeAddresses(cmd.OutOrStdout(), o.Dir)
	select {
	case <-ctx.Done():
		fmt.Fprintln(cmd.OutOrStdout(), "\nStopping: running activities finish first.")
		return nil
	case err := <-s.failed:
		return err
	}
}

func (s *Stack) writeAddresses(w io.Writer, dir string) {
	where := ""
	if filepath.Clean(dir) != filepath.Clean(command.DevDir) {
		where = " --dir " + dir
	}
	fmt.Fprintf(w, `
Running until Ctrl-C.

  mail inbox     %s/
  Temporal UI    %s
  Temporal       %s   (TEMPORAL_ADDRESS)
  SMTP           127.0.0.1:%d
  database       %s
  emails         %s

  go run ./starter users --as alex@contoso.example%s
`, s.WebURL, s.Temporal.UI(), s.Temporal.HostPort(), s.Mailbox.Port(),
		filepath.Join(dir, databaseName), filepath.Join(dir, mailsName), where)
}
