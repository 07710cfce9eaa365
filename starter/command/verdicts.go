package command

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"vlroles/licensing"
)

// wording is how a verdict speaks of what was done, or would be.
type wording struct {
	outcomes                         map[licensing.Outcome]string // those that are missing are said as they are
	added, removed, updated, refused string
}

var (
	done = wording{added: "added", removed: "removed", updated: "name or business email updated",
		refused: "refused"}
	preview = wording{added: "adding", removed: "removing", updated: "name or business email would be updated",
		refused: "would be refused", outcomes: map[licensing.Outcome]string{
			licensing.Invited:   "would be invited",
			licensing.Joined:    "would join the open invitation",
			licensing.Assigned:  "would be assigned",
			licensing.Changed:   "would be changed",
			licensing.Unchanged: "would stay unchanged",
			licensing.Refused:   "would be refused",
		}}
)

// VerdictLine says one verdict of what was done in a line.
func VerdictLine(v licensing.Verdict) string { return done.line(v) }

func (d wording) line(v licensing.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", v.License, cmp.Or(d.outcomes[v.Outcome], string(v.Outcome)))
	if len(v.Added) > 0 {
		fmt.Fprintf(&b, ", %s %s", d.added, RoleNames(v.Added))
	}
	if len(v.Removed) > 0 {
		fmt.Fprintf(&b, ", %s %s", d.removed, RoleNames(v.Removed))
	}
	if v.Outcome != licensing.Refused && (v.Before != "" || v.After != "") {
		fmt.Fprintf(&b, " (%s → %s)", textOrDash(v.Before.String()), textOrDash(v.After.String()))
	}
	if !v.DueAt.IsZero() {
		fmt.Fprintf(&b, ", effective from %s", licensing.Clock(v.DueAt))
	}
	if v.Error != nil {
		fmt.Fprintf(&b, ": %s", v.Error)
	}
	if v.Advice != "" {
		fmt.Fprintf(&b, " %s", v.Advice)
	}
	return b.String()
}

// printVerdicts prints the answer of a save, with the words by which each person was asked for, and ends with
// the code of a refusal where something was refused.
func (a *app) printVerdicts(answer licensing.SaveAnswer, asked []string) error {
	err := a.print(answer, func(w io.Writer) {
		if !a.verify {
			done.write(w, asked, a.inFlags(answer.People))
			return
		}
		preview.write(w, asked, a.inFlags(answer.People))
		fmt.Fprintln(w, "Nothing was changed.")
	})
	if err == nil && anyRefused(answer.People) {
		return errPrinted
	}
	return err
}

// write writes a line for each verdict, under the words by which the person was asked for.
func (d wording) write(w io.Writer, asked []string, people []licensing.PersonVerdict) {
	for n, p := range people {
		if p.Error != nil {
			fmt.Fprintf(w, "%s: %s: %s\n", asked[n], d.refused, p.Error)
			continue
		}
		if p.Updated {
			fmt.Fprintf(w, "%s: %s\n", asked[n], d.updated)
		}
		for _, v := range p.Verdicts {
			fmt.Fprintf(w, "%s · %s\n", asked[n], d.line(v))
		}
	}
}

// anyRefused says whether something of a save was refused.
func anyRefused(people []licensing.PersonVerdict) bool {
	for _, p := range people {
		if p.Error != nil {
			return true
		}
		if someRefused(p.Verdicts) {
			return true
		}
	}
	return false
}

func someRefused(verdicts []licensing.Verdict) bool {
	return slices.ContainsFunc(verdicts, func(v licensing.Verdict) bool {
		return v.Outcome == licensing.Refused
	})
}

// writeIntake says what a partner's request did. It names nobody but those whom the partner named (R35).
func (a *app) writeIntake(w io.Writer, answer licensing.IntakeAnswer) {
	for _, c := range answer.Contacts {
		fmt.Fprintf(w, "%s · %s contact: %s", c.License, contactKind(c.Kind), c.Outcome)
		if c.Rule != "" {
			fmt.Fprintf(w, " (%s)", c.Rule)
		}
		fmt.Fprintln(w)
	}
	for _, p := range answer.People {
		done.write(w, []string{string(p.User)}, []licensing.PersonVerdict{p})
	}
	if len(answer.Contacts)+len(answer.People) == 0 {
		fmt.Fprintln(w, "Stored. Nobody's roles changed.")
	}
	a.writeOrphans(w, answer.Orphaned)
	writeOdd(w, answer.Odd)
}

// writeOdd tells which entries of a directory were left out, and why (R84).
func writeOdd(w io.Writer, odd []licensing.OddEntry) {
	for _, o := range odd {
		fmt.Fprintf(w, "LEFT OUT: entry %d of the directory: %v\n", o.Index, o.Error)
	}
}

// writeOrphans warns of License IDs that lost their last active admin.
func (a *app) writeOrphans(w io.Writer, ids []licensing.LicenseID) {
	for _, l := range ids {
		fmt.Fprintf(w, "ORPHANED: License ID %s has no active admin any more (R33). ", l)
		fmt.Fprintf(w, "Appoint one: %s appoint --license %s …\n", a.name, l)
	}
}
