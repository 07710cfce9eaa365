package workflows_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// listed is a package as `go list -json` prints it.
type listed struct {
	ImportPath string
	Imports    []string
}

// dependencies returns this package with everything that it is built from.
func dependencies(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports", ".")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(out); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// The SDK itself is built from gRPC and net/http, so the list of dependencies alone proves nothing. A package
// of ours is one whose path begins with the module's name: these may be three, and none of them may import
// what does I/O.
func TestWorkflowsAreBuiltFromNothingOfOursThatDoesIO(t *testing.T) {
	ours := []string{"vlroles/licensing", "vlroles/workflows", "vlroles/workflows/refusal"}
	doesIO := []string{"net", "net/http", "net/smtp", "os", "os/exec", "io/fs", "syscall", "database/sql",
		"embed", "log"}
	sdk := []string{"go.temporal.io/sdk/temporal", "go.temporal.io/sdk/workflow"}
	found := 0
	for _, p := range dependencies(t) {
		switch {
		case strings.Contains(p.ImportPath, "go-mail"), strings.Contains(p.ImportPath, "sqlx"):
			t.Errorf("workflows are built from %s", p.ImportPath)
		case !strings.HasPrefix(p.ImportPath, "vlroles/"):
			continue
		case !slices.Contains(ours, p.ImportPath):
			t.Errorf("workflows are built from %s", p.ImportPath)
		}
		found++
		for _, i := range p.Imports {
			if slices.Contains(doesIO, i) {
				t.Errorf("%s imports %s, which does I/O", p.ImportPath, i)
			}
			if strings.HasPrefix(i, "go.temporal.io/sdk/") && !slices.Contains(sdk, i) {
				t.Errorf("%s imports %s, which is not deterministic", p.ImportPath, i)
			}
		}
	}
	if found != len(ours) {
		t.Errorf("%d packages of ours were found, want %d", found, len(ours))
	}
}
