package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What becomes of a mutant.
const (
	killed   = "killed"
	survived = "survived"
	timedOut = "timed out"
	broken   = "doesn't compile"
)

// suites are the packages whose tests a mutant of a folder meets, from the cheapest on.
var suites = map[string][]string{
	"licensing":   {"licensing", "store/views", "store"},
	"store/rows":  {"store/rows", "store/views", "store"},
	"store/views": {"store/views", "store"},
	"store":       {"store", "store/views"},
}

// deepSuites stand on a Temporal server and take minutes.
var deepSuites = []string{"commands", "workflows"}

// runner tries mutants.
type runner struct {
	deep     bool
	parallel int
	kept     *results
	profile  string // the file that keeps what each test runs through
	covers   coverage
}

// runAll tries the mutants whose fate isn't known yet.
func (r *runner) runAll(ctx context.Context, all []mutant) error {
	var todo []mutant
	for _, m := range all {
		if !r.kept.knows(m) {
			todo = append(todo, m)
		}
	}
	fmt.Printf("%d mutants, %d to try\n", len(all), len(todo))
	if len(todo) == 0 {
		return nil
	}
	if err := r.measure(ctx); err != nil {
		return err
	}
	next, done := make(chan mutant), atomic.Int64{}
	var workers sync.WaitGroup
	failures := make(chan error, r.parallel)
	for range r.parallel {
		workers.Go(func() {
			for m := range next {
				res, err := r.try(ctx, m)
				if err != nil {
					failures <- err
					return
				}
				r.kept.add(m, res)
				fmt.Printf("%d/%d %5.1fs %-10s %s:%d %s %s\n", done.Add(1), len(todo), res.Seconds, res.Fate,
					m.File, m.Line, strings.TrimPrefix(m.Name, m.File+" "), res.By)
			}
		})
	}
	err := feed(ctx, todo, next, failures)
	close(next)
	workers.Wait()
	return err
}

// feed hands the mutants out until one can't be tried at all.
func feed(ctx context.Context, todo []mutant, next chan<- mutant, failures <-chan error) error {
	for _, m := range todo {
		select {
		case next <- m:
		case err := <-failures:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// measure runs the tests without a mutant: they must pass, and it says which mutants each of them may notice.
func (r *runner) measure(ctx context.Context) error {
	r.covers = readCoverage(r.profile, r.kept.house)
	for _, pkg := range r.packages("licensing", "store/rows") {
		if _, known := r.covers.Packages[pkg]; known {
			continue
		}
		begun := time.Now()
		tests, err := cover(ctx, pkg)
		if err != nil {
			return err
		}
		r.covers.Packages[pkg] = tests
		fmt.Printf("%s: %d tests, one by one in %s\n", pkg, len(tests), time.Since(begun).Round(time.Second))
		if err := r.covers.write(r.profile); err != nil {
			return err
		}
	}
	return nil
}

// packages are those that mutants of the folders meet, each once.
func (r *runner) packages(folders ...string) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range folders {
		for _, p := range suites[f] {
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	if r.deep {
		out = append(out, deepSuites...)
	}
	return out
}

// try builds a mutant and runs the tests that may notice it, until one does.
func (r *runner) try(ctx context.Context, m mutant) (result, error) {
	begun := time.Now()
	dir, err := os.MkdirTemp("", "vlroles-mutant-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its folder, too
	overlay, err := overlayOf(m, dir)
	if err != nil {
		return result{}, err
	}
	res := result{Fate: survived}
	for _, pkg := range r.packages(filepath.Dir(m.File)) {
		res.Fate, res.By = r.meet(ctx, pkg, m, overlay)
		if ctx.Err() != nil {
			return res, ctx.Err()
		}
		if res.Fate != survived {
			break
		}
	}
	res.Seconds = time.Since(begun).Seconds()
	return res, nil
}

// slow is from which time on a test waits until the faster ones have found nothing.
const slow = 1.5

// meet lets a mutant meet the tests of a package that run through its function, the slow ones last.
func (r *runner) meet(ctx context.Context, pkg string, m mutant, overlay string) (fate, by string) {
	tests := meeting(r.covers.Packages[pkg], m)
	if len(tests) == 0 {
		return survived, ""
	}
	bin := filepath.Join(filepath.Dir(overlay), "test")
	fate, out, err := build(ctx, pkg, bin, "-overlay="+overlay)
	if err != nil {
		return fate, strings.Join(strings.Fields(out), " ")
	}
	first := slices.IndexFunc(tests, func(t covering) bool { return t.Seconds > slow })
	if first < 0 {
		first = len(tests)
	}
	for _, some := range [][]covering{tests[:first], tests[first:]} {
		if len(some) == 0 {
			continue
		}
		limit, names := time.Minute, []string{}
		for _, t := range some {
			names = append(names, t.Name)
			limit += time.Duration(5 * t.Seconds * float64(time.Second))
		}
		out, err := execute(ctx, pkg, bin, "-test.failfast", "-test.timeout="+limit.String(),
			"-test.run="+selecting(names...))
		if err != nil {
			return fateOf(out), firstFailure(out)
		}
	}
	return survived, ""
}

// overlayOf writes the mutated file and tells the compiler to read it in place of the original.
func overlayOf(m mutant, dir string) (string, error) {
	text, err := m.text()
	if err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.File)
	if err != nil {
		return "", err
	}
	mutated, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: mutated}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(mutated, []byte(text), 0o600), os.WriteFile(overlay, list, 0o600))
}

// build makes the test binary of a package.
func build(ctx context.Context, pkg, bin string, flags ...string) (fate, out string, err error) {
	args := append([]string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", bin}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+pkg)...)
	text, err := cmd.CombinedOutput()
	return broken, string(text), err
}

// execute runs a test binary in its package's folder.
func execute(ctx context.Context, pkg, bin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir = pkg
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func fateOf(out string) string {
	if strings.Contains(out, "panic: test timed out") {
		return timedOut
	}
	return killed
}

var failure = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// firstFailure names the test that noticed.
func firstFailure(out string) string {
	if m := failure.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	return ""
}
