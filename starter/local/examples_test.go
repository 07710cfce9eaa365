package local

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// walk is an order in which the examples of the help can be followed in a new dev: the name of a command
// stands for all its examples, and a line that begins with "starter" for itself. "≥" waits until the line
// behind it says the text in front.
var walk = []string{
	"roles", "config", "migrate", "users", "agreements", "history", "orphans", "handover list",
	"agreement", "contact", "preferences", "preferences set", "apply",
	"assign", "show", "resend", "reset", "cancel", "assign", "register", "access",
	settled, "edit", settled, "copy", settled, "import", settled,
	"handover start", "handover agree", "handover cancel",
	"directory",
	reports + `--object-id o-kim --email kim@contoso.example --name "Kim Akers" --left`,
	reports + `--object-id o-kim --email kim@contoso.example --name "Kim Akers"`,
	"recheck",
	reports + `--object-id o-dana --email dana@contoso.example --name "Dana Swope" --left`,
	"appoint", "export", "delete", "erase",
}

// reports begins a line in which the tenant reports that somebody left or returned.
const reports = "starter directory --org contoso.example "

// late is what commands answer that have to wait until emails have arrived.
var late = map[string]string{"register": "Registered.", "erase": "Erased"}

// settled waits until nobody's assignment is in progress.
const settled = "No VL users match ≥ starter users --as alex@contoso.example --status assignment_in_progress"

func TestTheExamplesOfTheHelpWorkInDev(t *testing.T) {
	dir := t.TempDir()
	s, err := Start(context.Background(), Options{
		Dir: dir, Lookup: nothing, Log: slog.New(slog.DiscardHandler),
		Policy: func(p *licensing.Policy) {
			p.Propagation, p.Processing, p.ResendEvery, p.Mails = 0, 0, 0, licensing.MailLimits{}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop() //nolint:errcheck // the test ends
	if err := s.addContoso(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	w := walker{t: t, stack: s, done: map[string]bool{}}
	for _, step := range walk {
		w.step(step)
	}
	for _, name := range w.leaves("") {
		if !w.done[name] {
			t.Errorf("the examples of %q aren't tried", name)
		}
	}
}

// walker follows examples.
type walker struct {
	t     *testing.T
	stack *Stack
	done  map[string]bool
}

func (w *walker) step(step string) {
	w.t.Helper()
	want, line, waits := strings.Cut(step, " ≥ ")
	switch {
	case waits:
		w.until(want, line)
	case strings.HasPrefix(step, "starter "):
		w.follow(step)
	default:
		w.done[step] = true
		lines := w.examples(step)
		if len(lines) == 0 {
			w.t.Errorf("%s has no example", step)
		}
		for _, line := range lines {
			if want := late[step]; want != "" {
				w.until(want, line)
				continue
			}
			w.follow(line)
		}
	}
}

func (w *walker) until(want, line string) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		_, out := w.run(words(w.filled(line))[1:]...)
		if strings.Contains(out, want) {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("%s: waited for %q\n%s", line, want, out)
		}
	}
}

// follow runs an example. Only an access check may end with "no".
func (w *walker) follow(line string) {
	w.t.Helper()
	args := words(w.filled(line))[1:]
	code, out := w.run(args...)
	if code != 0 && (code != command.ExitRefused || args[0] != "access") {
		w.t.Errorf("%s\nends with %d\n%s", line, code, out)
	}
}

// filled puts the link of the newest invitation and the ID of an open hand-over into an example.
func (w *walker) filled(line string) string {
	for _, m := range w.stack.Mailbox.Messages() {
		for _, word := range strings.Fields(m.Text) {
			if strings.HasPrefix(m.To, "kim") && strings.HasPrefix(word, w.stack.Config.LinkBase) {
				line = regexp.MustCompile(`http://127\S+`).ReplaceAllString(line, word)
			}
		}
	}
	if !strings.Contains(line, " --id ") {
		return line
	}
	as := regexp.MustCompile(`--as (\S+)`).FindStringSubmatch(line)
	_, out := w.run("handover", "list", "--as", as[1])
	id := regexp.MustCompile(`Hand-over (\S+): open`).FindStringSubmatch(out)
	if id == nil {
		w.t.Fatalf("there is no open hand-over\n%s", out)
	}
	return regexp.MustCompile(`--id \S+`).ReplaceAllString(line, "--id "+id[1])
}

func (w *walker) run(args ...string) (int, string) {
	var out bytes.Buffer
	code := command.Run(context.Background(), append(args, "--dir", w.stack.options.Dir),
		command.Options{Name: "starter", Lookup: nothing, In: strings.NewReader(""), Out: &out, Err: &out})
	return code, out.String()
}

// examples are the command lines in the help of a command. The files that they name are written.
func (w *walker) examples(name string) (lines []string) {
	_, help := w.run(append(strings.Fields(name), "--help")...)
	_, text, _ := strings.Cut(help, "Examples:\n")
	text, _, _ = strings.Cut(text, "\n\nFlags:")
	text, _, _ = strings.Cut(text, "\n\nAvailable Commands:")
	text = strings.ReplaceAll(text, "\\\n", " ")
	file := ""
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, "  starter "+name):
			lines = append(lines, strings.TrimSpace(line))
		case strings.HasSuffix(line, ".yaml:"):
			file = strings.TrimSuffix(line, ":")
			_ = os.Remove(file) // another command's example may have it
		case file != "":
			w.write(file, line+"\n")
		}
	}
	return lines
}

// write appends a line to a file.
func (w *walker) write(file, line string) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // a short file fails the example
	fmt.Fprint(f, line)
}

// leaves are the commands that do something, below the one with the name.
func (w *walker) leaves(name string) (out []string) {
	_, help := w.run(append(strings.Fields(name), "--help")...)
	for _, found := range regexp.MustCompile(`(?m)^  ([a-z]+) +[A-Z]`).FindAllStringSubmatch(help, -1) {
		below := strings.TrimSpace(name + " " + found[1])
		if below == "help" || below == "completion" {
			continue
		}
		if more := w.leaves(below); len(more) > 0 {
			out = append(out, more...)
			continue
		}
		out = append(out, below)
	}
	return out
}

// words cuts a command line as a shell does; quotes are double.
func words(line string) (out []string) {
	for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1) {
		out = append(out, strings.Trim(word, `"`))
	}
	return out
}
