package command

import (
	"os"
	"path/filepath"
	"strings"

	"vlroles/config"
)

const (
	// DevDir is the folder in which dev keeps its things, and in which other commands look for them.
	DevDir = ".vlroles/dev"

	// EnvironmentFile is the file of that folder that says how to reach what dev runs: a NAME=value a line.
	EnvironmentFile = "environment"
)

// besideDev lets commands find what dev runs in the folder, unless the environment names a database.
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
