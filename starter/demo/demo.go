package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
	"vlroles/starter/command"
	"vlroles/starter/local"
)

func Demo() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "demo",
		Short: "play the whole life of invitations and assignments on real components, with short delays",
		Long: `Demo starts a Temporal server, SQLite, a mail catcher and the workers, plays a story in which an admin gives people
roles, and tells it as a timeline: who did what, by which rule, the status before and after, the mail. It exits with 0
only if every step ended as it should.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), dir, cmd.OutOrStdout()) },
	}
	c.Flags().StringVar(&dir, "dir", ".vlroles/demo", "folder for the database, Temporal's file and the mails; emptied first")
	return c
}

func runDemo(ctx context.Context, dir string, out io.Writer) (err error) {
	if err := wipe(dir); err != nil {
		return err
	}
	s, err := local.StartStack(ctx, local.StackOptions{
		Dir: dir, UI: true, Progress: out, Lookup: func(string) (string, bool) { return "", false },
		Log: slog.New(slog.DiscardHandler),
		Policy: func(p *licensing.Policy) {
			p.Propagation, p.Processing, p.ResendEvery = 4*time.Second, 9*time.Second, 2*time.Second
			p.InviteFor, p.InviteMin = 10*time.Minute, time.Second
		},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	d := &story{Stack: s, out: out, begun: time.Now(), told: map[int]bool{}}
	tell(out, "Everything runs: Temporal %s, its UI %s, mails %s/\n", s.Temporald.HostPort(), s.Temporald.UI(), s.WebURL)
	for _, chapter := range []struct {
		title string
		play  func(context.Context) error
	}{
		{"An organization is taken in", d.intake},
		{"Alex saves for five people at once", d.save},
		{"Kim registers by the link of the mail", d.register},
		{"Robin has lost the mail", d.resend},
		{"Mia's mail was refused", d.mend},
		{"Jo's roles can't be provisioned", d.failure},
		{"Tom doesn't register in time", d.expiry},
		{"What the rules refuse", d.refusals},
		{"Dana loses a role", d.removal},
		{"Chapter two: a partner processes a contract, and its mail is forwarded", d.contract},
		{"Noor inherits what stands below the MBSA", d.inheritance},
		{"Alex hands E2003 over to Kim", d.handOverE2003},
		{"Jo leaves the tenant and returns, Dana leaves for good", d.leaving},
		{"What was on its way has arrived", d.arrivals},
	} {
		tell(out, "\n%s", chapter.title)
		if err := chapter.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", chapter.title, err)
		}
	}
	return d.end(ctx, dir)
}

// wipe empties a folder that a demonstration may overwrite: one that it made itself, or a new one.
func wipe(dir string) error {
	_, err := os.Stat(filepath.Join(dir, command.EnvironmentFile))
	if errors.Is(err, os.ErrNotExist) {
		files, err := os.ReadDir(dir)
		if err == nil && len(files) > 0 {
			return command.Usage(fmt.Errorf("--dir %s: the folder holds other things; name an empty or a new one", dir))
		}
		return nil
	}
	return os.RemoveAll(dir)
}
