package licensing

import (
	"strings"
	"testing"
	"time"
)

func TestTimesAsPeopleReadThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		720 * time.Hour: "30 days", 24 * time.Hour: "1 day", 36 * time.Hour: "36 hours", time.Hour: "1 hour",
		45 * time.Minute: "45 minutes",
		90 * time.Second: "90 seconds", 1500 * time.Millisecond: "1 second", 20 * time.Millisecond: "20ms",
		0: "0s",
	} {
		if got := Period(d); got != want {
			t.Errorf("%d reads %q, want %q", d, got, want)
		}
	}
	vienna := time.FixedZone("CET", 3600)
	if got := Clock(time.Date(2026, 11, 23, 19, 4, 0, 0, vienna)); got != "2026-11-23 18:04 UTC" {
		t.Error(got)
	}
	if got := Clock(time.Date(2026, 11, 23, 19, 4, 9, 0, vienna)); got != "2026-11-23 18:04:09 UTC" {
		t.Error(got)
	}
	if got := InvitationChange("i-1", 12); got != "i-1.12" {
		t.Error(got)
	}
}

func TestR56_TimeToRegister(t *testing.T) {
	const day = 24 * time.Hour
	p := DefaultPolicy()
	for _, c := range []struct {
		name        string
		asked, want time.Duration // want 0: refused
	}{
		{"thirty days by default", 0, 30 * day},
		{"one day is the least", day, day},
		{"ninety days are the most", 90 * day, 90 * day},
		{"less than a day is refused", day - 1, 0},
		{"more than ninety days is refused", 90*day + 1, 0},
		{"a time in the past is refused", -day, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.InvitePeriod(c.asked)
			if c.want == 0 {
				if e := refusal(t, err, Invalid, "R56"); e.Field != "invite_for" ||
					!strings.Contains(e.Message, "for 1 day to 90 days") {
					t.Errorf("%v", e)
				}
			} else if err != nil || got != c.want {
				t.Errorf("got %s, %v", got, err)
			}
			_, err = Save{People: []PersonChange{{User: "u", Access: []AccessChange{add(BenefitsReader)}}},
				InviteFor: c.asked}.Check(p)
			if (err != nil) != (c.want == 0) {
				t.Errorf("a save: %v", err)
			}
		})
	}
}

func TestR56_TheReminder(t *testing.T) {
	const day = 24 * time.Hour
	p := DefaultPolicy()
	for _, c := range []struct {
		name        string
		whole, want time.Duration // after the start
	}{
		{"a week before the end", 30 * day, 23 * day},
		{"at the half of a fortnight", 14 * day, 7 * day},
		{"at the half of a short one", 2 * day, day},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := p.RemindAt(noon, noon.Add(c.whole)).Sub(noon); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
	p.RemindAhead = 0
	if got := p.RemindAt(noon, noon.Add(30*day)); !got.IsZero() {
		t.Errorf("without a lead there is a reminder at %s", got)
	}
}

func TestR53_R60_R61_WhenRolesBecomeEffective(t *testing.T) {
	ago := func(d time.Duration) time.Time { return noon.Add(-d) }
	own := DefaultPolicy()
	own.Propagation, own.Processing = time.Minute, time.Hour
	for _, c := range []struct {
		name      string
		p         Policy
		processed time.Time
		want      time.Duration // after the registration
	}{
		{"R60: two hours after the registration", DefaultPolicy(), ago(48 * time.Hour), 2 * time.Hour},
		{"R61: ten hours after the processing where that is later", DefaultPolicy(), ago(time.Hour),
			9 * time.Hour},
		{"R61: an agreement processed now takes ten hours", DefaultPolicy(), noon, 10 * time.Hour},
		{"R61: one processed eight hours ago no longer matters", DefaultPolicy(), ago(8 * time.Hour),
			2 * time.Hour},
		{"R61: one processed a second later does", DefaultPolicy(), ago(8*time.Hour - time.Second),
			2*time.Hour + time.Second},
		{"R60: an agreement without a time of processing is old", DefaultPolicy(), time.Time{},
			2 * time.Hour},
		{"R53: both delays are configuration", own, ago(30 * time.Minute), 30 * time.Minute},
		{"R53: the shorter one too", own, ago(2 * time.Hour), time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.p.DueAt(noon, c.processed).Sub(noon); got != c.want {
				t.Errorf("got %s", got)
			}
			f := settled().but(func(f *Facts) {
				f.Policy, f.Agreement = c.p, &Agreement{ProcessedAt: c.processed}
			})
			j := accepted(t, f, add(BenefitsReader), Assigned, AssignmentPropagating)
			if j.DueAt.Sub(noon) != c.want {
				t.Errorf("an assignment is due after %s", j.DueAt.Sub(noon))
			}
		})
	}
}
