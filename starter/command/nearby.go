package command

import (
	"os"
	"path/filepath"
	"strings"

	"vlroles/config"
)

// DevDir is where dev keeps its things, and where other commands look for them.
const DevDir = ".vlroles/dev"

// EnvironmentFile is where a running dev writes what other terminals need to find it.
const EnvironmentFile = "environment"

// besideDev lets commands find what dev runs in the folder, unless the environment names a database of its own.
func besideDev(lookup func(string) (string, bool), dir string) func(string) (string, bool) {
	if v, ok := lookup("VL_DATABASE_URL"); ok && v != "" {
		return lookup
	}
	text, err := os.ReadFile(filepath.Join(dir, EnvironmentFile))
	if err != nil {
		return lookup
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[name] = value
		}
	}
	return config.Fallback(lookup, values)
}
