package command

import (
	"fmt"
	"io"
	"strings"

	"vlroles/licensing"
)

// VerdictLine says one verdict in a line.
func VerdictLine(v licensing.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", v.License, v.Outcome)
	if len(v.Added) > 0 {
		fmt.Fprintf(&b, ", added %s", RoleNames(v.Added))
	}
	if len(v.Removed) > 0 {
		fmt.Fprintf(&b, ", removed %s", RoleNames(v.Removed))
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

// printVerdicts prints the answer of a save, and ends with the code of a refusal where something was refused.
func (a *app) printVerdicts(answer licensing.SaveAnswer, asked []licensing.PersonChange) error {
	err := a.print(answer, func(w io.Writer) { writeVerdicts(w, asked, answer.People) })
	if err == nil && anyRefused(answer.People) {
		return errPrinted
	}
	return err
}

// writeVerdicts writes a line for each verdict, under the name by which the person was asked for.
func writeVerdicts(w io.Writer, asked []licensing.PersonChange, people []licensing.PersonVerdict) {
	for n, p := range people {
		who := string(asked[n].SignIn)
		if who == "" {
			who = string(asked[n].User)
		}
		if p.Error != nil {
			fmt.Fprintf(w, "%s: refused: %s\n", who, p.Error)
			continue
		}
		if p.Updated {
			fmt.Fprintf(w, "%s: name or business email updated\n", who)
		}
		for _, v := range p.Verdicts {
			fmt.Fprintf(w, "%s · %s\n", who, VerdictLine(v))
		}
	}
}

// anyRefused says whether something of a save was refused.
func anyRefused(people []licensing.PersonVerdict) bool {
	for _, p := range people {
		if p.Error != nil {
			return true
		}
		for _, v := range p.Verdicts {
			if v.Outcome == licensing.Refused {
				return true
			}
		}
	}
	return false
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
		writeVerdicts(w, []licensing.PersonChange{{User: p.User}}, []licensing.PersonVerdict{p})
	}
	if len(answer.Contacts)+len(answer.People) == 0 {
		fmt.Fprintln(w, "Stored. Nobody's roles changed.")
	}
	a.writeOrphans(w, answer.Orphaned)
}

// writeOrphans warns of License IDs that lost their last active admin.
func (a *app) writeOrphans(w io.Writer, ids []licensing.LicenseID) {
	for _, l := range ids {
		fmt.Fprintf(w, "ORPHANED: License ID %s has no active admin any more (R33). ", l)
		fmt.Fprintf(w, "Appoint one: %s appoint --license %s …\n", a.name, l)
	}
}
