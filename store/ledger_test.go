package store

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/views"
)

// mailState is what View access says of a mail.
func (h *house) mailLine(admin string, user licensing.UserID, id licensing.MailID) licensing.MailLine {
	h.Helper()
	v, err := h.User(h.Context(), h.Org, h.ID(admin), user)
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
		bob := h.Change("ada", person).People[0].User
		h.Change("ada", licensing.PersonChange{User: bob, Business: "new@fabrikam.example"})
		c := h.Claims(h.WelcomeMail(bob))
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
		if h.Invitation(bob).Run.Invitation != c.Job.Invitation {
			t.Error("another invitation")
		}
	})
}

func TestAnAttemptHoldsItsMailUntilTheLeaseEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.WelcomeMail(h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader)))
		equal(t, "first claim", h.Claims(id).Job.Attempt, 1)
		h.Now = start.Add(lease - time.Second)
		second := h.Claims(id)
		equal(t, "second claim", second.State, licensing.MailSending)
		same(t, "busy until", second.Busy, start.Add(lease))
		equal(t, "nothing to send", second.Job.ID, "")
	})
}

func TestAnAttemptWhoseLeaseEndedCountsAsUnknown(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.WelcomeMail(h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader)))
		h.Claims(id)
		h.Now = start.Add(lease)
		second := h.Claims(id)
		equal(t, "attempt", second.Job.Attempt, 2)
		equal(t, "unknown", second.Job.Unknown, 1)
		h.Settles(id, 2, licensing.Settlement{State: licensing.MailUnknown, Code: 0, Answer: ""})
		third := h.Claims(id)
		equal(t, "attempt", third.Job.Attempt, 3)
		equal(t, "unknown", third.Job.Unknown, 2)
		h.Settles(id, 3, licensing.Settlement{State: licensing.MailDeferred, Code: 451, Answer: "later"})
		equal(t, "unknown after a clear answer", h.Claims(id).Job.Unknown, 2)
	})
}

func TestSentWinsAndOlderAttemptsSettleNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.WelcomeMail(bob)
		h.Claims(id)
		h.Now = start.Add(lease)
		h.Claims(id)
		h.Settles(id, 1,
			licensing.Settlement{State: licensing.MailRefused, Code: 550, Answer: "5.1.1 unknown"})
		equal(t, "after a late refusal of attempt 1", h.mailLine("ada", bob, id).State, licensing.MailSending)
		equal(t, "invitation", h.Invitation(bob).State, licensing.InvitationOpen)
		h.Settles(id, 1, licensing.Settlement{State: licensing.MailSent, Code: 250, Answer: "2.0.0 queued"})
		equal(t, "after a late delivery of attempt 1", h.mailLine("ada", bob, id).State, licensing.MailSent)
		for _, state := range []licensing.MailState{
			licensing.MailDeferred, licensing.MailUnknown, licensing.MailRefused,
		} {
			h.Settles(id, 2, licensing.Settlement{State: state, Code: 0, Answer: ""})
			equal(t, "sent stays after "+string(state), h.mailLine("ada", bob, id).State, licensing.MailSent)
		}
		if _, err := h.atTime(h.Now).GiveUpMail(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		equal(t, "sent stays after giving up", h.Claims(id).State, licensing.MailSent)
		equal(t, "invitation", h.Invitation(bob).State, licensing.InvitationOpen)
	})
}

func TestR55_AMailThatIsRefusedMarksTheInvitationAsFailedWithTheReason(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.WelcomeMail(bob)
		h.Settles(id, h.Claims(id).Job.Attempt, licensing.Settlement{State: licensing.MailRefused, Code: 550,
			Answer: "5.1.1 no such\x00 mailbox \xff"})
		v := must[licensing.UserView](t)(h.User(t.Context(), h.Org, h.ID("ada"), bob))
		equal(t, "status", v.Status, licensing.StatusFailed)
		equal(t, "delivery", v.Delivery, licensing.DeliveryBounced)
		equal(t, "invitation", v.Invitation.State, licensing.InvitationFailed)
		equal(t, "reason", v.Invitation.Reason, "550 5.1.1 no such mailbox")
		lines := must[[]licensing.HistoryLine](t)(h.History(t.Context(), h.Org, h.ID("ada"), bob,
			views.Page{Limit: 0}))
		last := lines[len(lines)-1]
		equal(t, "action", last.Action, "mail.refused")
		equal(t, "rule", last.Rule, "R55")
		equal(t, "License ID", last.License, a1)
		equal(t, "claim", h.Claims(id).State, licensing.MailRefused)
		must[licensing.InvitationRun](t)(h.atTime(h.Now).Reset(t.Context(), h.Command("ada", bob)))
		equal(t, "the next generation", h.Claims(h.WelcomeMail(bob)).State, licensing.MailSending)
	})
}

