package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"vlroles/licensing"
)

// limited is the store with limits on mails.
func limited(s *Store, l licensing.MailLimits) *Store {
	other := *s
	other.policy.Mails = l
	return &other
}

// twoAnHour are limits that a test reaches soon.
var twoAnHour = licensing.MailLimits{Hourly: 2, Daily: 5}

// mailedAt is a person of an admin's choice whose mails go to one address.
func mailedAt(name string, to licensing.Email, access ...licensing.AccessChange) licensing.PersonChange {
	p := ext(name, access...)
	p.Business = to
	return p
}

// reader gives a person a role on A1.
var reads = add(a1, licensing.BenefitsReader)

func TestL07_ASaveCannotFloodAnAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s = limited(s, licensing.DefaultMailLimits)
		h := newHouse(t, s)
		var people []licensing.PersonChange
		for n := range licensing.MaxPeople {
			to := licensing.Email("victim@fabrikam.example")
			if n%2 == 1 {
				to = licensing.Email(fmt.Sprintf("Victim+%d@fabrikam.example", n))
			}
			people = append(people, mailedAt(fmt.Sprintf("kim%d", n), to, reads))
		}
		people = append(people[:licensing.MaxPeople-1], ext("lee", reads))
		sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"), People: people}
		users := h.Count(`SELECT COUNT(*) FROM users`)
		verified := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Verify(t.Context(), sv))
		out := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Save(t.Context(), sv))
		for n, v := range out.People {
			sent := n < 5 || n == licensing.MaxPeople-1
			if (v.Error == nil) != sent || (verified.People[n].Error == nil) != sent {
				t.Fatalf("people[%d]: %v, verified %v", n, v.Error, verified.People[n].Error)
			}
			if !sent {
				wantRefusal(t, v.Error, licensing.Locked, "L07")
				same(t, "until", v.Error.Until, h.Now.Add(time.Hour))
				same(t, "verdicts", len(v.Verdicts)+len(v.User), 0)
			}
		}
		equal(t, "mails", h.Count(`SELECT COUNT(*) FROM mails WHERE kind = 'welcome'`), 6)
		equal(t, "profiles", h.Count(`SELECT COUNT(*) FROM users`), users+6)
		equal(t, "refusals in the audit", h.Count(`SELECT COUNT(*) FROM audit WHERE rule = 'L07'`), 1)
	})
}

func TestL07_AnAddressHasRoomAgainAfterAnHour(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s = limited(s, twoAnHour)
		h := newHouse(t, s)
		try := func(name string, after time.Duration) *licensing.Error {
			h.Now = start.Add(after)
			return h.TryChange("ada", mailedAt(name, "v@fabrikam.example", reads)).People[0].Error
		}
		for n, c := range []struct {
			after time.Duration
			until time.Duration // 0: allowed
		}{
			{0, 0}, {time.Minute, 0}, {2 * time.Minute, time.Hour}, {time.Hour - time.Second, time.Hour},
			{time.Hour, 0}, {time.Hour + time.Second, time.Hour + time.Minute}, {3 * time.Hour, 0},
			{5 * time.Hour, 0}, {7 * time.Hour, day}, {day - time.Second, day}, {day, 0},
		} {
			e := try(fmt.Sprintf("p%d", n), c.after)
			if c.until == 0 && e != nil || c.until > 0 && (e == nil || !e.Until.Equal(start.Add(c.until))) {
				t.Fatalf("after %s: %v", c.after, e)
			}
		}
	})
}

func TestL07_TwoSavesAtOnceDoNotBothFindRoom(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s = limited(s, twoAnHour)
		h := newHouse(t, s)
		ada := h.ID("ada")
		var wg sync.WaitGroup
		for n := range 8 {
			sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: ada, People: []licensing.PersonChange{
				mailedAt(fmt.Sprintf("p%d", n), "v@fabrikam.example", reads)}}
			wg.Go(func() {
				if _, err := s.atTime(h.Now).Save(t.Context(), sv); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "mails", h.Count(`SELECT COUNT(*) FROM mails WHERE kind = 'welcome'`), 2)
	})
}

