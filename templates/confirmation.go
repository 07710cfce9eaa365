package templates

import (
	"fmt"
	"slices"
	"strings"

	"vlroles/licensing"
)

// The bounds of a confirmation.
const (
	maxListed = 100       // people; beyond it only those with something refused are listed
	maxLines  = 1_500     // lines of verdicts
	maxHTML   = 400 << 10 // bytes; an HTML body that comes out longer lists fewer people
)

// writeConfirmation tells an admin what a save did with each person (R75). People with something refused come
// first. However many there are, both bodies stay below 400 KiB: what is left out is counted.
func writeConfirmation(t mailTemplate, c content) (Mail, error) {
	s := summarize(c)
	for lines := maxLines; ; lines /= 2 {
		m, err := t.write(s.upTo(lines))
		if err != nil || lines == 0 || len(m.HTML) <= maxHTML && len(m.Text) <= maxHTML {
			return m, err
		}
	}
}

// summary is a confirmation in the form in which it is read.
type summary struct {
	content
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

func summarize(c content) summary {
	s := summary{content: c}
	n, updated := map[licensing.Outcome]int{}, 0
	for _, p := range c.People {
		v := p.Verdict
		for _, l := range v.Verdicts {
			n[l.Outcome]++
		}
		if v.Error != nil && !slices.ContainsFunc(v.Verdicts, isRefused) {
			n[licensing.Refused]++
		}
		if v.Updated {
			updated++
		}
		e := entry{Name: p.Name, Email: p.Email, Lines: personLines(v)}
		if v.Error != nil || slices.ContainsFunc(v.Verdicts, needsAttention) {
			s.Attention = append(s.Attention, e)
		} else {
			s.Rest = append(s.Rest, e)
		}
	}
	s.Counts, s.Result = counts(n, updated), result(n, updated)
	return s
}

// counts says how often each outcome came up, in words.
func counts(n map[licensing.Outcome]int, updated int) (out []count) {
	for _, o := range outcomes {
		out = append(out, count{n[o.outcome], o.word})
	}
	out = append(out, count{updated, "with a new name or business email"})
	return slices.DeleteFunc(out, func(c count) bool { return c.N == 0 })
}

// result sums the verdicts up: what was written, what was the case already, what was refused.
func result(n map[licensing.Outcome]int, updated int) string {
	saved := n[licensing.Invited] + n[licensing.Joined] + n[licensing.Assigned] + n[licensing.Changed]
	if saved == 0 {
		saved = updated
	}
	var parts []string
	all := []count{{saved, "saved"}, {n[licensing.Unchanged], "unchanged"}, {n[licensing.Refused], "refused"}}
	for _, c := range all {
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
	return isRefused(v) || v.After == licensing.StatusFailed || v.After == licensing.StatusUserNotFound
}

// personLines says what was done with one person, a line for each License ID.
func personLines(v licensing.PersonVerdict) (out []string) {
	if v.Error != nil {
		out = append(out, "Refused: "+sentence(refusal(v.Error)))
	}
	if v.Updated {
		out = append(out, "Name or business email updated.")
	}
	for _, l := range v.Verdicts {
		out = append(out, Line(string(l.License))+": "+verdictWords(l))
	}
	if len(out) == 0 {
		out = append(out, "No changes.")
	}
	return out
}

// refusal says why, without the place in the request: the person and the License ID stand before it.
func refusal(e *licensing.Error) string {
	plain := *e
	plain.Field = ""
	return plain.Error()
}

// verdictWords says what was done with one person on one License ID: "assigned. Added: Administrator.
// Effective from ….".
func verdictWords(v licensing.Verdict) string {
	parts := []string{outcomeWord(v.Outcome)}
	if isRefused(v) {
		if v.Error != nil {
			parts[0] += ": " + refusal(v.Error)
		}
	} else {
		parts = append(parts, written(v)...)
	}
	parts = append(parts, v.Advice)
	if v.Reference != "" {
		parts = append(parts, "Reference: "+v.Reference)
	}
	return sentences(parts)
}

// written says what a verdict that is no refusal changed.
func written(v licensing.Verdict) (parts []string) {
	if len(v.Added) > 0 {
		parts = append(parts, "Added: "+roleNames(v.Added))
	}
	if !v.DueAt.IsZero() {
		parts = append(parts, "Effective from "+startTime(v.DueAt))
	}
	if len(v.Removed) > 0 {
		parts = append(parts, "Removed immediately: "+roleNames(v.Removed))
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
