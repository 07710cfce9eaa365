// Package command is the command line of vlroles. It starts and steers the workflows and shows what they did.
//
// Each group of commands has a file. A command reads its flags, opens a session on the rows (and on Temporal,
// where it changes something), makes one call, and prints the answer as text or JSON. What runs everything on
// this machine comes from main, so that a program for production links none of it.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// Options is what a main gives the command line.
type Options struct {
	Name     string                      // of the program, for help and messages
	Lookup   func(string) (string, bool) // reads an environment variable
	In       io.Reader                   // what "--file -" reads
	Out, Err io.Writer
	Local    []*cobra.Command // commands that run everything on this machine, such as dev
}

// Run carries out one command line and returns the exit code.
func Run(ctx context.Context, args []string, o Options) int {
	a := &app{name: o.Name, lookup: o.Lookup, in: o.In, out: o.Out, err: o.Err}
	root := a.root(o.Local)
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	return a.end(ctx, c, args, err)
}

// app is what all commands share: how they were called, and the flags of every command.
type app struct {
	name     string
	lookup   func(string) (string, bool) // the environment
	in       io.Reader
	out, err io.Writer

	format    string // "text" or "json"
	dir       string // of a dev, "" where none is named
	org       string
	as        string
	requestID string
	verify    bool
	command   *cobra.Command // the one that runs
	changes   bool           // the command changes something, under its request ID
}

// group is commands that stand together in the help.
type group struct {
	id, title string
	commands  []*cobra.Command
}

func (a *app) groups(local []*cobra.Command) []group {
	return []group{
		{"local", "Run everything on this machine:", local},
		{"change", "Change access:", []*cobra.Command{
			a.assign(), a.edit(), a.copyRoles(), a.importRoles(), a.delete(), a.recheck(),
			a.register(), a.resend(), a.reset(), a.cancel(), a.handOver(),
		}},
		{"partner", "Partner and directory data:", []*cobra.Command{
			a.apply(), a.agreement(), a.contact(), a.directory(),
		}},
		{"show", "Show:", []*cobra.Command{
			a.users(), a.show(), a.access(), a.agreements(), a.preferences(), a.history(), a.roles(),
		}},
		{"operate", "Operate and support:", []*cobra.Command{
			a.migrate(), a.config(), a.orphans(), a.appoint(), a.export(), a.erase(),
		}},
	}
}

const longHelp = `NAME starts and steers the workflows of volume licensing roles and shows what they did.

Commands find the database and Temporal by environment variables ("NAME config" lists them).
Without any, they find what "starter dev" runs in the same folder.

Exit codes: 0 done · 1 something is broken · 2 wrong input · 3 refused by a rule, which the message names ·
4 a part doesn't answer · 130 interrupted. After 4 and 130, the same command with the --request-id that was
printed is safe. With -o json, the answer is JSON on standard output, and an error is JSON on standard error.`

func (a *app) root(local []*cobra.Command) *cobra.Command {
	root := &cobra.Command{
		Use:           a.name,
		Short:         "Start, steer and show volume licensing roles",
		Long:          strings.ReplaceAll(longHelp, "NAME", a.name),
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			a.command = c
			return a.checkFlags()
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Usage(err) })
	f := root.PersistentFlags()
	f.StringVarP(&a.format, "output", "o", "text", "text or json")
	f.StringVar(&a.dir, "dir", "",
		"folder of a running dev (default: "+DevDir+", unless the environment names a database)")
	f.StringVar(&a.org, "org", "",
		"organization: its ID or one of its domains (default: that of --as, or the only one)")
	f.StringVar(&a.as, "as", "", "the sign-in email of the VL user you act as")
	f.StringVar(&a.requestID, "request-id", "",
		"UUID that makes the command safe to repeat (default: a new one)")
	for _, g := range a.groups(local) {
		if len(g.commands) > 0 {
			root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
			add(root, g)
		}
	}
	root.SetHelpCommand(help(root))
	root.InitDefaultCompletionCmd()
	a.finish(root)
	return root
}

// version is that of the module, as it was built.
func version() string {
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(devel)"
}

// help is the command that shows the help of another one.
func help(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Show what a command does",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(c, rest)
			}
			return c.Help()
		},
	}
}

// unknownCommand is the error for a command that there isn't below c, and names similar ones.
func unknownCommand(c *cobra.Command, args []string) error {
	text := fmt.Sprintf("unknown command %q for %q", args[0], c.CommandPath())
	if similar := c.SuggestionsFor(args[0]); len(similar) > 0 {
		text += "; did you mean " + strings.Join(similar, " or ") + "?"
	}
	return Usage(fmt.Errorf("%s; see %s --help", text, c.CommandPath()))
}

// add puts the commands of a group under the root.
func add(root *cobra.Command, g group) {
	for _, c := range g.commands {
		c.GroupID = g.id
		root.AddCommand(c)
	}
}

// finish makes all commands refuse arguments, which none of them has, and puts the program's name into their
// examples. A command that only holds others shows its help.
func (a *app) finish(c *cobra.Command) {
	c.Example = strings.ReplaceAll(c.Example, "  starter ", "  "+a.name+" ")
	c.SuggestionsMinimumDistance = 2
	if c.Runnable() {
		c.Args = noArguments
	} else {
		c.Args = noSubcommand
		c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	for _, sub := range c.Commands() {
		a.finish(sub)
	}
}

func noSubcommand(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(c, args)
	}
	return nil
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 && c.HasSubCommands() {
		return unknownCommand(c, args)
	}
	if len(args) > 0 {
		return Usage(fmt.Errorf("unexpected %q: this command takes flags only, see --help", args[0]))
	}
	return nil
}

// checkFlags checks the flags of every command, before anything is opened.
func (a *app) checkFlags() error {
	if !slices.Contains([]string{"text", "json"}, a.format) {
		return Usage(errors.New("--output is text or json"))
	}
	if a.requestID != "" {
		id, ok := asID(a.requestID)
		if !ok {
			return Usage(errors.New("--request-id is a UUID"))
		}
		a.requestID = id
	}
	return nil
}

// request returns the ID of this command's request, the same one each time.
func (a *app) request() licensing.RequestID {
	if a.requestID == "" {
		a.requestID = uuid.NewString()
	}
	return licensing.RequestID(a.requestID)
}
