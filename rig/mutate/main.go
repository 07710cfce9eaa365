// Mutate breaks the rules and the SQL one place at a time and says which breaks no test notices.
//
//	go run ./rig/mutate            every mutant that the results don't know yet, then the report
//	go run ./rig/mutate -list      the mutants, and run nothing
//	go run ./rig/mutate -only R    mutants whose name matches the regular expression R
//	go run ./rig/mutate -sample N  N of them, picked by -seed
//
// A mutant is one predicate of a WHERE or ON that is always true (or one side of an OR that never is), one
// condition of licensing or store that is negated, moved by one or dropped, or one guard of licensing that
// store doesn't ask. It is built by an overlay: the tree is not touched. The tests that run through its
// function meet it on SQLite, from the cheapest package on, until one fails. Results are kept in -results, so
// that a run that was ended goes on: what was killed stays so while its file is the same, what survived is
// tried again as soon as a rule, a statement or a test has changed. Survivors that can't be told from the
// original stand in equivalent.txt, with the reason.
//
// The working directory must be the module's.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

// options are what the command line says.
type options struct {
	list, fresh, deep bool
	only              string
	sample            int
	seed              uint64
	parallel          int
	results           string
}

func main() {
	var o options
	flag.BoolVar(&o.list, "list", false, "list the mutants and run nothing")
	flag.BoolVar(&o.fresh, "fresh", false, "forget the results and begin anew")
	flag.BoolVar(&o.deep, "deep", false, "ask the tests of workflows, too, before a mutant counts as survivor")
	flag.StringVar(&o.only, "only", "", "only mutants whose name matches this regular expression")
	flag.IntVar(&o.sample, "sample", 0, "only so many, picked at random; 0: all")
	flag.Uint64Var(&o.seed, "seed", 1, "picks the sample")
	flag.IntVar(&o.parallel, "p", 1, "how many mutants are tried at a time")
	flag.StringVar(&o.results, "results", "bin/mutate.jsonl", "the file that keeps what became of each mutant")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	all, err := mutantsOf(".")
	if err != nil {
		return err
	}
	chosen, err := choose(all, o)
	if err != nil {
		return err
	}
	if o.list {
		for _, m := range chosen {
			fmt.Printf("%s:%d\t%s\n", m.File, m.Line, m.Name)
		}
		fmt.Printf("%d mutants\n", len(chosen))
		return nil
	}
	known, err := readEquivalents("rig/mutate/equivalent.txt")
	if err != nil {
		return err
	}
	r := &runner{deep: o.deep, parallel: o.parallel, profile: o.results + ".cover"}
	if r.kept, err = openResults(o.results, o.fresh); err != nil {
		return err
	}
	defer r.kept.close()
	if err := r.runAll(ctx, chosen); err != nil {
		return err
	}
	report(os.Stdout, chosen, r.kept, known)
	if o.only == "" && o.sample == 0 {
		return stale(all, known)
	}
	return nil
}

// choose returns the mutants that the command line asks for, in their order.
func choose(all []mutant, o options) ([]mutant, error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var out []mutant
	for _, m := range all {
		if only.MatchString(m.Name) {
			out = append(out, m)
		}
	}
	if o.sample == 0 || o.sample >= len(out) {
		return out, nil
	}
	pick := rand.New(rand.NewPCG(o.seed, 0)).Perm(len(out))[:o.sample]
	taken := map[int]bool{}
	for _, n := range pick {
		taken[n] = true
	}
	var some []mutant
	for n, m := range out {
		if taken[n] {
			some = append(some, m)
		}
	}
	return some, nil
}
