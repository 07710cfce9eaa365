package store

import (
	"testing"
	"time"

	"vlroles/licensing"
)

// accept registers an identity by a generation of an invitation.
func (h *house) accept(
	i licensing.InvitationID, generation int, who licensing.Identity,
) (licensing.Registered, error) {
	h.Helper()
	if who.ObjectID == "" && who.Email != "" {
		who.ObjectID = h.SignsIn(who.Email).ObjectID
	}
	return h.atTime(h.Now).Register(h.Context(), licensing.Registration{Request: newRequest(), Invitation: i,
		Generation: generation, Link: h.Link(i), Identity: who})
}

func TestR58_ResendMailsTheSameLinkAfterACoolDownAndResetANewOne(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		first := h.Invitation(kim).Run
		_, err := s.atTime(h.Now.Add(time.Second)).Resend(t.Context(), h.Command("ada", kim))
		wantRefusal(t, err, licensing.Locked, "R58")
		again := must[licensing.InvitationRun](t)(s.atTime(h.Now.Add(time.Hour)).Resend(t.Context(),
			h.Command("ada", kim)))
		same(t, "generation and expiry", []any{again.Generation, again.ExpiresAt}, []any{1, first.ExpiresAt})
		if again.Mail == h.WelcomeMail(kim) {
			t.Error("a second sending needs a Message-ID of its own")
		}
		_, err = s.atTime(h.Now.Add(time.Hour+policy().ResendEvery-time.Second)).
			Reset(t.Context(), h.Command("ada", kim))
		wantRefusal(t, err, licensing.Locked, "R58") // the resent mail counts
		h.Now = h.Now.Add(2 * time.Hour)
		reset := must[licensing.InvitationRun](t)(s.atTime(h.Now).Reset(t.Context(), h.Command("ada", kim)))
		same(t, "generation and expiry", []any{reset.Generation, reset.ExpiresAt},
			[]any{2, h.Now.Add(30 * day)})
		_, err = h.accept(first.Invitation, 1, licensing.Identity{Email: "kim@fabrikam.example"})
		wantRefusal(t, err, licensing.Gone, "R58")
		must[licensing.Registered](t)(h.accept(first.Invitation, 2,
			licensing.Identity{Email: "kim@fabrikam.example"}))
		_, err = s.atTime(h.Now).Reset(t.Context(), h.Command("ada", kim))
		wantRefusal(t, err, licensing.Conflict, "R62")
	})
}

func TestR43_WhoAdministersNoneOfThePersonsLicenseIDsLearnsNothingByACommand(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		_, err := s.atTime(h.Now).Reset(t.Context(), h.Command("grace", kim))
		wantRefusal(t, err, licensing.NotFound, "R43")
		_, err = s.atTime(h.Now).Cancel(t.Context(), h.Command("grace", kim))
		wantRefusal(t, err, licensing.NotFound, "R43")
		equal(t, "generation", h.Invitation(kim).Run.Generation, 1)
	})
}

func TestR82_CancelTakesBackWhatTheCallerAdministersAndTheLinkDiesWithTheLastOfIt(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		h.Change("grace", ext("kim", add(a2, licensing.BenefitsReader)))
		out := must[licensing.Withdrawal](t)(s.atTime(h.Now).Cancel(t.Context(), h.Command("ada", kim)))
		same(t, "the first", out, licensing.Withdrawal{Withdrawn: 1, Remaining: 1})
		at := h.Invitation(kim)
		equal(t, "state", at.State, licensing.InvitationOpen)
		out = must[licensing.Withdrawal](t)(s.atTime(h.Now).Cancel(t.Context(), h.Command("grace", kim)))
		same(t, "the last", out, licensing.Withdrawal{Withdrawn: 1, Ended: true})
		_, err := h.accept(at.Run.Invitation, 1, licensing.Identity{Email: "kim@fabrikam.example"})
		wantRefusal(t, err, licensing.Gone, "R82")
		equal(t, "welcome mail", h.Claims(h.firstWelcome(at.Run.Invitation)).State, licensing.MailDropped)
	})
}

func (h *house) firstWelcome(i licensing.InvitationID) licensing.MailID {
	return licensing.MailID(string(licensing.InvitationChange(i, 1)) + ".welcome")
}