func TestR55_AMailThatCouldNotBeDeliveredInADayMarksTheInvitationAsFailed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.WelcomeMail(bob)
		h.Settles(id, h.Claims(id).Job.Attempt,
			licensing.Settlement{State: licensing.MailDeferred, Code: 451, Answer: "greylisted"})
		equal(t, "delivery", must[licensing.UserView](t)(h.User(t.Context(), h.Org, h.ID("ada"), bob)).
			Delivery, licensing.DeliveryDeferred)
		for range 2 {
			if _, err := h.atTime(h.Now).GiveUpMail(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		v := must[licensing.UserView](t)(h.User(t.Context(), h.Org, h.ID("ada"), bob))
		equal(t, "reason", v.Invitation.Reason, "not delivered within a day")
		equal(t, "status", v.Status, licensing.StatusFailed)
		n := 0
		for _, l := range must[[]licensing.HistoryLine](t)(h.History(t.Context(), h.Org, h.ID("ada"), bob,
			views.Page{Limit: 0})) {
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
			h.Now = h.Now.Add(time.Hour) // past the cool-down
			must[licensing.InvitationRun](h.TB)(h.atTime(h.Now).Reset(h.Context(), h.Command("ada", bob)))
		},
		"cancelled (R82)": func(h *house, bob licensing.UserID) {
			must[licensing.Withdrawal](h.TB)(h.atTime(h.Now).Cancel(h.Context(), h.Command("ada", bob)))
		},
		"accepted (R29)": func(h *house, bob licensing.UserID) { h.Registers(bob, "bob@fabrikam.example") },
		"expired (R56)": func(h *house, bob licensing.UserID) {
			must[licensing.MailID](h.TB)(h.atTime(h.Now).Expire(h.Context(),
				h.Invitation(bob).Run.Invitation, 1))
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				h := newHouse(t, s)
				bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
				welcome := h.WelcomeMail(bob)
				reminder := must[licensing.MailID](t)(h.atTime(h.Now).Remind(t.Context(),
					h.Invitation(bob).Run.Invitation, 1))
				equal(t, "reminder before", h.Claims(reminder).State, licensing.MailSending)
				h.Settles(reminder, 1,
					licensing.Settlement{State: licensing.MailDeferred, Code: 451, Answer: ""})
				end(h, bob)
				for _, id := range []licensing.MailID{welcome, reminder} {
					equal(t, string(id), h.Claims(id).State, licensing.MailDropped)
				}
			})
		})
	}
}

func TestAWelcomeMailThatHasNothingLeftToGiveIsDropped(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		_, err := s.writes.Exec(s.writes.Rebind(`DELETE FROM assignments WHERE user_id = ?`), bob)
		if err != nil {
			t.Fatal(err)
		}
		c := h.Claims(h.WelcomeMail(bob))
		equal(t, "claim", c.State, licensing.MailDropped)
		equal(t, "nothing to send", c.Job.ID, "")
	})
}

func TestR55_ALateRefusalOfAMailThatWasSentAgainLeavesTheInvitationOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		first := h.WelcomeMail(bob)
		h.Claims(first)
		h.Now = start.Add(time.Hour)
		again := must[licensing.InvitationRun](t)(h.atTime(h.Now).Resend(t.Context(),
			h.Command("ada", bob))).Mail
		h.Settles(again, h.Claims(again).Job.Attempt,
			licensing.Settlement{State: licensing.MailSent, Code: 250, Answer: "ok"})
		h.Settles(first, 1,
			licensing.Settlement{State: licensing.MailRefused, Code: 550, Answer: "no such mailbox"})
		equal(t, "the older mail", h.mailLine("ada", bob, first).State, licensing.MailRefused)
		equal(t, "invitation", h.Invitation(bob).State, licensing.InvitationOpen)
		equal(t, "delivery", h.Row("ada", bob).Delivery, licensing.DeliverySent)
	})
}

