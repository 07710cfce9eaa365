package main

import (
	"os/exec"
	"strings"
	"testing"
)

// testServers are what a program for production must not link.
var testServers = []string{"vlroles/rig", "vlroles/starter/local", "vlroles/starter/demo",
	"github.com/emersion/go-smtp"}

func TestTheProgramLinksNoTestServer(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("list packages: %v\n%s", err, out)
	}
	linked := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		linked[strings.TrimSpace(line)] = true
	}
	if !linked["vlroles/starter/command"] {
		t.Fatalf("these are not its packages:\n%s", out)
	}
	for _, name := range testServers {
		if linked[name] {
			t.Errorf("it links %s", name)
		}
	}
}
