package templates

import (
	"fmt"
	"strings"
	"testing"

	"vlroles/licensing"
)

// confirmationOf is the confirmation of a save of these people.
func confirmationOf(people ...licensing.PersonVerdict) sample {
	m := sampleOf(licensing.MailConfirmation)
	m.People = nil
	for _, v := range people {
		p := licensing.ConfirmedPerson{Name: "Ada", Email: "ada@contoso.example", Verdict: v}
		m.People = append(m.People, p)
	}
	return m
}

func TestR75_SubjectCountsWhatWasSavedAndRefused(t *testing.T) {
	with := func(in ...licensing.Outcome) (p licensing.PersonVerdict) {
		for _, o := range in {
			p.Verdicts = append(p.Verdicts, licensing.Verdict{License: "CT-1", Outcome: o})
		}
		return p
	}
	refused := func(p licensing.PersonVerdict) licensing.PersonVerdict {
		p.Error = licensing.Refuse(licensing.Invalid, "R44", "no")
		return p
	}
	type people = []licensing.PersonVerdict
	for _, c := range []struct {
		name   string
		people people
		want   string
	}{
		{"each way of saving counts as saved",
			people{with(licensing.Invited, licensing.Joined, licensing.Assigned, licensing.Changed),
				with(licensing.Refused)},
			"4 saved, 1 refused"},
		{"what was the case already is told apart",
			people{with(licensing.Invited, licensing.Unchanged)}, "1 saved, 1 unchanged"},
		{"a person who was refused as a whole counts once",
			people{refused(licensing.PersonVerdict{}), with(licensing.Refused)}, "2 refused"},
		{"a person's own refusal isn't added to those of the License IDs",
			people{refused(with(licensing.Refused, licensing.Refused))}, "2 refused"},
		{"a new name alone was saved too", people{{Updated: true}}, "1 saved"},
		{"nothing happened", nil, "no changes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkSubject(t, confirmationOf(c.people...), "Your volume licensing role assignments: "+c.want)
		})
	}
}

func TestR75_EveryVerdictIsSaidInWords(t *testing.T) {
	saysAll(t, sampleOf(licensing.MailConfirmation),
		"CT-100: invited. Added: Administrator.",
		"EA-2026-00417: added to the open invitation. Added: Product keys reader.",
		"CT-100: assigned. Added: Benefits reader. Effective from 2 November 2026, 11:00 UTC. "+
			"Removed immediately: Product keys reader.",
		"CT-100: changed. Removed immediately: Administrator.",
		"EA-2026-00417: unchanged.",
		"refused: License ID CT-100 would have no active admin: "+
			"make another person Administrator first (R33).", "Refused: enter the full name (R44).",
		"Reference: 4f1c9a.",
		"Name or business email updated.",
	)
}

func TestR54_FailuresNameTheSupportContactAndTheReference(t *testing.T) {
	m := sampleOf(licensing.MailConfirmation)
	saysAll(t, m, "If you need help, contact: "+sampleSupport, "Reference: 4f1c9a.")
	m.People = m.People[:1]
	if text := m.mail(t).Text; strings.Contains(text, "Needs your attention") {
		t.Errorf("where all went well, nothing needs attention:\n%s", text)
	}
}

func TestR75_ALongReasonIsSaidInFull(t *testing.T) {
	reason := strings.Repeat("this is a long reason, ", 30) + "and this is its end"
	why := licensing.Refuse(licensing.Invalid, "", "%s", reason)
	saysAll(t, confirmationOf(licensing.PersonVerdict{Error: why}), "and this is its end.")
}

func TestR75_PeopleWithARefusalComeFirst(t *testing.T) {
	text := sampleOf(licensing.MailConfirmation).mail(t).Text
	if strings.Index(text, "Melba Roy") > strings.Index(text, "Ada Lovelace") {
		t.Errorf("a refusal stands behind what went well:\n%s", text)
	}
}

func TestR75_BeyondAHundredPeopleOnlyRefusalsAreListed(t *testing.T) {
	for _, c := range []struct {
		people, refused, rest int
		listed                bool
	}{{100, 15, 85, true}, {101, 15, 86, false}, {500, 72, 428, false}} {
		t.Run(fmt.Sprintf("%d people", c.people), func(t *testing.T) {
			m := manyPeople(c.people)
			mail := m.mail(t)
			if n := strings.Count(mail.Text, ": refused: you don't administer"); n != c.refused {
				t.Errorf("%d refusals are listed, want all %d", n, c.refused)
			}
			if n := strings.Count(mail.Text, ": invited."); (n == c.rest) != c.listed {
				t.Errorf("%d saved ones are listed", n)
			}
			if !c.listed {
				left := fmt.Sprintf("%d people without refused changes aren't listed", c.rest)
				saysAll(t, m, left, "Manage Assignments", samplePortal)
				m.head.Portal = ""
				saysAll(t, m, "starter users")
			}
			checkSize(t, mail)
		})
	}
}

func TestR75_TheLargestSaveStaysBelow400KiB(t *testing.T) {
	name := strings.Repeat(`"<&Ж`, 64)
	label := strings.Repeat("b", 60) + "."
	email := licensing.Email(strings.Repeat("a", 64) + "@" + strings.Repeat(label, 3) + "example")
	for _, c := range []struct {
		name             string
		people, licenses int
		outcome          licensing.Outcome
	}{
		{"500 people refused on ten License IDs each", 500, 10, licensing.Refused},
		{"500 people refused as a whole", 500, 0, licensing.Refused},
		{"25 people on 200 License IDs each", 25, 200, licensing.Assigned},
		{"100 people on 50 License IDs each", 100, 50, licensing.Invited},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := sampleOf(licensing.MailConfirmation)
			m.People = nil
			for range c.people {
				v := longVerdict(c.licenses, c.outcome)
				m.People = append(m.People, licensing.ConfirmedPerson{Name: name, Email: email, Verdict: v})
			}
			mail := m.mail(t)
			checkSize(t, mail)
			if !strings.Contains(mail.Text, "Manage Assignments") {
				t.Error("what is left out is not said")
			}
		})
	}
}

// longVerdict is a person's verdict on so many License IDs, each as long as can be; on none, a refusal of the
// person.
func longVerdict(licenses int, outcome licensing.Outcome) (v licensing.PersonVerdict) {
	if licenses == 0 {
		v.Error = licensing.Refuse(licensing.Invalid, "R66",
			"this address can't be used here: enter another one and save again")
	}
	for range licenses {
		l := licensing.Verdict{License: "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", Outcome: outcome,
			DueAt: sampleTime}
		if outcome == licensing.Refused {
			l.Error = licensing.Refuse(licensing.Conflict, "R33",
				"License ID %s would have no active admin: make another person Administrator first",
				l.License)
			l.Advice = "This failed 3 times. Contact " + sampleSupport + " and quote the reference."
		} else {
			l.Added = allRoles()
		}
		v.Verdicts = append(v.Verdicts, l)
	}
	return v
}

func checkSize(t *testing.T, m Mail) {
	t.Helper()
	if len(m.HTML) > 400<<10 || len(m.Text) > 400<<10 {
		t.Errorf("the HTML has %d KiB, the text %d KiB", len(m.HTML)>>10, len(m.Text)>>10)
	}
}
