package store

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

const lease = 90 * time.Second

func (h *house) claim(id licensing.MailID) licensing.Claim {
	h.Helper()
	c, err := h.atTime(h.now).ClaimMail(h.Context(), id, lease)
	if err != nil {
		h.Fatal(err)
	}
	return c
}

func (h *house) settle(id licensing.MailID, attempt int, state licensing.MailState, code int, answer string) {
	h.Helper()
	if err := h.atTime(h.now).SettleMail(h.Context(), id, attempt, licensing.Settlement{State: state, Code: code, Answer: answer}); err != nil {
		h.Fatal(err)
	}
}

// mailState is what View access says of a mail.
func (h *house) mailLine(admin string, user licensing.UserID, id licensing.MailID) licensing.MailLine {
	h.Helper()
	v, err := h.User(h.Context(), h.org, h.id(admin), user)
	if err != nil {
		h.Fatal(err)
	}
	for _, m := range v.Mails {
		if m.ID == id {
			return m
		}
	}
	h.Fatalf("no mail %s", id)
	return licensing.MailLine{}
}

func TestR49_TheWelcomeMailGoesToTheBusinessEmailThatIsValidWhenItIsSent(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		person := ext("bob", add(a1, licensing.ProductKeysReader), add(m1, licensing.Administrator))
		person.Business = "old@fabrikam.example"
		bob := h.save("ada", person).People[0].User
		h.save("ada", licensing.PersonChange{User: bob, Business: "new@fabrikam.example"})
		c := h.claim(h.welcome(bob))
		equal(t, "state", c.State, licensing.MailSending)
		equal(t, "to (R48)", c.Job.To, "new@fabrikam.example")
		equal(t, "name", c.Job.Name, "bob")
		equal(t, "organization", c.Job.Organization, "Contoso")
		equal(t, "key", c.Job.KeyID, "k1")
		equal(t, "generation", c.Job.Generation, 1)
		equal(t, "attempt", c.Job.Attempt, 1)
		same(t, "expires", c.Job.Expires, start.Add(30*day))
		equal(t, "License IDs", len(c.Job.Access), 2)
		same(t, "access", c.Job.Access[0].License, a1)
		same(t, "roles", c.Job.Access[0].Roles, []licensing.Role{licensing.ProductKeysReader})
		if h.standing(bob).Sending.Invitation != c.Job.Invitation {
			t.Error("another invitation")
		}
	})
}

func TestAnAttemptHoldsItsMailUntilTheLeaseEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.welcome(h.invite("ada", "bob", add(a1, licensing.ProductKeysReader)))
		equal(t, "first claim", h.claim(id).Job.Attempt, 1)
		h.now = start.Add(lease - time.Second)
		second := h.claim(id)
		equal(t, "second claim", second.State, licensing.MailSending)
		same(t, "busy until", second.Busy, start.Add(lease))
		equal(t, "nothing to send", second.Job.ID, "")
	})
}

func TestAnAttemptWhoseLeaseEndedCountsAsUnknown(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.welcome(h.invite("ada", "bob", add(a1, licensing.ProductKeysReader)))
		h.claim(id)
		h.now = start.Add(lease)
		second := h.claim(id)
		equal(t, "attempt", second.Job.Attempt, 2)
		equal(t, "unknown", second.Job.Unknown, 1)
		h.settle(id, 2, licensing.MailUnknown, 0, "")
		third := h.claim(id)
		equal(t, "attempt", third.Job.Attempt, 3)
		equal(t, "unknown", third.Job.Unknown, 2)
		h.settle(id, 3, licensing.MailDeferred, 451, "later")
		equal(t, "unknown after a clear answer", h.claim(id).Job.Unknown, 2)
	})
}

func TestSentWinsAndOlderAttemptsSettleNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.welcome(bob)
		h.claim(id)
		h.now = start.Add(lease)
		h.claim(id)
		h.settle(id, 1, licensing.MailRefused, 550, "5.1.1 unknown")
		equal(t, "after a late refusal of attempt 1", h.mailLine("ada", bob, id).State, licensing.MailSending)
		equal(t, "invitation", h.standing(bob).State, licensing.InvitationOpen)
		h.settle(id, 1, licensing.MailSent, 250, "2.0.0 queued")
		equal(t, "after a late delivery of attempt 1", h.mailLine("ada", bob, id).State, licensing.MailSent)
		for _, state := range []licensing.MailState{licensing.MailDeferred, licensing.MailUnknown, licensing.MailRefused} {
			h.settle(id, 2, state, 0, "")
			equal(t, "sent stays after "+string(state), h.mailLine("ada", bob, id).State, licensing.MailSent)
		}
		if err := h.atTime(h.now).GiveUpMail(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		equal(t, "sent stays after giving up", h.claim(id).State, licensing.MailSent)
		equal(t, "invitation", h.standing(bob).State, licensing.InvitationOpen)
	})
}

