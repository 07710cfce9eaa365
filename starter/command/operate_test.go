package command_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"vlroles/rig"
	"vlroles/starter/command"
)

func TestMigrate(t *testing.T) {
	s := newShell(t)
	s.check([]call{
		{name: "it can be repeated", args: "migrate",
			want: []string{"0 migrations applied, 0 search attributes added."}},
		{name: "the answer is JSON on request", args: "migrate -o json",
			json: map[string]string{"migrations": "0", "directory_every": "0s"}},
		{name: "an argument is wrong input", args: "migrate now", code: 2, want: []string{"flags only"}},
	})
	s.env["VL_DIRECTORY_URL"], s.env["VL_DIRECTORY_TOKEN"] = "http://127.0.0.1:1/scim/v2", "token"
	s.check([]call{{name: "directories are compared where there is a service", args: "migrate",
		want: []string{"compared with their tenants every"}}})
	delete(s.env, "VL_DIRECTORY_URL")
	s.check([]call{{name: "and no longer where there is none", args: "migrate -o json",
		json: map[string]string{"directory_every": "0s"}}})
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name, args string
		code       int
		want       string
	}{
		{"the variables are listed", "config", 0, "VL_PROPAGATION"},
		{"as JSON on request", "config -o json", 0, `"VL_LINK_KEYS"`},
		{"another form is wrong input", "config -o xml", 2, "--output is text or json"},
		{"a wrong variable matters where it is used", "orphans", 2, "VL_DATABASE_URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, fault := run(lookup(map[string]string{"VL_DATABASE_URL": "mysql://x"}), "",
				strings.Fields(c.args)...)
			if code != c.code || !strings.Contains(out+fault, c.want) {
				t.Errorf("ends with %d, expected %d and %q\n%s%s", code, c.code, c.want, out, fault)
			}
		})
	}
}

func TestTheSameRequestIDIsOneRequest(t *testing.T) {
	s := newShell(t)
	const id = " --request-id 0d5f7a52-6c1b-4f43-8d0e-3a7c5b1e9999 -o json"
	const args = "assign --as alex@in --user kim@out --name Kim --license $A --role download" + id
	first, second := s.must(call{args: args}), s.must(call{args: args})
	if first != second {
		t.Errorf("the answers differ:\n%s\n%s", first, second)
	}
	s.check([]call{{name: "what is no UUID is wrong input", args: "migrate --request-id 7", code: 2,
		want: []string{"--request-id is a UUID"}}})
}

func TestAPartThatDoesNotAnswerIsNamed(t *testing.T) {
	s := newShell(t)
	port, err := rig.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	s.env["TEMPORAL_ADDRESS"] = "127.0.0.1:" + strconv.Itoa(port)
	s.check([]call{
		{name: "Temporal", args: "resend --as alex@in --user kim@out", code: command.ExitUnavailable,
			want: []string{"TEMPORAL_ADDRESS"}},
		{name: "which reading doesn't need", args: "users --as alex@in", want: []string{"Alex Wilber"}},
	})
	s.env["VL_DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "nowhere", "x.db")
	s.check([]call{{name: "the database", args: "users --as alex@in", code: command.ExitUnavailable,
		want: []string{"the database doesn't answer (VL_DATABASE_URL): no such file", "vlroles migrate"}}})
}

func TestCommandsFindWhatDevRunsInTheSameFolder(t *testing.T) {
	st := stack(t)
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll(command.DevDir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(command.DevDir, command.EnvironmentFile)
	if err := os.WriteFile(file,
		[]byte("VL_DATABASE_URL="+st.Environment["VL_DATABASE_URL"]+"\n\n# a remark\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, fault := run(nothing, "", "orphans", "--org",
		"nowhere.example"); code != command.ExitRefused {
		t.Errorf("ends with %d\n%s%s", code, out, fault)
	}
	other := lookup(map[string]string{"VL_DATABASE_URL": "mysql://x"})
	if code, out, fault := run(other, "", "orphans"); code != command.ExitUsage {
		t.Errorf("another database in the environment: ends with %d\n%s%s", code, out, fault)
	}
}