func TestR28_ABoundInvitationIsForTheSignInEmailThatItNames(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		i := h.Invitation(kim).Run.Invitation
		_, err := h.accept(i, 1, licensing.Identity{Email: "lee@fabrikam.example", Name: "Lee"})
		wantRefusal(t, err, licensing.Forbidden, "R28")
		out := must[licensing.Registered](t)(h.accept(i, 1,
			licensing.Identity{Email: "KIM@Fabrikam.example"}))
		equal(t, "registered", out.User, kim)
		_, err = h.accept(i, 1, licensing.Identity{Email: "kim@fabrikam.example"})
		wantRefusal(t, err, licensing.Gone, "R29")
	})
}

func TestR60_R61_DueTimesFollowRegistrationAndProcessing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.TakeIn(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{
			{License: "N1", Program: "MPSA", ProcessedAt: h.Now.Add(-time.Hour),
				Administrators: []licensing.ContractAdministrator{
					{SignIn: "ada@contoso.example", Name: "Ada", Registered: start.Add(-day)},
				}},
		}})
		h.activateAll("ada", "N1")
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader), add("N1", licensing.BenefitsReader))
		r := h.Registers(kim, "kim@fabrikam.example")
		same(t, "due times", r.Propagation.Dues,
			[]time.Time{h.Now.Add(2 * time.Hour), h.Now.Add(9 * time.Hour)})
		n := must[int](t)(s.atTime(r.Propagation.Dues[0]).Activate(t.Context(), kim, r.Propagation.Change,
			r.Propagation.Dues[0]))
		equal(t, "License IDs activated first", n, 1)
		same(t, "R53: the newly processed one waits", []any{h.Held(kim, a1), h.Held(kim, "N1")},
			[]any{"benefits_reader", "benefits_reader?"})
	})
}

// activateAll settles what is in progress for a person of contoso.example on a License ID.
func (h *house) activateAll(who string, l licensing.LicenseID) {
	h.Helper()
	var change nullString
	u := h.ID(who)
	err := h.reads.Get(&change,
		h.reads.Rebind(`SELECT change_id FROM assignments WHERE user_id = ? AND license_id = ?`), u, l)
	if err != nil {
		h.Fatal(err)
	}
	if change != "" {
		must[int](h.TB)(h.atTime(h.Now.Add(day)).Activate(h.Context(), u, licensing.ChangeID(change),
			h.Now.Add(day)))
	}
}

func TestALateStepOfAnOlderGenerationOrChangeWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		i := h.Invitation(kim).Run.Invitation
		must[licensing.InvitationRun](t)(s.atTime(h.Now.Add(time.Hour)).Reset(t.Context(),
			h.Command("ada", kim)))
		rows := h.census()
		equal(t, "reminder", must[licensing.MailID](t)(s.atTime(h.Now).Remind(t.Context(), i, 1)), "")
		equal(t, "expiry", must[licensing.MailID](t)(s.atTime(h.Now).Expire(t.Context(), i, 1)), "")
		if err := s.atTime(h.Now).Break(t.Context(), i, 1, "late"); err != nil {
			t.Fatal(err)
		}
		equal(t, "state", h.Invitation(kim).State, licensing.InvitationOpen)
		r := h.register2(i, 2, "kim@fabrikam.example")
		change, due := licensing.InvitationChange(i, 1), r.Propagation.Dues[0]
		equal(t, "activated by another change",
			must[int](t)(s.atTime(h.Now).Activate(t.Context(), kim, change, due)), 0)
		if err := s.atTime(h.Now).Fail(t.Context(), kim, change, due, "late"); err != nil {
			t.Fatal(err)
		}
		equal(t, "activated before it is due",
			must[int](t)(s.atTime(h.Now).Activate(t.Context(), kim, r.Propagation.Change, h.Now)), 0)
		equal(t, "roles", h.Held(kim, a1), "benefits_reader?")
		if rows == h.census() {
			t.Error("the registration should have written")
		}
	})
}

func (h *house) register2(
	i licensing.InvitationID, generation int, email licensing.Email,
) licensing.Registered {
	h.Helper()
	return must[licensing.Registered](h.TB)(h.accept(i, generation, licensing.Identity{Email: email}))
}

