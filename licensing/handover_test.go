package licensing

import (
	"strings"
	"testing"
)

func TestR32_ARefusedLineIsToldToItsReader(t *testing.T) {
	for _, c := range []struct{ name, rule, admin, successor string }{
		{"not an administrator", "R32",
			"you aren't a direct, active administrator of License ID A-100, so you can't hand it over",
			"the administrator who hands over isn't a direct, active administrator of License ID A-100"},
		{"locked", "R52",
			"the successor's roles on License ID A-100 were being changed until 2026-11-23 12:00 UTC: " +
				"hand it over again after that",
			"your roles on License ID A-100 were being changed until 2026-11-23 12:00 UTC: " +
				"ask for a new hand-over after that"},
		{"a reader of invoices", "R19",
			"the successor has Invoice Reader on License ID A-100, so Administrator isn't possible there",
			"you have Invoice Reader on License ID A-100, so Administrator isn't possible there"},
		{"any other rule tells both the same", "R33",
			"License ID A-100 can't be handed over", "License ID A-100 can't be handed over"},
	} {
		t.Run(c.name, func(t *testing.T) {
			why := Refuse(Conflict, c.rule, "for whoever asked")
			why.Until = noon
			v := HandOverView{From: "from", To: "to", Lines: []HandOverLine{RefusedLine(licenseA, why)}}
			if v.Lines[0].Message != "" || v.Lines[0].Rule != c.rule {
				t.Errorf("the line holds %+v", v.Lines[0])
			}
			if got := v.For("from").Lines[0].Message; got != c.admin {
				t.Errorf("who hands over reads %q", got)
			}
			if got := v.For("to").Lines[0].Message; got != c.successor {
				t.Errorf("the successor reads %q", got)
			}
			if v.Lines[0].Message != "" {
				t.Error("reading it changed the stored line")
			}
		})
	}
}

func TestR32_ALineThatIsNotRefusedHasNoMessage(t *testing.T) {
	for _, s := range []LineState{LineWaiting, LineDone} {
		v := HandOverView{To: "to",
			Lines: []HandOverLine{{License: licenseA, State: s, Message: "an older one"}}}
		if got := v.For("to").Lines[0].Message; got != "" {
			t.Errorf("%s: %q", s, got)
		}
	}
}

func TestR32_NoLineNeedsMoreThanItHas(t *testing.T) {
	for _, r := range append(Rules(), Rule{ID: "none"}) {
		l := RefusedLine(licenseA, Refuse(Conflict, r.ID, "for whoever asked"))
		for _, successor := range []bool{true, false} {
			got := l.message(successor)
			named := strings.Contains(got, string(licenseA)) || got == Hidden().Message
			if !named || strings.ContainsAny(got, "{}") {
				t.Errorf("%s: %q", r.ID, got)
			}
		}
	}
}

func TestR32_EachRefusalOfAHandOverHasItsSentence(t *testing.T) {
	successor := Facts{Administers: true, Policy: DefaultPolicy(), Agreement: &Agreement{License: licenseA},
		Now: noon}
	old := settled()
	old.AdminAbove, old.Above = true, "P-1"
	judged := func(f Facts, c AccessChange, change func(*Facts)) error {
		change(&f)
		_, err := Judge(f, c)
		return err
	}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"to oneself", MayHandOver(licenseA, true, true)},
		{"by nobody's administrator", MayHandOver(licenseA, false, false)},
		{"on somebody else's License ID",
			judged(successor, add(Administrator), func(f *Facts) { f.Administers = false })},
		{"to a successor whose roles are being changed",
			judged(successor, add(Administrator), func(f *Facts) {
				f.Person, f.Assignment, f.DueAt = registered, AssignmentPropagating, noon
			})},
		{"to a reader of invoices", judged(successor, add(Administrator), func(f *Facts) {
			f.Person, f.Held, f.Assignment = registered, held(InvoiceReader), AssignmentActive
		})},
		{"to somebody who left", judged(successor, add(Administrator), func(f *Facts) { f.Person = absent })},
		{"of what is inherited", judged(old, remove(Administrator), func(*Facts) {})},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := RefusalOf(c.err)
			if e == nil {
				t.Fatal("not refused")
			}
			if _, ok := lineMessages[e.Rule]; !ok {
				t.Errorf("no sentence for %v", e)
			}
		})
	}
}