func TestL07_R58_ResendAndResetAreLimitedPerRecipientToo(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s = limited(s, twoAnHour)
		h := newHouse(t, s)
		kim := h.Change("ada", mailedAt("kim", "v@fabrikam.example", reads)).People[0].User
		lee := h.Change("ada", mailedAt("lee", "V@fabrikam.example", reads)).People[0].User
		h.Now = start.Add(10 * time.Minute) // past the cool-down
		before := h.contents("audit")
		_, err := s.atTime(h.Now).Resend(t.Context(), h.Command("ada", kim))
		wantRefusal(t, err, licensing.Locked, "L07")
		_, err = s.atTime(h.Now).Reset(t.Context(), h.Command("ada", lee))
		wantRefusal(t, err, licensing.Locked, "L07")
		h.unchanged("refused commands", before, "audit")
		h.Now = start.Add(time.Hour)
		must[licensing.InvitationRun](t)(s.atTime(h.Now).Resend(t.Context(), h.Command("ada", kim)))
		must[licensing.InvitationRun](t)(s.atTime(h.Now).Reset(t.Context(), h.Command("ada", lee)))
		h.Now = start.Add(time.Hour + 10*time.Minute)
		_, err = s.atTime(h.Now).Reset(t.Context(), h.Command("ada", lee))
		wantRefusal(t, err, licensing.Locked, "L07")
	})
}

func TestL07_AHandOverAsksForTheInvitationAndForTheQuestion(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		handOver := func(hourly int, name string) licensing.HandOverAnswer {
			s := limited(s, licensing.MailLimits{Hourly: hourly})
			return must[licensing.HandOverAnswer](t)(s.atTime(h.Now).StartHandOver(t.Context(),
				licensing.HandOver{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"), Successor: ext(name),
					Licenses: []licensing.LicenseID{a1}}))
		}
		out := handOver(1, "kim")
		wantRefusal(t, out.People[0].Error, licensing.Locked, "L07")
		equal(t, "question", out.Notice, "")
		equal(t, "hand-overs", h.Count(`SELECT COUNT(*) FROM handovers`), 0)
		if out := handOver(2, "lee"); out.People[0].Error != nil || out.Notice == "" {
			t.Errorf("%+v", out)
		}
	})
}

func TestL07_OneAdminAndOneOrganizationAskForSoManyMailsADay(t *testing.T) {
	for name, c := range map[string]struct {
		limits licensing.MailLimits
		other  bool // whether another admin of the organization may go on
	}{
		"the admin's":        {licensing.MailLimits{Admin: 2}, true},
		"the organization's": {licensing.MailLimits{Organization: 2}, false},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				s = limited(s, c.limits)
				h := newHouse(t, s)
				out := h.TryChange("ada", ext("a", reads), ext("b", reads), ext("c", reads)).People
				if out[0].Error != nil || out[1].Error != nil {
					t.Fatal(out[0].Error, out[1].Error)
				}
				wantRefusal(t, out[2].Error, licensing.Locked, "L07")
				h.Now = start.Add(time.Hour)
				e := h.TryChange("ada", ext("d", reads)).People[0].Error
				wantRefusal(t, e, licensing.Locked, "L07")
				same(t, "until", e.Until, start.Add(day))
				e = h.TryChange("grace", ext("e", add(a2, licensing.BenefitsReader))).People[0].Error
				equal(t, "another admin may", e == nil, c.other)
				// who has registered is told of changes whatever was asked for before
				equal(t, "registered", h.Verdict("ada", edit(h.ID("grace"), reads)).Outcome, licensing.Assigned)
				h.Now = start.Add(day)
				h.Change("ada", ext("f", reads))
			})
		})
	}
}

