package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vlroles/config"
)

const (
	// DevDir is the folder in which dev keeps its things, and in which other commands look for them.
	DevDir = ".vlroles/dev"

	// EnvironmentFile is the file of that folder that says how to reach what dev runs: a NAME=value a line.
	EnvironmentFile = "environment"

	largestEnvironment = 64 << 10 // bytes that are read of it
)

// DevVariables are what dev writes into its EnvironmentFile. Commands take nothing else from it.
var DevVariables = []string{
	"VL_DATABASE_URL", "VL_LINK_BASE_URL", "VL_LINK_KEYS", "VL_PORTAL_URL", "VL_PROVISIONER_URL", "VL_SUPPORT",
	"TEMPORAL_ADDRESS",
}

// load reads the configuration, and below it what a running dev wrote.
func (a *app) load(who config.Process) (config.Config, error) {
	lookup, err := besideDev(a.lookup, a.dir, DevDir)
	if err != nil {
		return config.Config{}, Usage(err)
	}
	return config.Load(lookup, who)
}

// besideDev lets commands find what dev runs. In the folder that is named, it comes before the environment;
// in the default one, it counts unless the environment names a database.
func besideDev(lookup func(string) (string, bool), named, usual string) (func(string) (string, bool), error) {
	if named == "" && (isSet(lookup, "VL_DATABASE_URL") || isSet(lookup, "VL_DATABASE_URL_FILE")) {
		return lookup, nil
	}
	dir := named
	if dir == "" {
		dir = usual
	}
	values, err := readEnvironment(dir)
	switch {
	case named == "" && errors.Is(err, fs.ErrNotExist):
		return lookup, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--dir %s: `starter dev` has not run there", named)
	case err != nil:
		return nil, fmt.Errorf("read what `starter dev` left: %w", err)
	case named != "":
		return before(values, lookup), nil
	}
	return config.Fallback(lookup, values), nil
}

func isSet(lookup func(string) (string, bool), name string) bool {
	v, ok := lookup(name)
	return ok && v != ""
}

// before answers from values, and from lookup what they lack. A secret that they hold isn't read from a file.
func before(values map[string]string, lookup func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := values[name]; ok {
			return v, true
		}
		if _, ok := values[strings.TrimSuffix(name, "_FILE")]; ok {
			return "", false
		}
		return lookup(name)
	}
}

// readEnvironment reads what dev wrote into a folder. The file holds keys, and says where people's data goes:
// it is taken only from the user who runs the command, only if nobody else can write it, and only where it
// names this machine. A folder that came from elsewhere, in an archive perhaps, can't send anybody's
// commands away.
func readEnvironment(dir string) (map[string]string, error) {
	name := filepath.Join(dir, EnvironmentFile)
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it is only read
	info, err := f.Stat()
	if err == nil {
		err = errors.Join(checkOwner(name, info), CheckOwner(dir))
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, largestEnvironment))
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range bytes.Lines(text) {
		variable, value, ok := strings.Cut(strings.TrimSpace(string(line)), "=")
		if !ok || !slices.Contains(DevVariables, variable) {
			continue
		}
		if !staysHere(variable, value) {
			return nil, fmt.Errorf("%s: %s doesn't name this machine; dev writes nothing else", name, variable)
		}
		values[variable] = value
	}
	return values, nil
}

// staysHere says whether a value leads to this machine, where it leads somewhere.
func staysHere(variable, value string) bool {
	switch variable {
	case "VL_DATABASE_URL":
		return strings.HasPrefix(value, "sqlite:")
	case "TEMPORAL_ADDRESS":
		host, _, err := net.SplitHostPort(value)
		return err == nil && isLoopback(host)
	case "VL_LINK_BASE_URL", "VL_PORTAL_URL", "VL_PROVISIONER_URL":
		u, err := url.Parse(value)
		return err == nil && isLoopback(u.Hostname())
	}
	return true
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
