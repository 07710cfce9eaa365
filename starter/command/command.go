package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vlroles/config"
	"vlroles/licensing"
)

// Options is what a main gives the command line.
type Options struct {
	Lookup   func(string) (string, bool) // the environment
	Out, Err io.Writer
	More     []*cobra.Command // that run everything on this machine
}

// run carries one command line out and returns the exit code.
func Run(ctx context.Context, args []string, o Options) int {
	a := &app{lookup: besideDev(o.Lookup, DevDir), out: o.Out, err: o.Err}
	root := a.command(o.More)
	root.SetArgs(args)
	root.SetOut(o.Out)
	root.SetErr(o.Err)
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errSaid) {
		fmt.Fprintln(o.Err, "starter:", err)
	}
	return exitCode(err)
}

// errSaid ends a command whose output has told already that something was refused.
var errSaid = errors.New("refused")

// UsageError is a mistake in the command line itself.
type UsageError struct{ error }

// Usage makes an error a mistake in the command line.
func Usage(err error) error { return UsageError{err} }

// app is what every command shares.
type app struct {
	lookup    func(string) (string, bool) // what a running dev left in the folder, under the environment
	out, err  io.Writer
	format    string // "text" or "json"
	org       string
	as        string
	requestID string
	verify    bool
}

func (a *app) command(more []*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use:   "starter",
		Short: "start, steer and show the life of volume-licensing roles",
		Long: `Starter starts and steers the workflows of volume-licensing roles and shows what they did.

Commands find the database and Temporal by environment variables ("starter config" lists them);
without any they find what "starter dev" runs in the same folder.

Exit codes: 0 done · 1 a fault · 2 wrong input · 3 refused by a rule · 4 a part doesn't answer, try again.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if f := c.Flags().Lookup("verify"); f != nil {
				a.verify = f.Value.String() == "true"
			}
			if a.format != "text" && a.format != "json" {
				return UsageError{errors.New("--output is text or json")}
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return UsageError{err} })
	f := root.PersistentFlags()
	f.StringVarP(&a.format, "output", "o", "text", "text or json")
	f.StringVar(&a.org, "org", "", "organization: its id or one of its domains (default: that of --as, or the only one)")
	f.StringVar(&a.as, "as", "", "the acting person: the sign-in e-mail of a VL user")
	f.StringVar(&a.requestID, "request-id", "", "UUID that makes the command safe to repeat (default: a new one)")
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run everything here:"}, &cobra.Group{ID: "change", Title: "Change:"},
		&cobra.Group{ID: "partner", Title: "What partners and the tenant say:"}, &cobra.Group{ID: "show", Title: "Show:"}, &cobra.Group{ID: "operate", Title: "Operate and support:"})
	for _, g := range []struct {
		id       string
		commands []*cobra.Command
	}{
		{"run", more},
		{"change", []*cobra.Command{a.assign(), a.edit(), a.copy(), a.importRoles(), a.register(), a.resend(), a.reset(), a.cancel(), a.delete(), a.recheck(), a.handOver(), a.prefer()}},
		{"partner", []*cobra.Command{a.apply(), a.agreement(), a.contact(), a.directory()}},
		{"show", []*cobra.Command{a.users(), a.show(), a.access(), a.agreements(), a.preferences(), a.history()}},
		{"operate", []*cobra.Command{a.migrate(), a.config(), a.orphans(), a.seat()}},
	} {
		for _, c := range g.commands {
			c.GroupID = g.id
			if c.Args == nil {
				c.Args = noArguments
			}
			root.AddCommand(c)
		}
	}
	return root
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return UsageError{fmt.Errorf("unexpected %q: this command takes flags only, see --help", args[0])}
	}
	return nil
}

// The exit codes, as `starter --help` says them.
const (
	exitFault   = 1 // something is broken
	exitUsage   = 2 // the input is wrong: the message names the field and the rule
	exitRefused = 3 // a rule refuses it: the message names the rule
	exitAway    = 4 // a part doesn't answer: the same call with the same --request-id is safe
)

func exitCode(err error) int {
	var usage UsageError
	var faults config.Faults
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSaid):
		return exitRefused
	case errors.As(err, &usage), errors.As(err, &faults):
		return exitUsage
	}
	switch licensing.KindOf(err) {
	case licensing.Invalid:
		return exitUsage
	case licensing.Unavailable:
		return exitAway
	case "":
		return exitFault
	}
	return exitRefused
}
