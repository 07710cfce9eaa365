package templates

import (
	"fmt"
	"slices"
	"strings"

	"vlroles/licensing"
)

// Confirmation tells an admin what a save did with each person (R75).
type Confirmation struct {
	Common
	Request licensing.RequestID
	Portal  string // "": no link is shown
	People  []ConfirmedPerson
}

// ConfirmedPerson is one person of a save.
type ConfirmedPerson struct {
	Name     string
	Email    licensing.Email
	Refused  string // the person as a whole was refused: why
	Updated  bool   // name or business e-mail was changed
	Verdicts []licensing.Verdict
}

// The bounds of a confirmation.
const (
	maxListed = 100       // people; beyond it only those with something refused are listed
	maxLines  = 1_500     // lines of verdicts
	maxHTML   = 400 << 10 // bytes; an HTML body that comes out longer lists fewer people
)

// Mail writes the confirmation of a save. People with something refused come first. However many there are, both bodies
// stay below 400 KiB: what is left out is counted.
func (m Confirmation) Mail() (_ Mail, err error) {
	if m.Portal, err = optionalURL("portal", m.Portal); err != nil {
		return Mail{}, fmt.Errorf("write the confirmation: %w", err)
	}
	s := summarize(m)
	for lines := maxLines; ; lines /= 2 {
		mail, err := confirmationLetter.write("Your volume licensing role assignments: "+s.Result, s.upTo(lines))
		if err != nil || lines == 0 || len(mail.HTML) <= maxHTML && len(mail.Text) <= maxHTML {
			return mail, err
		}
	}
}

// summary is a confirmation in the form in which it is read.
type summary struct {
	Confirmation
	Result                  string // "4 saved, 1 refused"
	Counts                  []count
	Attention, Rest         []entry
	MoreAttention, MoreRest int // people who are not listed
}

type count struct {
	N    int
	Word string
}

// entry is one person with a line for each verdict.
type entry struct {
	Name  string
	Email licensing.Email
	Lines []string
}

// outcomes says each outcome in words, in the order in which they are counted.
var outcomes = []struct {
	outcome licensing.Outcome
	word    string
}{
	{licensing.Invited, "invited"},
	{licensing.Joined, "added to the open invitation"},
	{licensing.Assigned, "assigned"},
	{licensing.Changed, "changed"},
	{licensing.Unchanged, "unchanged"},
	{licensing.Refused, "refused"},
}

func outcomeWord(o licensing.Outcome) string {
	for _, e := range outcomes {
		if e.outcome == o {
			return e.word
		}
	}
	return Line(string(o))
}

func summarize(m Confirmation) summary {
	s := summary{Confirmation: m}
	n, updated := map[licensing.Outcome]int{}, 0
	for _, p := range m.People {
		for _, v := range p.Verdicts {
			n[v.Outcome]++
		}
		if p.Refused != "" && !slices.ContainsFunc(p.Verdicts, isRefused) {
			n[licensing.Refused]++
		}
		if p.Updated {
			updated++
		}
		e := entry{Name: p.Name, Email: p.Email, Lines: p.lines()}
		if p.Refused != "" || slices.ContainsFunc(p.Verdicts, needsAttention) {
			s.Attention = append(s.Attention, e)
		} else {
			s.Rest = append(s.Rest, e)
		}
	}
	for _, o := range outcomes {
		s.Counts = append(s.Counts, count{n[o.outcome], o.word})
	}
	s.Counts = append(s.Counts, count{updated, "with a new name or business e-mail"})
	s.Counts = slices.DeleteFunc(s.Counts, func(c count) bool { return c.N == 0 })
	s.Result = result(n, updated)
	return s
}

// result sums the verdicts up: what was written, what was the case already, what was refused.
func result(n map[licensing.Outcome]int, updated int) string {
	saved := n[licensing.Invited] + n[licensing.Joined] + n[licensing.Assigned] + n[licensing.Changed]
	if saved == 0 {
		saved = updated
	}
	var parts []string
	for _, c := range []count{{saved, "saved"}, {n[licensing.Unchanged], "unchanged"}, {n[licensing.Refused], "refused"}} {
		if c.N > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.N, c.Word))
		}
	}
	if len(parts) == 0 {
		return "no changes"
	}
	return strings.Join(parts, ", ")
}

// upTo leaves out what makes the mail too long to read, and counts it.
func (s summary) upTo(lines int) summary {
	if len(s.People) > maxListed {
		s.Rest, s.MoreRest = nil, len(s.Rest)
	}
	s.Attention, s.MoreAttention, lines = cut(s.Attention, lines)
	rest := s.Rest
	s.Rest, _, _ = cut(rest, lines)
	s.MoreRest += len(rest) - len(s.Rest)
	return s
}

func cut(in []entry, lines int) (out []entry, more, left int) {
	for n, e := range in {
		if lines -= 1 + len(e.Lines); lines < 0 {
			return in[:n], len(in) - n, 0
		}
	}
	return in, 0, lines
}

func isRefused(v licensing.Verdict) bool { return v.Outcome == licensing.Refused }

func needsAttention(v licensing.Verdict) bool {
	return isRefused(v) || v.After == licensing.Failed || v.After == licensing.UserNotFound
}

func (p ConfirmedPerson) lines() (out []string) {
	if p.Refused != "" {
		out = append(out, "Refused: "+sentence(p.Refused))
	}
	if p.Updated {
		out = append(out, "Name or business e-mail updated.")
	}
	for _, v := range p.Verdicts {
		out = append(out, Line(string(v.License))+": "+verdictWords(v))
	}
	if len(out) == 0 {
		out = append(out, "No changes.")
	}
	return out
}

// verdictWords says what was done with one person on one License ID: "assigned. Added: Administrator. Effective from ….".
func verdictWords(v licensing.Verdict) string {
	parts := []string{outcomeWord(v.Outcome)}
	if isRefused(v) {
		if v.Error != nil {
			e := *v.Error
			e.Field = "" // the person and the License ID stand before it
			parts[0] += ": " + e.Error()
		}
	} else {
		parts = append(parts, written(v)...)
	}
	parts = append(parts, v.Advice)
	if v.Reference != "" {
		parts = append(parts, "Reference to quote: "+v.Reference)
	}
	return sentences(parts)
}

// written says what a verdict that is no refusal changed.
func written(v licensing.Verdict) (parts []string) {
	if len(v.Added) > 0 {
		parts = append(parts, "Added: "+roleNames(v.Added))
	}
	if !v.DueAt.IsZero() {
		parts = append(parts, "Effective from "+from(v.DueAt))
	}
	if len(v.Removed) > 0 {
		parts = append(parts, "Removed, ended at once: "+roleNames(v.Removed))
	}
	if needsAttention(v) {
		parts = append(parts, "Status: "+v.After.String())
	}
	return parts
}

// sentences joins what is not empty, each as one line with a full stop.
func sentences(parts []string) string {
	var out []string
	for _, p := range parts {
		if p = sentence(p); p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " ")
}
