package templates

import (
	"fmt"
	"strings"
	"testing"

	"vlroles/licensing"
)

func TestR75_SubjectCountsWhatWasSavedAndRefused(t *testing.T) {
	verdicts := func(in ...licensing.Outcome) (p ConfirmedPerson) {
		for _, o := range in {
			p.Verdicts = append(p.Verdicts, licensing.Verdict{License: "CT-1", Outcome: o})
		}
		return p
	}
	for _, c := range []struct {
		name   string
		people []ConfirmedPerson
		want   string
	}{
		{"each way of saving counts as saved",
			[]ConfirmedPerson{verdicts(licensing.Invited, licensing.Joined, licensing.Assigned, licensing.Changed), verdicts(licensing.Refused)}, "4 saved, 1 refused"},
		{"what was the case already is told apart", []ConfirmedPerson{verdicts(licensing.Invited, licensing.Unchanged)}, "1 saved, 1 unchanged"},
		{"a person who was refused as a whole counts once", []ConfirmedPerson{{Refused: "no"}, verdicts(licensing.Refused)}, "2 refused"},
		{"a person's own refusal isn't added to those of the License IDs",
			[]ConfirmedPerson{{Refused: "no", Verdicts: verdicts(licensing.Refused, licensing.Refused).Verdicts}}, "2 refused"},
		{"a new name alone was saved too", []ConfirmedPerson{{Updated: true}}, "1 saved"},
		{"nothing happened", nil, "no changes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkSubject(t, Confirmation{People: c.people}, "Your volume licensing role assignments: "+c.want)
		})
	}
}

func TestR75_EveryVerdictIsSaidInWords(t *testing.T) {
	saysAll(t, sampleConfirmation(),
		"CT-100: invited. Added: Administrator.",
		"EA-2026-00417: added to the open invitation. Added: Product keys reader.",
		"CT-100: assigned. Added: Benefits reader. Effective from 2 November 2026, 11:00 UTC. Removed, ended at once: Product keys reader.",
		"CT-100: changed. Removed, ended at once: Administrator.",
		"EA-2026-00417: unchanged.",
		"would be left without an active admin: make somebody else admin first (R33).",
		"Refused: the full name is missing (R44).",
		"Reference to quote: 4f1c9a.",
		"Name or business e-mail updated.",
	)
}

func TestR54_FailuresNameTheSupportContactAndTheReference(t *testing.T) {
	m := sampleConfirmation()
	saysAll(t, m, "If the reason does not tell you what to do, ask: "+sampleSupport, "Reference to quote: 4f1c9a.")
	m.People = m.People[:1]
	if text := mustMail(t, m).Text; strings.Contains(text, "Needs your attention") {
		t.Errorf("where all went well, nothing needs attention:\n%s", text)
	}
}

func TestR75_ALongReasonIsSaidInFull(t *testing.T) {
	m := sampleConfirmation()
	m.People = []ConfirmedPerson{{Name: "Ada", Refused: strings.Repeat("this is a long reason, ", 30) + "and this is its end"}}
	saysAll(t, m, "and this is its end.")
}

func TestR75_PeopleWithARefusalComeFirst(t *testing.T) {
	text := mustMail(t, sampleConfirmation()).Text
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
			mail := mustMail(t, m)
			if n := strings.Count(mail.Text, ": refused: License ID"); n != c.refused {
				t.Errorf("%d refusals are listed, want all %d", n, c.refused)
			}
			if n := strings.Count(mail.Text, ": invited."); (n == c.rest) != c.listed {
				t.Errorf("%d saved ones are listed", n)
			}
			if !c.listed {
				saysAll(t, m, fmt.Sprintf("%d people with nothing refused", c.rest), "Manage Assignments", samplePortal)
				m.Portal = ""
				saysAll(t, m, "starter users")
			}
			checkSize(t, mail)
		})
	}
}

func TestR75_TheLargestSaveStaysBelow400KiB(t *testing.T) {
	name := strings.Repeat(`"<&Ж`, 64)
	email := licensing.Email(strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "example")
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
			m := sampleConfirmation()
			m.People = nil
			for range c.people {
				p := ConfirmedPerson{Name: name, Email: email}
				if c.licenses == 0 {
					p.Refused = "the address is not one that can be used here; give another one and save again (R66)"
				}
				for range c.licenses {
					v := licensing.Verdict{License: "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", Outcome: c.outcome, DueAt: sampleTime}
					if c.outcome == licensing.Refused {
						v.Error = licensing.Refuse(licensing.Conflict, "R33", "License ID %s would be left without an active admin: make somebody else admin first", v.License)
						v.Advice = licensing.Advice(licensing.Failed, 3, licensing.Policy{Support: sampleSupport})
					} else {
						v.Added = allRoles()
					}
					p.Verdicts = append(p.Verdicts, v)
				}
				m.People = append(m.People, p)
			}
			mail := mustMail(t, m)
			checkSize(t, mail)
			if !strings.Contains(mail.Text, "Manage Assignments") {
				t.Error("what is left out is not said")
			}
		})
	}
}

func checkSize(t *testing.T, m Mail) {
	t.Helper()
	if len(m.HTML) > 400<<10 || len(m.Text) > 400<<10 {
		t.Errorf("the HTML has %d KiB, the text %d KiB", len(m.HTML)>>10, len(m.Text)>>10)
	}
}
