package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/starter/command"
	"vlroles/starter/local"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// shared is the stack that all tests of the package run their commands against.
var shared struct {
	once  sync.Once
	stack *local.Stack
	err   error
	stop  func()
}

func stack(t *testing.T) *local.Stack {
	t.Helper()
	shared.once.Do(startShared)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.stack
}

func startShared() {
	dir, err := os.MkdirTemp("", "vlroles-command-")
	if err != nil {
		shared.err = err
		return
	}
	shared.stack, shared.err = local.Start(context.Background(), local.Options{
		Dir: dir, Lookup: nothing, Log: slog.New(slog.DiscardHandler), Progress: os.Stderr,
		Policy: func(p *licensing.Policy) {
			p.Propagation, p.Processing, p.ResendEvery = time.Second, time.Second, 0
			p.Mails = licensing.MailLimits{} // all tests share one admin
		},
	})
	shared.stop = func() {
		if shared.stack != nil {
			_ = shared.stack.Stop()
		}
		_ = os.RemoveAll(dir)
	}
}

func nothing(string) (string, bool) { return "", false }

func lookup(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
}

// shell runs command lines in an organization of its own: Alex administers the parent agreement $P, Dana too;
// Alex administers $A and $B below it, Tom $D. People of the tenant have addresses "@in", others "@out".
type shell struct {
	t      *testing.T
	stack  *local.Stack
	env    map[string]string
	number int
}

var organizations atomic.Int32

const organizationYAML = `
organization: {id: $ORG, name: Contoso $N, domains: [o$N.example]}
directory:
  - {object_id: alex, email: alex@in, name: Alex Wilber}
  - {object_id: dana, email: dana@in, name: Dana Swope}
  - {object_id: tom, email: tom@in, name: Tom Perham}
  - {object_id: noor, email: noor@in, name: Noor Haddad}
agreements:
  - license_id: $P
    program: MBSA
    processed_at: 2026-01-15T09:00:00Z
    administrators:
      - {sign_in_email: alex@in, name: Alex Wilber, registered: 2026-01-20T08:00:00Z}
      - {sign_in_email: dana@in, name: Dana Swope, registered: 2026-01-20T08:00:00Z}
  - license_id: $A
    program: Enterprise Agreement
    parent: $P
    processed_at: 2026-01-15T09:00:00Z
    administrators: [{sign_in_email: alex@in, name: Alex Wilber, registered: 2026-01-20T08:00:00Z}]
  - license_id: $B
    program: Select Plus
    parent: $P
    processed_at: 2026-01-15T09:00:00Z
    administrators: [{sign_in_email: alex@in, name: Alex Wilber, registered: 2026-01-20T08:00:00Z}]
  - license_id: $D
    program: Select Plus
    processed_at: 2026-01-15T09:00:00Z
    administrators: [{sign_in_email: tom@in, name: Tom Perham, registered: 2026-01-20T08:00:00Z}]
`

// newShell adds the organization. Tests that have one run at the same time.
func newShell(t *testing.T) *shell {
	t.Helper()
	t.Parallel()
	st := stack(t)
	s := &shell{t: t, stack: st, number: int(organizations.Add(1)), env: maps.Clone(st.Environment)}
	s.env["TEMPORAL_ADDRESS"] = st.Config.TemporalAddress
	s.must(call{args: "apply -f -", in: organizationYAML})
	return s
}

// expand puts the organization's own names into a text.
func (s *shell) expand(text string) string {
	n := strconv.Itoa(s.number)
	return strings.NewReplacer(
		"$ORG", fmt.Sprintf("5b0c1c5e-7c0f-4a51-9a0e-%012d", s.number), "$N", n,
		"$P", "P"+n, "$A", "A"+n, "$B", "B"+n, "$D", "D"+n, "$NEW", "N"+n,
		"@in", "@o"+n+".example", "@out", "@f"+n+".example",
	).Replace(text)
}

// call is one command line and what must come of it.
type call struct {
	name string
	args string // separated by blanks; "~" stands for a blank in one
	in   string // standard input
	code int
	want []string          // stand in the output or in the error
	json map[string]string // what stands in the JSON output, by path such as people.0.verdicts.0.outcome
}

// run runs a command line and returns exit code, output and error.
func (s *shell) run(c call) (code int, out, fault string) {
	s.t.Helper()
	args := strings.Fields(s.expand(c.args))
	for n := range args {
		args[n] = strings.ReplaceAll(args[n], "~", " ")
	}
	return run(lookup(s.env), s.expand(c.in), args...)
}