func TestR55_AMailThatIsRefusedMarksTheInvitationAsFailedWithTheReason(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.welcome(bob)
		h.settle(id, h.claim(id).Job.Attempt, licensing.MailRefused, 550, "5.1.1 no such\x00 mailbox \xff")
		v := must[licensing.UserView](t)(h.User(t.Context(), h.org, h.id("ada"), bob))
		equal(t, "status", v.Status, licensing.Failed)
		equal(t, "delivery", v.Delivery, licensing.DeliveryBounced)
		equal(t, "invitation", v.Invitation.State, licensing.InvitationRefused)
		equal(t, "reason", v.Invitation.Reason, "550 5.1.1 no such mailbox")
		lines := must[[]licensing.HistoryLine](t)(h.History(t.Context(), h.org, h.id("ada"), bob, 0))
		last := lines[len(lines)-1]
		equal(t, "action", last.Action, "mail.refused")
		equal(t, "rule", last.Rule, "R55")
		equal(t, "License ID", last.License, a1)
		equal(t, "claim", h.claim(id).State, licensing.MailRefused)
		must[licensing.Sending](t)(h.atTime(h.now).Reset(t.Context(), h.command("ada", bob)))
		equal(t, "the next generation", h.claim(h.welcome(bob)).State, licensing.MailSending)
	})
}

func TestR55_AMailThatCouldNotBeDeliveredInADayMarksTheInvitationAsFailed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.welcome(bob)
		h.settle(id, h.claim(id).Job.Attempt, licensing.MailDeferred, 451, "greylisted")
		equal(t, "delivery", must[licensing.UserView](t)(h.User(t.Context(), h.org, h.id("ada"), bob)).Delivery, licensing.DeliveryDeferred)
		for range 2 {
			if err := h.atTime(h.now).GiveUpMail(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		v := must[licensing.UserView](t)(h.User(t.Context(), h.org, h.id("ada"), bob))
		equal(t, "reason", v.Invitation.Reason, "not delivered within a day")
		equal(t, "status", v.Status, licensing.Failed)
		n := 0
		for _, l := range must[[]licensing.HistoryLine](t)(h.History(t.Context(), h.org, h.id("ada"), bob, 0)) {
			if l.Action == "mail.given_up" {
				n++
			}
		}
		equal(t, "audit lines", n, 1)
	})
}

func TestAWelcomeMailOrReminderThatWasSupersededIsDropped(t *testing.T) {
	ends := map[string]func(h *house, bob licensing.UserID){
		"reset (R58)": func(h *house, bob licensing.UserID) {
			must[licensing.Sending](h.TB)(h.atTime(h.now).Reset(h.Context(), h.command("ada", bob)))
		},
		"cancelled (R82)": func(h *house, bob licensing.UserID) {
			must[licensing.Withdrawal](h.TB)(h.atTime(h.now).Cancel(h.Context(), h.command("ada", bob)))
		},
		"accepted (R29)": func(h *house, bob licensing.UserID) { h.register(bob, "bob@fabrikam.example") },
		"expired (R56)": func(h *house, bob licensing.UserID) {
			must[licensing.MailID](h.TB)(h.atTime(h.now).Expire(h.Context(), h.standing(bob).Sending.Invitation, 1))
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				h := newHouse(t, s)
				bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
				welcome := h.welcome(bob)
				reminder := must[licensing.MailID](t)(h.atTime(h.now).Remind(t.Context(), h.standing(bob).Sending.Invitation, 1))
				equal(t, "reminder before", h.claim(reminder).State, licensing.MailSending)
				h.settle(reminder, 1, licensing.MailDeferred, 451, "")
				end(h, bob)
				for _, id := range []licensing.MailID{welcome, reminder} {
					equal(t, string(id), h.claim(id).State, licensing.MailDropped)
				}
			})
		})
	}
}

func TestAWelcomeMailThatHasNothingLeftToGiveIsDropped(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		if _, err := s.writes.Exec(s.writes.Rebind(`DELETE FROM assignments WHERE user_id = ?`), bob); err != nil {
			t.Fatal(err)
		}
		c := h.claim(h.welcome(bob))
		equal(t, "claim", c.State, licensing.MailDropped)
		equal(t, "nothing to send", c.Job.ID, "")
	})
}

