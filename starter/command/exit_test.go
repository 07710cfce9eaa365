package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"vlroles/rig"
	"vlroles/starter/command"
)

func TestAnUnknownCommandIsWrongInputOnEveryLevel(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"of the program", "asign", `unknown command "asign" for "vlroles"; did you mean assign?`},
		{"with flags", "nonsense -o json", `unknown command \"nonsense\"`},
		{"of a group", "handover strat", `unknown command "strat" for "vlroles handover"; did you mean start?`},
		{"of a command that has others", "preferences get", `unknown command "get" for "vlroles preferences"`},
		{"of the help", "help nonsense", `unknown command "nonsense"`},
		{"of a group in the help", "help handover nonsense", `unknown command "nonsense"`},
		{"of the completion", "completion nonsense", `unknown command "nonsense"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, fault := run(nothing, "", strings.Fields(c.args)...)
			if code != command.ExitUsage || out != "" || !strings.Contains(fault, c.want) {
				t.Errorf("ends with %d, expected %q\n%s%s", code, c.want, out, fault)
			}
		})
	}
	for _, args := range []string{
		"", "handover", "help", "help handover start", "completion bash", "--version",
	} {
		code, out, fault := run(nothing, "", strings.Fields(args)...)
		if code != 0 || out == "" || fault != "" {
			t.Errorf("%q ends with %d\n%s%s", args, code, out, fault)
		}
	}
}

func TestTheVersionIsSaid(t *testing.T) {
	_, out, _ := run(nothing, "", "--version")
	if !regexp.MustCompile(`^vlroles version \S+\n$`).MatchString(out) {
		t.Errorf("it says %q", out)
	}
}

func TestR10_R21_TheSevenRolesAreListed(t *testing.T) {
	s := shell{t: t, env: map[string]string{"VL_DATABASE_URL": "mysql://x"}} // nothing is opened
	s.check([]call{
		{name: "with VLSC's names and permissions", args: "roles", want: []string{"ROLE ", "VLSC NAME",
			"license_position_reader ", "Licensing Info Viewer", "list_invoices, download_invoices", "–"}},
		{name: "as JSON", args: "roles -o json", json: map[string]string{"#": "7",
			"0.role": "administrator", "2.vlsc": "Download", "2.permissions.1": "download_software"}},
	})
}

// broken are lines of wrong input, which need no connection to be refused.
var broken = []string{
	"assign --user kim --license E1 --role download",
	"assign --user kim@f.example --license E1 --role king",
	"assign --user kim@f.example --license E1 --role download --verify --invite-days 91",
	"edit --user kim --license E1 --add download",
	"edit --user kim@f.example --license E1",
	"copy --from E1 --to E2",
	"copy --from E1 --to E2 --user kim",
	"copy --from E1 --to E2 --user kim@f.example --from-user lee",
	"import --from E1 --to E_2 --user kim@f.example",
	"delete --user kim", "recheck --user kim", "resend --user kim", "reset --user kim", "cancel",
	"register --link x --email kim",
	"handover start --to kim@f.example --name Kim",
	"preferences set --inherit yes",
	"contact --kind king --business a@f.example --name A --license E1",
	"directory --email x@f.example --name X",
	"appoint --user kim@f.example --name Kim --license E1",
	"users --status lost", "users --limit 201", "show --user kim", "history",
	"access --user kim --license E1 --may view_orders",
}

func TestWrongInputIsToldBeforeAnythingIsConnected(t *testing.T) {
	env := away(t)
	env["VL_LINK_KEYS"] = "k:czNjcmV0LXMzY3JldC1zM2NyZXQtczNjcmV0LXMzY3I="
	for _, line := range broken {
		t.Run(line, func(t *testing.T) {
			args := append(strings.Fields(line), "--as", "alex@o.example")
			code, out, fault := run(lookup(env), "", args...)
			if code != command.ExitUsage && !strings.Contains(fault, "link") {
				t.Errorf("ends with %d\n%s%s", code, out, fault)
			}
			if strings.Contains(fault, "[0]") {
				t.Errorf("flags are not named:\n%s", fault)
			}
		})
	}
}

func TestAFileThatIsWrongIsToldBeforeAnythingIsConnected(t *testing.T) {
	for _, c := range []struct{ name, args, in, want string }{
		{"an organization", "apply -f -", strings.Replace(fabrikamYAML, "fabrikam.test]", "nowhere]", 1),
			"domains[0]: enter a valid domain"},
		{"an agreement", "agreement -f -", strings.Replace(agreementYAML, "$NEW", "E_1", 1), "license_id: "},
		{"people", "assign --as alex@o.example -f -", "people: []", "people: provide at least one person"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, fault := run(lookup(away(t)), c.in, strings.Fields(c.args)...)
			if code != command.ExitUsage || !strings.Contains(fault, c.want) {
				t.Errorf("ends with %d, expected %q\n%s%s", code, c.want, out, fault)
			}
		})
	}
}

// away is an environment in which neither database nor Temporal answers.
func away(t *testing.T) map[string]string {
	t.Helper()
	port, err := rig.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(port)
	return map[string]string{"TEMPORAL_ADDRESS": address,
		"VL_DATABASE_URL": "postgres://user:s3cret@" + address + "/vlroles?sslmode=disable"}
}

func TestADatabaseThatIsAwayIsUnavailableInWordsOfItsOwn(t *testing.T) {
	env := away(t)
	for _, c := range []struct {
		name, args string
		repeat     bool
	}{
		{"a command that shows something", "users --as alex@o.example", false},
		{"one that verifies",
			"assign --as alex@o.example --user k@o.example --license E1 --role download --verify", false},
		{"one that changes something names its request", "resend --as alex@o.example --user k@o.example", true},
		{"migrate has no request", "migrate", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, fault := run(lookup(env), "", strings.Fields(c.args)...)
			const want = "the database doesn't answer (VL_DATABASE_URL): connect: connection refused"
			if code != command.ExitUnavailable || !strings.Contains(fault, want) {
				t.Errorf("ends with %d\n%s", code, fault)
			}
			if strings.Contains(fault, "s3cret") || strings.Contains(fault, "dial tcp") {
				t.Errorf("it says what the driver says:\n%s", fault)
			}
			if strings.Contains(fault, "--request-id") != c.repeat {
				t.Errorf("to repeat: %v, expected %v\n%s", !c.repeat, c.repeat, fault)
			}
		})
	}
}

func TestADatabaseWithoutTablesIsAFaultThatSaysWhatToDo(t *testing.T) {
	env := map[string]string{"VL_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "x.db")}
	code, _, fault := run(lookup(env), "", "orphans")
	const want = "has no tables yet (VL_DATABASE_URL): run `vlroles migrate`"
	if code != command.ExitFault || !strings.Contains(fault, want) {
		t.Errorf("ends with %d\n%s", code, fault)
	}
}

func TestL01_ADatabaseThatAcceptsAndSaysNothingIsUnavailableWithTheRequestToRepeat(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing was sent
	env := map[string]string{"VL_DATABASE_URL": "postgres://u:p@" + silent.Addr().String() +
		"/x?sslmode=disable&connect_timeout=1"}
	code, _, fault := run(lookup(env), "", "resend", "--as", "alex@o.example", "--user", "k@o.example")
	const want = "the database doesn't answer (VL_DATABASE_URL): it took too long"
	if code != command.ExitUnavailable || !strings.Contains(fault, want) || !repeatLine.MatchString(fault) {
		t.Errorf("ends with %d\n%s", code, fault)
	}
}

var repeatLine = regexp.MustCompile(`with --request-id ([0-9a-f-]{36}) is safe`)

func TestAPartThatIsAwayLeavesARequestThatCanBeRepeated(t *testing.T) {
	s := newShell(t)
	here := s.env["TEMPORAL_ADDRESS"]
	s.env["TEMPORAL_ADDRESS"] = away(t)["TEMPORAL_ADDRESS"]
	const args = "assign --as alex@in --user kim@out --name Kim --license $A --role download"
	code, _, fault := s.run(call{args: args})
	said := repeatLine.FindStringSubmatch(fault)
	if code != command.ExitUnavailable || said == nil {
		t.Fatalf("ends with %d\n%s", code, fault)
	}
	s.check([]call{
		{name: "an ID that is given is said again", args: args + " --request-id " + said[1], code: 4,
			want: []string{said[1]}},
		{name: "to verify, Temporal isn't needed", args: args + " --verify",
			want: []string{"would be invited", "Nothing was changed."}},
	})
	s.env["TEMPORAL_ADDRESS"] = here
	s.check([]call{{name: "and repeats the request", args: args + " --request-id " + said[1],
		want: []string{"kim@out · $A: invited"}}})
}

func TestAnInterruptedCommandSaysSoAndCanBeRepeated(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing was sent
	address := "postgres://u:p@" + silent.Addr().String() + "/x?sslmode=disable"
	env := map[string]string{"VL_DATABASE_URL": address}
	for _, c := range []struct {
		name, args string
		want       []string
	}{
		{"one that shows something", "users --as alex@o.example", []string{"vlroles: interrupted\n"}},
		{"one that changes something", "resend --as alex@o.example --user k@o.example",
			[]string{"vlroles: interrupted\n", "with --request-id "}},
		{"with JSON", "resend --as alex@o.example --user k@o.example -o json",
			[]string{`{"error":{"kind":"interrupted"`, `"request_id":"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				if conn, err := silent.Accept(); err == nil {
					defer conn.Close() //nolint:errcheck // nothing was sent
					cancel()
				}
			}()
			var out, fault bytes.Buffer
			code := command.Run(ctx, strings.Fields(c.args), command.Options{
				Name: "vlroles", Lookup: lookup(env), Out: &out, Err: &fault})
			if code != command.ExitInterrupted || out.Len() > 0 {
				t.Errorf("ends with %d\n%s%s", code, out.String(), fault.String())
			}
			for _, want := range c.want {
				if !strings.Contains(fault.String(), want) {
					t.Errorf("%q is missing in\n%s", want, fault.String())
				}
			}
		})
	}
}