func run(lookup func(string) (string, bool), in string, args ...string) (code int, out, fault string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var o, f bytes.Buffer
	code = command.Run(ctx, args, command.Options{
		Name: "vlroles", Lookup: lookup, In: strings.NewReader(in), Out: &o, Err: &f,
	})
	return code, o.String(), f.String()
}

// must runs a command line that a test needs to go on, and returns its output.
func (s *shell) must(c call) string {
	s.t.Helper()
	code, out, fault := s.run(c)
	if code != c.code {
		s.t.Fatalf("%s\nends with %d, expected %d\n%s%s", s.expand(c.args), code, c.code, out, fault)
	}
	return out
}

// check runs command lines one after the other, each as a test of its own.
func (s *shell) check(calls []call) {
	s.t.Helper()
	outer := s.t
	for _, c := range calls {
		outer.Run(c.name, func(t *testing.T) {
			code, out, fault := s.run(c)
			if code != c.code {
				t.Fatalf("%s\nends with %d, expected %d\n%s%s", s.expand(c.args), code, c.code, out, fault)
			}
			for _, want := range c.want {
				if want = s.expand(want); !strings.Contains(out+fault, want) {
					t.Errorf("%q is missing in\n%s%s", want, out, fault)
				}
			}
			checkJSON(t, out, c.json, s.expand)
		})
	}
}

func checkJSON(t *testing.T, out string, want map[string]string, expand func(string) string) {
	t.Helper()
	if want == nil {
		return
	}
	var all any
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for path, value := range want {
		if got := fmt.Sprint(at(all, path)); got != expand(value) {
			t.Errorf("%s is %q, expected %q in\n%s", path, got, expand(value), out)
		}
	}
}

// at returns what stands in a JSON value at a path, nil for nothing; "#" is the length of a list.
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			n, err := strconv.Atoi(name)
			switch {
			case name == "#":
				v = len(in)
			case err != nil || n >= len(in):
				return nil
			default:
				v = in[n]
			}
		default:
			return nil
		}
	}
	return v
}

// value runs a command line with JSON output and returns what stands at a path.
func (s *shell) value(args, path string) string {
	s.t.Helper()
	var all any
	out := s.must(call{args: args + " -o json"})
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	return fmt.Sprint(at(all, path))
}

// mail waits for the number-th mail of a kind to an address.
func (s *shell) mail(to, kind string, number int) rig.Message {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	seen := map[int]bool{}
	m, err := s.stack.Mailbox.Wait(ctx, func(m rig.Message) bool {
		if m.To == s.expand(to) && local.MailKind(m) == kind {
			seen[m.Number] = true
		}
		return len(seen) >= number && seen[m.Number]
	})
	if err != nil {
		s.t.Fatalf("%s email %d to %s: %v", kind, number, s.expand(to), err)
	}
	return m
}

// link waits for the number-th invitation to an address and returns its link.
func (s *shell) link(to string, number int) string {
	s.t.Helper()
	for _, word := range strings.Fields(s.mail(to, "welcome", number).Text) {
		if strings.HasPrefix(word, s.env["VL_LINK_BASE_URL"]) {
			return word
		}
	}
	s.t.Fatalf("the email to %s has no link", to)
	return ""
}

// register registers the person with the address by the invitation.
func (s *shell) register(email string) {
	s.t.Helper()
	s.must(call{args: "register --link " + s.link(email, 1) + " --email " + email})
}

// assign gives roles, separated by commas.
func (s *shell) assign(user, license, roles string) {
	s.t.Helper()
	const args = "assign --as alex@in --user %s --name %s --license %s --role %s"
	s.must(call{args: fmt.Sprintf(args, user, name(user), license, roles)})
}

func name(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return strings.ToUpper(name[:1]) + name[1:]
}

// until repeats a command line until its output says what is wanted.
func (s *shell) until(want, args string) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(30 * time.Millisecond) {
		_, out, fault := s.run(call{args: args})
		if strings.Contains(out, want) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s: waited a minute for %q, got\n%s%s", s.expand(args), want, out, fault)
		}
	}
}

// active waits until somebody has access.
func (s *shell) active(user, license, permission string) {
	s.t.Helper()
	s.until("yes", "access --org $ORG --user "+user+" --license "+license+" --may "+permission)
}

// file writes a file and returns its name.
func (s *shell) file(text string) string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "in.yaml")
	if err := os.WriteFile(file, []byte(s.expand(text)), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return file
}