func TestR55_ALateRefusalOfAMailThatWasSentAgainLeavesTheInvitationOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		first := h.welcome(bob)
		h.claim(first)
		h.now = start.Add(time.Hour)
		again := must[licensing.Sending](t)(h.atTime(h.now).Resend(t.Context(), h.command("ada", bob))).Mail
		h.settle(again, h.claim(again).Job.Attempt, licensing.MailSent, 250, "ok")
		h.settle(first, 1, licensing.MailRefused, 550, "no such mailbox")
		equal(t, "the older mail", h.mailLine("ada", bob, first).State, licensing.MailRefused)
		equal(t, "invitation", h.standing(bob).State, licensing.InvitationOpen)
		equal(t, "delivery", h.row("ada", bob).Delivery, licensing.DeliverySent)
	})
}

func TestR55_ARefusalWithoutAReplyCodeGivesItsWordsAsTheReason(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.settle(h.welcome(bob), h.claim(h.welcome(bob)).Job.Attempt, licensing.MailRefused, 0, "the address can't be one")
		equal(t, "reason", h.view("ada", bob).Invitation.Reason, "the address can't be one")
	})
}

func TestFiftyRoundsOfTwoClaimsAtOnceGiveOneSenderEach(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		var people []licensing.PersonChange
		for range 50 {
			people = append(people, ext("p"+uuid.NewString()[:8], add(a1, licensing.ProductKeysReader)))
		}
		for _, p := range h.save("ada", people...).People {
			id := h.welcome(p.User)
			var senders, busy int
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() {
					c, err := s.atTime(h.now).ClaimMail(t.Context(), id, lease)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err != nil:
						t.Error(err)
					case c.Busy.IsZero() && c.State == licensing.MailSending:
						senders++
					default:
						busy++
					}
				})
			}
			wg.Wait()
			if senders != 1 || busy != 1 {
				t.Fatalf("%d senders, %d busy", senders, busy)
			}
		}
	})
}

func TestEachKindOfMailCarriesWhatItTells(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		equal(t, "welcome: the time in all (R56)", h.claim(h.welcome(bob)).Job.InviteFor, 30*day)
		r := h.register(bob, "bob@fabrikam.example")
		registered := h.claim(r.Propagation.Mail).Job
		same(t, "registered: due (R60)", registered.Access[0].DueAt, start.Add(2*time.Hour))
		h.activate(r)
		saved := h.saveAny("ada",
			licensing.PersonChange{User: bob, Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader), add(a2, licensing.BenefitsReader)}})
		work := must[[]licensing.Work](t)(h.Work(t.Context(), licensing.RequestID(string(saved.Confirmation)[:36])))
		changes := h.claim(work[0].Propagation.Mail).Job
		equal(t, "changes: one accepted verdict (R70)", len(changes.Changes), 1)
		same(t, "changes: added", changes.Changes[0].Added, []licensing.Role{licensing.BenefitsReader})
		confirmation := h.claim(saved.Confirmation).Job
		equal(t, "confirmation: to", confirmation.To, "ada@contoso.example")
		equal(t, "confirmation: people", len(confirmation.People), 1)
		equal(t, "confirmation: person", confirmation.People[0].Email, "bob@fabrikam.example")
		equal(t, "confirmation: verdicts (R75)", len(confirmation.People[0].Verdict.Verdicts), 2)
		equal(t, "confirmation: refused", confirmation.People[0].Verdict.Verdicts[1].Error.Rule, "R05")
	})
}

func TestR56_TheNoticeOfAnExpiryShowsTheAdminOnlyWhatTheAdminMaySee(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.save("grace", ext("bob", add(a2, licensing.BenefitsReader)))
		id := must[licensing.MailID](t)(h.atTime(h.now).Expire(t.Context(), h.standing(bob).Sending.Invitation, 1))
		j := h.claim(id).Job
		equal(t, "to", j.To, "ada@contoso.example")
		equal(t, "person", j.Person, "bob")
		equal(t, "e-mail", j.PersonEmail, "bob@fabrikam.example")
		text := string(must[[]byte](t)(json.Marshal(j.Access)))
		equal(t, "access", text, `[{"license_id":"A1","roles":["product_keys_reader"]}]`)
	})
}

func TestAMailThatIsNotThereIsNotFound(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		_, err := s.atTime(start).ClaimMail(t.Context(), "none", lease)
		wantRefusal(t, err, licensing.NotFound, "")
		wantRefusal(t, s.atTime(start).GiveUpMail(t.Context(), "none"), licensing.NotFound, "")
		if err := s.atTime(start).SettleMail(t.Context(), "none", 1, licensing.Settlement{State: licensing.MailQueued}); err == nil {
			t.Error("queued is no outcome")
		}
	})
}
