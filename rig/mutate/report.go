package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// readEquivalents reads the survivors that nothing can tell from the original: a name a line, and the reason
// on the lines above it, after a #.
func readEquivalents(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return parseEquivalents(f)
}

func parseEquivalents(r io.Reader) (map[string]string, error) {
	out := map[string]string{}
	reason := ""
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "":
			reason = ""
		case strings.HasPrefix(line, "#"):
			reason = strings.TrimSpace(reason + " " + strings.TrimSpace(line[1:]))
		case reason == "":
			return nil, fmt.Errorf("line %d names a mutant without a reason: write it above, after a #", n)
		default:
			out[line] = reason
		}
	}
	return out, lines.Err()
}

// counts are the fates of the mutants of one file.
type counts struct{ killed, survived, timedOut, broken, equivalent int }

func (c *counts) add(fate string, equivalent bool) {
	switch {
	case fate == killed:
		c.killed++
	case fate == timedOut:
		c.timedOut++
	case fate == broken:
		c.broken++
	case fate == survived && equivalent:
		c.equivalent++
	case fate == survived:
		c.survived++
	}
}

// share is how many of those that can be told from the original were noticed.
func (c counts) share() string {
	noticed := c.killed + c.timedOut
	if noticed+c.survived == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(noticed)/float64(noticed+c.survived))
}

// report tells the fates by file, and then each survivor.
func report(w io.Writer, all []mutant, kept *results, known map[string]string) {
	byFile, order, total := map[string]*counts{}, []string{}, counts{}
	var left []mutant
	for _, m := range all {
		if byFile[m.File] == nil {
			byFile[m.File] = &counts{}
			order = append(order, m.File)
		}
		fate := kept.byName[m.Name].Fate
		byFile[m.File].add(fate, known[m.Name] != "")
		total.add(fate, known[m.Name] != "")
		if fate == survived && known[m.Name] == "" {
			left = append(left, m)
		}
	}
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	say := func(name string, c counts) {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%s\n", name, c.killed, c.timedOut, c.survived, c.equivalent,
			c.broken, c.share())
	}
	fmt.Fprintln(table, "\nfile\tkilled\ttimed out\tsurvived\tequivalent\tdoesn't compile\tnoticed")
	for _, f := range order {
		say(f, *byFile[f])
	}
	say("all", total)
	_ = table.Flush() // the terminal may be gone
	for _, m := range left {
		fmt.Fprintf(w, "survived: %s:%d\n\t%s\n", m.File, m.Line, m.Name)
	}
}

// stale finds lines of the list that name no mutant any more.
func stale(all []mutant, known map[string]string) error {
	there := map[string]bool{}
	for _, m := range all {
		there[m.Name] = true
	}
	var gone []error
	for name := range known {
		if !there[name] {
			gone = append(gone, errors.New("equivalent.txt names what isn't there: "+name))
		}
	}
	return errors.Join(gone...)
}
