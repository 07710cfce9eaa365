package licensing

import (
	"strings"
	"testing"
	"time"
)

// ago is times before noon.
func ago(times ...time.Duration) (out []time.Time) {
	for _, d := range times {
		out = append(out, noon.Add(-d))
	}
	return out
}

func TestL07_AMailToAnAddressWaitsUntilItsHourAndItsDayHaveRoom(t *testing.T) {
	l := MailLimits{Hourly: 2, Daily: 3}
	for _, c := range []struct {
		name  string
		sent  []time.Time
		opens time.Duration // from noon
	}{
		{"nothing was sent: at once", nil, 0},
		{"below both limits: at once", ago(time.Minute), 0},
		{"the hour is full: until its oldest mail is an hour old", ago(50*time.Minute, time.Minute),
			10 * time.Minute},
		{"a mail that is exactly an hour old leaves room", ago(time.Hour, time.Minute), 0},
		{"one a moment younger doesn't", ago(time.Hour-1, time.Minute), 1},
		{"the day is full: until its oldest mail is a day old", ago(20*time.Hour, 10*time.Hour, 2*time.Hour),
			4 * time.Hour},
		{"the order doesn't matter", ago(2*time.Hour, 20*time.Hour, 10*time.Hour), 4 * time.Hour},
		{"one that waits goes first", ago(30*time.Minute, 20*time.Minute, -30*time.Minute), 24*time.Hour - 30*time.Minute},
		{"the later of the two counts", ago(23*time.Hour+50*time.Minute, 10*time.Minute, 5*time.Minute),
			50 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := l.Opens(c.sent, noon).Sub(noon); got != c.opens {
				t.Errorf("after %s, want %s", got, c.opens)
			}
		})
	}
	many := ago(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	if got := (MailLimits{}).Opens(many, noon); !got.Equal(noon) {
		t.Errorf("no limit: %s", got)
	}
}

func TestL07_WhatIsAskedForBeyondALimitIsRefusedUntilItHasRoom(t *testing.T) {
	l := MailLimits{Hourly: 2, Daily: 3, Admin: 10, Organization: 20}
	for _, c := range []struct {
		name   string
		counts MailCounts
		until  time.Duration // 0: allowed
		says   string
	}{
		{"below all limits it is allowed", MailCounts{Recipient: ago(time.Minute), Admin: Tally{Count: 9},
			Organization: Tally{Count: 19}}, 0, ""},
		{"the address's hour", MailCounts{Recipient: ago(time.Minute, time.Minute)}, 59 * time.Minute,
			"one address"},
		{"the admin's day", MailCounts{Admin: Tally{Count: 10, Since: noon.Add(-time.Hour)}}, 23 * time.Hour,
			"one administrator"},
		{"the organization's day", MailCounts{Organization: Tally{Count: 20, Since: noon.Add(-2 * time.Hour)}},
			22 * time.Hour, "your organization"},
		{"one request that is more than a day's alone", MailCounts{Admin: Tally{Count: 10}}, 24 * time.Hour,
			"one administrator"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := l.MayMail(c.counts, noon)
			if c.until == 0 {
				if e != nil {
					t.Errorf("refused: %v", e)
				}
				return
			}
			at := noon.Add(c.until)
			if e == nil || e.Kind != Locked || e.Rule != "L07" || !e.Until.Equal(at) ||
				!strings.Contains(e.Message, c.says) || !strings.Contains(e.Message, Clock(at)) {
				t.Errorf("got %v, want a refusal until %s", e, at)
			}
		})
	}
	busy := Tally{Count: 1_000_000, Since: noon}
	if e := (MailLimits{}).MayMail(MailCounts{Admin: busy, Organization: busy}, noon); e != nil {
		t.Errorf("no limit: %v", e)
	}
}

func TestL07_AMailboxIsOneWhateverCaseAndWhateverStandsBehindThePlus(t *testing.T) {
	same := []Email{"kim@fabrikam.example", "KIM@Fabrikam.Example", "kim+a@fabrikam.example",
		"kim+b+c@fabrikam.example"}
	for _, e := range same {
		if e.Mailbox() != same[0].Mailbox() {
			t.Errorf("%s is another mailbox", e)
		}
		if strings.Contains(e.Mailbox(), "kim") {
			t.Error("the digest shows the address")
		}
	}
	for _, e := range []Email{"kim@contoso.example", "kim.a@fabrikam.example", "+kim@fabrikam.example", "",
		"ki@fabrikam.example"} {
		if e.Mailbox() == same[0].Mailbox() {
			t.Errorf("%q is the same mailbox", e)
		}
	}
}

func TestL07_TheDefaultsAreFiveAnHourAndTwentyADay(t *testing.T) {
	if l := DefaultPolicy().Mails; l.Hourly != 5 || l.Daily != 20 || l.Admin != 5_000 || l.Organization != 20_000 {
		t.Errorf("%+v", l)
	}
	if (MailLimits{Admin: 1}).PerRecipient() || !(MailLimits{Daily: 1}).PerRecipient() ||
		!(MailLimits{Hourly: 1}).PerRecipient() {
		t.Error("whether mails to one address are limited")
	}
}
