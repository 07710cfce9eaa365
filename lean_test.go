package vlroles_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What production runs.
var production = []string{"./worker", "./starter/vlroles"}

// What only development, demo, tests and benchmarks stand on.
var notForProduction = []string{
	"vlroles/rig", "vlroles/bench", "vlroles/starter/local", "vlroles/starter/demo",
	"vlroles/worker/engine/enginetest", "github.com/emersion/go-smtp", "github.com/emersion/go-message",
}

func TestProductionBinariesAreBuiltWithoutTheRigAndWithoutAnSMTPServer(t *testing.T) {
	for _, main := range production {
		t.Run(main, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", main).Output()
			if err != nil {
				t.Fatal(err)
			}
			deps := strings.Fields(string(out))
			if !slices.Contains(deps, "vlroles/config") {
				t.Fatalf("the list is not whole: %d packages", len(deps))
			}
			for _, d := range notForProduction {
				if slices.Contains(deps, d) {
					t.Errorf("%s is built with %s", main, d)
				}
			}
		})
	}
}
