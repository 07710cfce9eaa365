package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// devDir is where dev keeps its things, and where other commands look for them.
const devDir = ".vlroles/dev"

func (a *app) dev() *cobra.Command {
	var dir string
	var propagation, processing time.Duration
	p := ports{}
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
			return a.runDev(cmd.Context(), dir, p, func(l *licensing.Policy) {
				l.Propagation, l.Processing, l.ResendEvery = propagation, processing, 10*time.Second
			})
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "dir", devDir, "folder of the database, Temporal's file and the mails")
	f.DurationVar(&propagation, "propagation", 20*time.Second, "from registration or assignment to access (2h in production)")
	f.DurationVar(&processing, "processing", time.Minute, "from an agreement's processing to access (10h in production)")
	f.IntVar(&p.temporal, "temporal-port", 7233, "Temporal's port; 0: a free one")
	f.IntVar(&p.ui, "ui-port", 8233, "the Temporal UI's port; 0: a free one")
	f.IntVar(&p.mail, "mail-port", 1025, "the mail catcher's port; 0: a free one")
	f.IntVar(&p.web, "web-port", 8080, "the inbox's port; 0: a free one")
	return c
}

func (a *app) runDev(ctx context.Context, dir string, p ports, policy func(*licensing.Policy)) (err error) {
	s, err := startStack(ctx, stackOptions{
		dir: dir, ports: p, ui: true, policy: policy, progress: a.err, lookup: a.environment,
		log: slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.loadContoso(ctx); err != nil {
		return err
	}
	fmt.Fprintf(a.out, `
Running until Ctrl-C.

  mail inbox     %s/
  Temporal UI    %s
  Temporal       %s   (TEMPORAL_ADDRESS)
  SMTP           127.0.0.1:%d
  rows           %s
  mails          %s

  go run ./starter users --as alex@contoso.example
`, s.webURL, s.temporald.UI(), s.temporald.HostPort(), s.mailbox.Port(), filepath.Join(dir, "vlroles.db"), filepath.Join(dir, "mails"))
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.out, "\nStopping: running activities finish first.")
		return nil
	case err := <-s.failed:
		return err
	}
}

// contoso is the demonstration's organization: an MBSA with agreements below it, of which E2003 was processed just now.
func contoso(now time.Time) licensing.Intake {
	registered := now.Add(-200 * 24 * time.Hour)
	long := now.Add(-300 * 24 * time.Hour)
	admin := func(email, name string) []licensing.ContractAdministrator {
		return []licensing.ContractAdministrator{{SignIn: licensing.Email(email), Name: name, Registered: registered}}
	}
	return licensing.Intake{
		ID: licensing.RequestID(uuid.NewString()), Org: "5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0001", Name: "Contoso Ltd.", Domains: []string{"contoso.example"},
		Directory: []licensing.DirectoryPerson{
			{ObjectID: "o-alex", Email: "alex@contoso.example", Name: "Alex Wilber"},
			{ObjectID: "o-dana", Email: "dana@contoso.example", Name: "Dana Swope"},
			{ObjectID: "o-kim", Email: "kim@contoso.example", Name: "Kim Akers"},
			{ObjectID: "o-jo", Email: "jo@contoso.example", Name: "Jo Brown"},
			{ObjectID: "o-tom", Email: "tom@contoso.example", Name: "Tom Perham"},
			{ObjectID: "o-noor", Email: "noor@contoso.example", Name: "Noor Haddad"},
		},
		Agreements: []licensing.ContractAgreement{
			{License: "M2000", Program: "Microsoft Business and Services Agreement", ProcessedAt: long, Administrators: admin("alex@contoso.example", "Alex Wilber")},
			{License: "E2001", Program: "Enterprise Agreement", Parent: "M2000", ProcessedAt: long, Administrators: admin("alex@contoso.example", "Alex Wilber")},
			{License: "E2002", Program: "Select Plus", Parent: "M2000", ProcessedAt: long, Administrators: admin("dana@contoso.example", "Dana Swope")},
			{License: "E2003", Program: "Enterprise Agreement", Parent: "M2000", ProcessedAt: now, Administrators: admin("alex@contoso.example", "Alex Wilber")},
		},
	}
}

// loadContoso takes the organization in, unless it is there.
func (s *stack) loadContoso(ctx context.Context) error {
	all, err := s.views.Organizations(ctx)
	if err != nil || len(all) > 0 {
		return err
	}
	_, err = s.client.Apply(ctx, contoso(time.Now().UTC()))
	return err
}

// wipe empties a folder that a demonstration may overwrite: one that it made itself, or a new one.
func wipe(dir string) error {
	_, err := os.Stat(filepath.Join(dir, environmentFile))
	if errors.Is(err, os.ErrNotExist) {
		files, err := os.ReadDir(dir)
		if err == nil && len(files) > 0 {
			return usageError{fmt.Errorf("--dir %s: the folder holds other things; name an empty or a new one", dir)}
		}
		return nil
	}
	return os.RemoveAll(dir)
}

// tell writes a line where it can be seen.
func tell(w io.Writer, format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
