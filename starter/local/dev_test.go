package local

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"vlroles/licensing"
	"vlroles/starter/command"
)

// screen is an output that tells when it shows a text.
type screen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	until string
	shown func()
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	if s.shown != nil && strings.Contains(s.text.String(), s.until) {
		s.shown()
	}
	return len(b), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// dev runs `starter dev` on free ports until it shows the text, and returns exit code, output and error.
func dev(t *testing.T, until string, args ...string) (int, string, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, fault := &screen{until: until, shown: cancel}, &screen{}
	args = append([]string{"dev", "--temporal-port", "0", "--ui-port", "0", "--mail-port", "0", "--web-port",
		"0"}, args...)
	code := command.Run(ctx, args, command.Options{
		Name: "starter", Lookup: nothing, Out: out, Err: fault, Local: []*cobra.Command{Dev(nothing)},
	})
	return code, out.String(), fault.String()
}

func TestDevRunsUntilItIsInterruptedAndOpensWhatItKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dev")
	for range 2 {
		code, out, fault := dev(t, "starter users --as", "--dir", dir)
		if code != 0 {
			t.Fatalf("ends with %d\n%s%s", code, out, fault)
		}
		contains(t, out, "Running until Ctrl-C.", "mail inbox     http://127.0.0.1:",
			"Temporal UI    http://", "Stopping", "users --as alex@contoso.example --dir "+dir)
	}
	var out bytes.Buffer
	code := command.Run(context.Background(), []string{"users", "--as", "alex@contoso.example", "--dir", dir},
		command.Options{Name: "starter", Out: &out, Err: &out, Lookup: nothing})
	if code != 0 {
		t.Errorf("ends with %d", code)
	}
	contains(t, out.String(), "Alex Wilber", "Active")
}

func TestDevWritesWhereItRunsSoThatCommandsFindItOnOtherPorts(t *testing.T) {
	s := stack(t)
	text, err := os.ReadFile(s.path(command.EnvironmentFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range command.DevVariables {
		contains(t, string(text), name+"="+s.Environment[name]+"\n")
	}
	contains(t, string(text), "TEMPORAL_ADDRESS="+s.Temporal.HostPort()+"\n")
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	code := command.Run(context.Background(), []string{
		"assign", "--as", "alex@contoso.example", "--license", "E2001", "--role", "download",
		"--user", "kim@contoso.example", "--dir", s.options.Dir,
	},
		command.Options{Name: "starter", Out: &out, Err: &out, Lookup: nothing})
	if code != 0 {
		t.Errorf("ends with %d", code)
	}
	contains(t, out.String(), "kim@contoso.example · E2001: invited")
}

func TestASecondDevInOneFolderIsRefused(t *testing.T) {
	code, _, fault := dev(t, "Running", "--dir", stack(t).options.Dir)
	if code != command.ExitRefused {
		t.Errorf("ends with %d", code)
	}
	contains(t, fault, "another dev or demo (process ", "choose another folder with --dir")
}

func TestDevSaysWhatItCanNotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // nothing was sent
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a port that is taken", []string{"--dir", t.TempDir(), "--web-port", port}, command.ExitFault,
			"Choose other ports: --web-port"},
		{"a mail port that is taken", []string{"--dir", t.TempDir(), "--mail-port", port}, command.ExitFault,
			"Choose other ports: --web-port"},
		{"a folder that is a file", []string{"--dir", file}, command.ExitFault, "not a directory"},
		{"a duration that is none", []string{"--propagation", "soon"}, command.ExitUsage, "--propagation"},
		{"an argument", []string{"now"}, command.ExitUsage, "flags only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, fault := dev(t, "Running", c.args...)
			if code != c.code || !strings.Contains(fault, c.want) {
				t.Errorf("ends with %d, expected %d and %q\n%s%s", code, c.code, c.want, out, fault)
			}
		})
	}
}

func TestAnEnvironmentThatIsWrongStartsNothing(t *testing.T) {
	wrong := func(name string) (string, bool) { return "soon", name == "VL_PROPAGATION" }
	s, err := Start(context.Background(), Options{Dir: t.TempDir(), Lookup: wrong})
	if err == nil {
		_ = s.Stop()
		t.Fatal("it was taken")
	}
	contains(t, err.Error(), "VL_PROPAGATION")
}

func TestASecretIsMadeOnceAndReadAgain(t *testing.T) {
	dir := t.TempDir()
	first, err := readOrMakeSecret(filepath.Join(dir, "a.key"))
	if err != nil || len(first) != 44 {
		t.Fatalf("%q %v", first, err)
	}
	if again, err := readOrMakeSecret(filepath.Join(dir, "a.key")); again != first || err != nil {
		t.Errorf("%q %v, expected %q", again, err, first)
	}
	if other, err := readOrMakeSecret(filepath.Join(dir, "b.key")); other == first || err != nil {
		t.Errorf("another file has the secret %q %v", other, err)
	}
	if _, err := readOrMakeSecret(dir); err == nil {
		t.Error("a folder was read")
	}
	if _, err := readOrMakeSecret(filepath.Join(dir, "nowhere", "c.key")); err == nil {
		t.Error("a file was made in no folder")
	}
}

func TestContosoIsAnOrganizationThatIsTaken(t *testing.T) {
	policy := licensing.DefaultPolicy()
	in, err := Contoso(time.Now()).Check(policy)
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Directory) != 6 || len(in.Agreements) != 4 {
		t.Errorf("%d people, %d agreements", len(in.Directory), len(in.Agreements))
	}
}
