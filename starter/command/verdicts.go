package command

import (
	"fmt"
	"io"
	"strings"

	"vlroles/licensing"
)

// VerdictText says one verdict in a line.
func VerdictText(v licensing.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", v.License, v.Outcome)
	if len(v.Added) > 0 {
		fmt.Fprintf(&b, ", added %s", RoleNames(v.Added))
	}
	if len(v.Removed) > 0 {
		fmt.Fprintf(&b, ", removed %s", RoleNames(v.Removed))
	}
	if v.Outcome != licensing.Refused && (v.Before != "" || v.After != "") {
		fmt.Fprintf(&b, " (%s → %s)", dash(v.Before.String()), dash(v.After.String()))
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

// verdicts prints the answer of a save, named by who was asked for.
func verdicts(w io.Writer, asked []licensing.PersonChange, people []licensing.PersonVerdict) {
	for n, p := range people {
		who := string(asked[n].SignIn)
		if who == "" {
			who = string(asked[n].User)
		}
		switch {
		case p.Error != nil:
			fmt.Fprintf(w, "%s: refused: %s\n", who, p.Error)
			continue
		case p.Updated:
			fmt.Fprintf(w, "%s: name or business e-mail corrected\n", who)
		}
		for _, v := range p.Verdicts {
			fmt.Fprintf(w, "%s · %s\n", who, VerdictText(v))
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

// saved prints verdicts, and ends with the code of a refusal where there is one.
func (a *app) saved(people []licensing.PersonVerdict, whole any, asked []licensing.PersonChange) error {
	err := a.answer(whole, func(w io.Writer) { verdicts(w, asked, people) })
	if err == nil && anyRefused(people) {
		return errSaid
	}
	return err
}

// intakeText tells what a partner's request did. It names nobody besides those whom the partner named (R35).
func intakeText(w io.Writer, out licensing.IntakeAnswer) {
	for _, c := range out.Contacts {
		fmt.Fprintf(w, "%s · %s contact: %s", c.License, strings.ReplaceAll(string(c.Kind), "_", " "), c.Outcome)
		if c.Rule != "" {
			fmt.Fprintf(w, " (%s)", c.Rule)
		}
		fmt.Fprintln(w)
	}
	for _, p := range out.People {
		verdicts(w, []licensing.PersonChange{{User: p.User}}, []licensing.PersonVerdict{p})
	}
	if len(out.Contacts)+len(out.People) == 0 {
		fmt.Fprintln(w, "stored; nobody's roles changed")
	}
	orphansText(w, out.Orphaned)
}

func orphansText(w io.Writer, ids []licensing.LicenseID) {
	for _, l := range ids {
		fmt.Fprintf(w, "ORPHANED: License ID %s has no active admin any more (R33): starter seat --license %s …\n", l, l)
	}
}