func TestL07_WhatFollowsIsNeverRefusedAndWaitsUntilTheAddressHasRoom(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, limited(s, twoAnHour))
		kim := h.Member("ada", "kim", reads)
		h.Now = start.Add(3 * day)
		at := h.Now
		var mails []licensing.MailID
		for n, r := range []licensing.Role{licensing.ProductKeysReader, licensing.ProductDownloadManager,
			licensing.LicensePositionReader, licensing.OnlineServicesManager} {
			h.Now = at.Add(time.Duration(n) * time.Minute)
			h.Change("ada", edit(kim, add(m1, r)))
			h.ActivatesChange(kim, m1)
			var id licensing.MailID
			h.Get(&id, `SELECT id FROM mails WHERE kind = 'changes' AND user_id = ? ORDER BY queued_at DESC LIMIT 1`,
				kim)
			mails = append(mails, id)
		}
		for n, opens := range []time.Duration{0, time.Minute, time.Hour, time.Hour + time.Minute} {
			if opens >= time.Hour {
				h.Now = at.Add(opens - time.Second)
				c := h.Claims(mails[n])
				equal(t, "held", c.State, licensing.MailQueued)
				same(t, "until", c.Busy, at.Add(opens))
				equal(t, "nothing to send", c.Job.ID, "")
			}
			h.Now = at.Add(opens)
			equal(t, "claimed", h.Claims(mails[n]).State, licensing.MailSending)
		}
	})
}

func TestL07_WhatAContractBringsIsNeverRefusedForAMail(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s = limited(s, twoAnHour)
		h := newHouse(t, s)
		for n := range 4 {
			c := contact(licensing.PrimaryContact, fmt.Sprintf("c+%d", n))
			h.Puts(agreement(licensing.LicenseID(fmt.Sprintf("C%d", n)), "", c))
		}
		equal(t, "welcome mails", h.Count(`SELECT COUNT(*) FROM mails WHERE kind = 'welcome'`), 4)
		equal(t, "at once", h.Count(`SELECT COUNT(*) FROM mails WHERE kind = 'welcome' AND not_before = queued_at`), 2)
	})
}

func TestL07_AHeldMailHasADayFromTheEndOfTheHoldOn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s = limited(s, licensing.MailLimits{Daily: 1})
		h := newHouse(t, s)
		for _, l := range []licensing.LicenseID{"C1", "C2"} {
			h.Puts(agreement(l, "", contact(licensing.PrimaryContact, "c+"+string(l))))
		}
		held := h.WelcomeMail(h.ID("c+C2@fabrikam.example"))
		giveUp := func(after time.Duration) licensing.MailState {
			return must[licensing.MailState](t)(s.atTime(start.Add(after)).GiveUpMail(t.Context(), held))
		}
		equal(t, "while it waits", giveUp(day-time.Second), licensing.MailQueued)
		equal(t, "within a day", giveUp(2*day-time.Second), licensing.MailQueued)
		h.Now = start.Add(day)
		equal(t, "claimed", h.Claims(held).State, licensing.MailSending)
		equal(t, "after a day", giveUp(2*day), licensing.MailGivenUp)
		equal(t, "claimed then", h.Claims(held).State, licensing.MailGivenUp)
	})
}

func TestL07_AMailCountsForTheAddressThatItGoesTo(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s = limited(s, licensing.MailLimits{Hourly: 1})
		h := newHouse(t, s)
		kim := h.Change("ada", mailedAt("kim", "old@fabrikam.example", reads)).People[0].User
		h.Change("ada", mailedAt("lee", "new@fabrikam.example", reads))
		h.Change("ada", licensing.PersonChange{User: kim, Business: "new@fabrikam.example"})
		c := h.Claims(h.WelcomeMail(kim))
		same(t, "busy until", c.Busy, start.Add(time.Hour))
		h.Change("ada", mailedAt("max", "old@fabrikam.example", reads)) // has room again
		h.Now = start.Add(time.Hour)
		equal(t, "to", h.Claims(h.WelcomeMail(kim)).Job.To, "new@fabrikam.example")
	})
}

func TestL07_R28_TheNoticeThatSomebodyElseRegisteredIsNeverHeld(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		s = limited(s, licensing.MailLimits{Hourly: 1})
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "c")))
		i := h.Invitation(h.ID("c@fabrikam.example")).Run
		out := must[licensing.Registered](t)(h.accept(i.Invitation, 1,
			licensing.Identity{Email: "other@fabrikam.example", Name: "Other"}))
		equal(t, "claimed", h.Claims(out.Notice).State, licensing.MailSending)
	})
}
