package command_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"vlroles/starter/command"
)

// commands are all commands of the command line.
var commands = []string{
	"access", "agreement", "agreements", "apply", "appoint", "assign",
	"cancel", "config", "contact", "copy", "delete", "directory", "edit", "erase", "export",
	"handover agree", "handover cancel", "handover list", "handover start",
	"history", "import", "migrate", "orphans", "preferences",
	"preferences set", "recheck", "register", "resend", "reset", "roles", "show", "users",
}

func TestTheHelpOfEveryCommandHasAnExampleWithItsName(t *testing.T) {
	for _, name := range commands {
		t.Run(name, func(t *testing.T) {
			code, out, fault := run(nothing, "", append(strings.Fields(name), "--help")...)
			if code != 0 || fault != "" {
				t.Fatalf("ends with %d\n%s", code, fault)
			}
			_, examples, ok := strings.Cut(out, "Examples:\n")
			if !ok || !strings.Contains(examples, "  vlroles "+name) {
				t.Errorf("no example in\n%s", out)
			}
			if strings.Contains(out, "e-mail") || strings.Contains(examples, "  starter ") {
				t.Errorf("wrong words in\n%s", out)
			}
		})
	}
}

func TestTheHelpNamesEveryCommandAndTheExitCodes(t *testing.T) {
	_, out, _ := run(nothing, "", "--help")
	for _, name := range commands {
		if first, _, _ := strings.Cut(name, " "); !strings.Contains(out, "\n  "+first+" ") {
			t.Errorf("%s is missing", first)
		}
	}
	for _, want := range []string{"Exit codes: 0 done", "Change access:", "Partner and directory data:",
		"Show:", "Operate and support:"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(out, "this machine:") {
		t.Error("there is a group without commands")
	}
}

func TestCommandsOfTheMainStandInAGroupOfTheirOwn(t *testing.T) {
	var out strings.Builder
	ran := false
	local := &cobra.Command{Use: "dev", Short: "Run", Run: func(*cobra.Command, []string) { ran = true }}
	o := command.Options{Name: "starter", Lookup: nothing, Out: &out, Err: io.Discard,
		Local: []*cobra.Command{local}}
	if code := command.Run(context.Background(), []string{"--help"}, o); code != 0 {
		t.Fatalf("ends with %d", code)
	}
	if want := "Run everything on this machine:\n  dev"; !strings.Contains(out.String(), want) {
		t.Errorf("%q is missing in\n%s", want, out.String())
	}
	if code := command.Run(context.Background(), []string{"dev"}, o); code != 0 || !ran {
		t.Errorf("ends with %d, ran %v", code, ran)
	}
}