func TestR56_ExpiryTellsTheInvitingAdminOnceAndNobodyWhereTheContractInvited(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		pat := h.TakeIn(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{{
			License: a1, Program: "MPSA", ProcessedAt: start.Add(-30 * day),
			Administrators: []licensing.ContractAdministrator{{SignIn: "pat@fabrikam.example", Name: "Pat"}},
		}}}).People[0].User
		for _, c := range []struct {
			name string
			user licensing.UserID
			tell string
		}{{"invited by an admin", kim, "ada@contoso.example"}, {"invited by the contract", pat, ""}} {
			t.Run(c.name, func(t *testing.T) {
				h.TB = t
				at := h.Invitation(c.user).Run
				s := s.atTime(at.ExpiresAt)
				mail := must[licensing.MailID](t)(s.Expire(t.Context(), at.Invitation, 1))
				equal(t, "again", must[licensing.MailID](t)(s.Expire(t.Context(), at.Invitation, 1)), mail)
				equal(t, "notices",
					h.Count(`SELECT COUNT(*) FROM mails WHERE invitation_id = ? AND kind = 'expired'`,
						at.Invitation), len(c.tell)/19)
				if c.tell != "" {
					equal(t, "to", string(h.Claims(mail).Job.To), c.tell)
				}
				equal(t, "status", h.Row("ada", c.user).Status, licensing.StatusInvitationExpired)
				_, err := h.accept(at.Invitation, 1, licensing.Identity{Email: h.View("ada", c.user).SignIn})
				wantRefusal(t, err, licensing.Gone, "R56")
			})
		}
	})
}

func TestTheReminderIsQueuedOnceAndOnlyWhileTheInvitationIsOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		at := h.Invitation(kim).Run
		mail := must[licensing.MailID](t)(s.atTime(at.RemindAt).Remind(t.Context(), at.Invitation, 1))
		equal(t, "again",
			must[licensing.MailID](t)(s.atTime(at.RemindAt).Remind(t.Context(), at.Invitation, 1)), mail)
		equal(t, "reminders", h.Count(`SELECT COUNT(*) FROM mails WHERE kind = 'reminder'`), 1)
		h.Registers(kim, "kim@fabrikam.example")
		equal(t, "after registration",
			must[licensing.MailID](t)(s.atTime(at.RemindAt).Remind(t.Context(), at.Invitation, 1)), "")
		equal(t, "claimed then", h.Claims(mail).State, licensing.MailDropped)
	})
}

func TestWhatADownstreamSystemIsToldIsWhatIsEffectiveAndDue(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		v := h.Verdict("ada", edit(kim, add(m1, licensing.ProductKeysReader)))
		told := func(upTo time.Time) []licensing.EffectiveGrant {
			return must[licensing.Effective](t)(s.Effective(t.Context(), kim, upTo)).Grants
		}
		same(t, "before it is due", told(v.DueAt.Add(-time.Second)),
			[]licensing.EffectiveGrant{{License: a1, Role: licensing.BenefitsReader}})
		same(t, "when it is due", told(v.DueAt), []licensing.EffectiveGrant{
			{License: a1, Role: licensing.BenefitsReader}, {License: m1, Role: licensing.ProductKeysReader},
		})
	})
}

func TestR29_TheSameRegistrationFindsItsAnswerAndNobodyElses(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		r := licensing.Registration{Request: newRequest(), Invitation: h.Invitation(kim).Run.Invitation,
			Generation: 1, Identity: licensing.Identity{Email: "kim@fabrikam.example"}}
		_, err := h.Registered(t.Context(), r)
		wantRefusal(t, err, licensing.NotFound, "R29")
		out := must[licensing.Registered](t)(s.atTime(h.Now).Register(t.Context(), r))
		same(t, "again", must[licensing.Registered](t)(h.Registered(t.Context(), r)), out)
		for name, other := range map[string]func(*licensing.Registration){
			"another request": func(r *licensing.Registration) { r.Request = newRequest() },
			"another identity": func(r *licensing.Registration) {
				r.Identity.Email = "lee@fabrikam.example"
			},
			"another generation": func(r *licensing.Registration) { r.Generation = 2 },
			"no identity":        func(r *licensing.Registration) { r.Identity = licensing.Identity{} },
		} {
			t.Run(name, func(t *testing.T) {
				r := r
				other(&r)
				_, err := h.Registered(t.Context(), r)
				wantRefusal(t, err, licensing.NotFound, "R29")
			})
		}
	})
}