func TestErrorsAreJSONWhereTheOutputIs(t *testing.T) {
	s := newShell(t)
	for _, c := range []struct {
		name, args string
		want       map[string]string
	}{
		{"a refusal", "users --as noor@in -o json",
			map[string]string{"error.kind": "not_found", "error.rule": "R43"}},
		{"wrong input, with its flag",
			"assign --as alex@in --user kim@out --name K --license $A --role king --output json",
			map[string]string{"error.kind": "invalid", "error.rule": "R10", "error.field": "--role"}},
		{"a missing flag", "users --output=json",
			map[string]string{"error.kind": "invalid",
				"error.message": "--as is required: the sign-in email of the admin you act as"}},
		{"an unknown flag", "users -ojson --bogus",
			map[string]string{"error.kind": "invalid", "error.message": "unknown flag: --bogus"}},
		{"an unknown flag before", "users --bogus -o json", map[string]string{"error.kind": "invalid"}},
		{"an unknown command", "nonsense -o json", map[string]string{"error.kind": "invalid"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, fault := s.run(call{args: c.args})
			if code == 0 || out != "" {
				t.Errorf("ends with %d\n%s", code, out)
			}
			var all any
			if err := json.Unmarshal([]byte(fault), &all); err != nil {
				t.Fatalf("%v\n%s", err, fault)
			}
			for path, want := range c.want {
				if got := fmt.Sprint(at(all, path)); got != want {
					t.Errorf("%s is %q, expected %q", path, got, want)
				}
			}
		})
	}
}

