package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// span is a piece of a file, in lines.
type span struct{ From, To int }

// covering is a test, how long it takes, and what it runs through by file.
type covering struct {
	Name    string
	Seconds float64
	Files   map[string][]span
}

// coverage is what the tests of each package run through, for the house of one hash.
type coverage struct {
	House    string
	Packages map[string][]covering
}

// readCoverage returns what an earlier run has measured, where nothing has changed since.
func readCoverage(path, house string) coverage {
	c := coverage{House: house, Packages: map[string][]covering{}}
	var kept coverage
	text, err := os.ReadFile(path)
	if err == nil && json.Unmarshal(text, &kept) == nil && kept.House == house {
		return kept
	}
	return c
}

func (c coverage) write(path string) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

var testName = regexp.MustCompile(`^(Test|Fuzz|Example)`)

// cover runs each test of a package by itself and notes what it runs through. All must pass.
func cover(ctx context.Context, pkg string) ([]covering, error) {
	dir, err := os.MkdirTemp("", "vlroles-cover-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its folder, too
	bin := filepath.Join(dir, "test")
	if _, out, err := build(ctx, pkg, bin, "-cover", "-coverpkg="+coverPackages()); err != nil {
		return nil, fmt.Errorf("build the tests of %s: %w\n%s", pkg, err, out)
	}
	if _, err := os.Stat(bin); errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a package without tests
	}
	list, err := execute(ctx, pkg, bin, "-test.list=.")
	if err != nil {
		return nil, fmt.Errorf("list the tests of %s: %w", pkg, err)
	}
	var out []covering
	for _, name := range strings.Fields(list) {
		if !testName.MatchString(name) {
			continue
		}
		profile, begun := filepath.Join(dir, "profile"), time.Now()
		text, err := execute(ctx, pkg, bin, "-test.run="+selecting(name), "-test.coverprofile="+profile)
		if err != nil {
			return nil, fmt.Errorf("%s of %s doesn't pass without a mutant: %w\n%s", name, pkg, err, text)
		}
		files, err := readProfile(profile)
		if err != nil {
			return nil, err
		}
		out = append(out, covering{name, time.Since(begun).Seconds(), files})
	}
	slices.SortStableFunc(out, func(a, b covering) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return out, nil
}

func coverPackages() string {
	var all []string
	for _, f := range folders {
		all = append(all, "./"+f)
	}
	return strings.Join(all, ",")
}

// selecting picks tests, and of those that run on both databases the half on SQLite.
func selecting(names ...string) string {
	return "^(" + strings.Join(names, "|") + ")$/^([^P]|P[^o])"
}

var profileLine = regexp.MustCompile(`^vlroles/(\S+):(\d+)\.\d+,(\d+)\.\d+ \d+ ([1-9]\d*)$`)

// readProfile returns the pieces of each file that were run through.
func readProfile(path string) (map[string][]span, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string][]span{}
	for line := range strings.Lines(string(text)) {
		m := profileLine.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		from, err1 := strconv.Atoi(m[2])
		to, err2 := strconv.Atoi(m[3])
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		out[m[1]] = append(out[m[1]], span{from, to})
	}
	return out, nil
}

// meeting returns the tests that run through the function of a mutant, the fastest first. What stands outside
// of functions may be met by all.
func meeting(tests []covering, m mutant) []covering {
	var out []covering
	for _, t := range tests {
		if m.within == (span{}) || slices.ContainsFunc(t.Files[m.File], func(s span) bool {
			return s.From <= m.within.To && s.To >= m.within.From
		}) {
			out = append(out, t)
		}
	}
	return out
}