func TestR55_ARefusalWithoutAReplyCodeGivesItsWordsAsTheReason(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.Settles(h.WelcomeMail(bob), h.Claims(h.WelcomeMail(bob)).Job.Attempt,
			licensing.Settlement{State: licensing.MailRefused, Code: 0, Answer: "the address can't be one"})
		equal(t, "reason", h.View("ada", bob).Invitation.Reason, "the address can't be one")
	})
}

func TestFiftyRoundsOfTwoClaimsAtOnceGiveOneSenderEach(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		var people []licensing.PersonChange
		for range 50 {
			people = append(people, ext("p"+uuid.NewString()[:8], add(a1, licensing.ProductKeysReader)))
		}
		for _, p := range h.Change("ada", people...).People {
			id := h.WelcomeMail(p.User)
			var senders, busy int
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() {
					c, err := s.atTime(h.Now).ClaimMail(t.Context(), id, lease)
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
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		equal(t, "welcome: until when (R56)", h.Claims(h.WelcomeMail(bob)).Job.Expires, h.Invitation(bob).Run.ExpiresAt)
		r := h.Registers(bob, "bob@fabrikam.example")
		registered := h.Claims(r.Propagation.Mail).Job
		same(t, "registered: due (R60)", registered.Access[0].DueAt, start.Add(2*time.Hour))
		h.Activates(r)
		saved := h.TryChange("ada",
			licensing.PersonChange{User: bob, Access: []licensing.AccessChange{
				add(a1, licensing.BenefitsReader), add(a2, licensing.BenefitsReader),
			}})
		work := must[[]licensing.OutboxEntry](t)(h.Outbox(t.Context(),
			licensing.RequestID(string(saved.Confirmation)[:36])))
		changes := h.Claims(work[0].Propagation.Mail).Job
		equal(t, "changes: one accepted verdict (R70)", len(changes.Changes), 1)
		same(t, "changes: added", changes.Changes[0].Added, []licensing.Role{licensing.BenefitsReader})
		confirmation := h.Claims(saved.Confirmation).Job
		equal(t, "confirmation: to", confirmation.To, "ada@contoso.example")
		equal(t, "confirmation: people", len(confirmation.People), 1)
		equal(t, "confirmation: person", confirmation.People[0].Email, "bob@fabrikam.example")
		equal(t, "confirmation: verdicts (R75)", len(confirmation.People[0].Verdict.Verdicts), 2)
		equal(t, "confirmation: refused", confirmation.People[0].Verdict.Verdicts[1].Error.Rule, "R43")
	})
}

func TestR56_TheNoticeOfAnExpiryShowsTheAdminOnlyWhatTheAdminMaySee(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.Change("grace", ext("bob", add(a2, licensing.BenefitsReader)))
		id := must[licensing.MailID](t)(h.atTime(h.Now).Expire(t.Context(),
			h.Invitation(bob).Run.Invitation, 1))
		j := h.Claims(id).Job
		equal(t, "to", j.To, "ada@contoso.example")
		equal(t, "person", j.Person, "bob")
		equal(t, "email", j.PersonEmail, "bob@fabrikam.example")
		text := string(must[[]byte](t)(json.Marshal(j.Access)))
		equal(t, "access", text, `[{"license_id":"A1","roles":["product_keys_reader"]}]`)
	})
}

func TestAMailThatIsNotThereIsNotFound(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		_, err := s.atTime(start).ClaimMail(t.Context(), "none", lease)
		wantRefusal(t, err, licensing.NotFound, "")
		_, err = s.atTime(start).GiveUpMail(t.Context(), "none")
		wantRefusal(t, err, licensing.NotFound, "")
		queued := licensing.Settlement{State: licensing.MailQueued}
		if err := s.atTime(start).SettleMail(t.Context(), "none", 1, queued); err == nil {
			t.Error("queued is no outcome")
		}
	})
}