func TestAnEmptyListSaysSo(t *testing.T) {
	s := newShell(t)
	s.check([]call{
		{name: "users", args: "users --as alex@in --query zzz", want: []string{"No VL users match"}},
		{name: "hand-overs", args: "handover list --as alex@in", want: []string{"No hand-overs"}},
		{name: "hand-overs, as JSON", args: "handover list --as alex@in -o json",
			json: map[string]string{"#": "0"}},
		{name: "preferences", args: "preferences --as alex@in", want: []string{"No agreement names you"}},
		{name: "preferences, as JSON", args: "preferences --as alex@in -o json",
			json: map[string]string{"#": "0"}},
		{name: "orphans", args: "orphans --org $ORG", want: []string{"Every License ID has an active admin."}},
		{name: "orphans, as JSON", args: "orphans --org $ORG -o json", json: map[string]string{"#": "0"}},
		{name: "emails", args: "show --as alex@in --user dana@in", want: []string{"No emails."}},
	})
}

func TestWithoutARequestIDEachCommandHasItsOwn(t *testing.T) {
	env := away(t)
	seen := map[string]bool{}
	for range 2 {
		_, _, fault := run(lookup(env), "", "resend", "--as", "a@o.example", "--user", uuid.NewString())
		said := repeatLine.FindStringSubmatch(fault)
		if said == nil || seen[said[1]] {
			t.Fatalf("it says\n%s", fault)
		}
		seen[said[1]] = true
	}
}
