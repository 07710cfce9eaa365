package store

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

func TestR57_AContractsContactWhomTheDirectoryDoesNotKnowIsTakenInAndShowsAsUserNotFound(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		out := h.TakeIn(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{{
			License: a1, Program: "MPSA", ProcessedAt: h.Now.Add(-time.Hour),
			Administrators: []licensing.ContractAdministrator{{SignIn: "new@contoso.example", Name: "New"}},
		}}})
		v := out.People[0]
		if v.Error != nil || len(v.Verdicts) != 1 || v.Verdicts[0].After != licensing.StatusUserNotFound ||
			out.Work != 1 {
			t.Fatalf("%+v", out)
		}
	})
}

func TestR57_NobodyIsInvitedAnewWhoHasLeftTheTenant(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		leo := h.Change("ada", licensing.PersonChange{SignIn: "leo@contoso.example",
			Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}}).People[0].User
		h.Leaves("o-leo", "leo@contoso.example", "Leo Internal", true)
		_, err := h.atTime(h.Now).Reset(t.Context(), h.Command("ada", leo))
		wantRefusal(t, err, licensing.Conflict, "R57")
		_, err = h.atTime(h.Now.Add(time.Hour)).Resend(t.Context(), h.Command("ada", leo))
		wantRefusal(t, err, licensing.Conflict, "R57")
		h.Leaves("o-leo", "leo@contoso.example", "Leo Internal", false)
		must[licensing.Rechecked](t)(s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", leo))) // R86
		h.Now = h.Now.Add(time.Hour)                                                              // past the cool-down
		if _, err := h.atTime(h.Now).Reset(t.Context(), h.Command("ada", leo)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestR28_AForwardedInvitationIsNotAcceptedByAnIdentityWithoutAnEmail(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		user := h.TakeIn(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{{
			License: a1, Program: "MPSA", ProcessedAt: h.Now.Add(-time.Hour),
			Administrators: []licensing.ContractAdministrator{{SignIn: "pat@fabrikam.example", Name: "Pat"}},
		}}}).People[0].User
		at := h.Invitation(user)
		_, err := h.atTime(h.Now).Register(t.Context(), licensing.Registration{
			Request: licensing.RequestID(uuid.NewString()), Invitation: at.Run.Invitation, Generation: 1,
		})
		wantRefusal(t, err, licensing.Invalid, "R66")
	})
}

func TestR62_AnOpenInvitationThatNobodyCanAcceptAnyMoreIsInvitedAnewNotJoined(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		h.Now = h.Invitation(kim).Run.ExpiresAt
		v := h.Change("ada", ext("kim", add(m1, licensing.BenefitsReader))).People[0].Verdicts[0]
		if v.Outcome != licensing.Invited || h.Invitation(kim).Run.Generation != 2 {
			t.Fatalf("%+v, %+v", v, h.Invitation(kim))
		}
	})
}

func TestR72_AnIDInAnotherFormFindsNobodyToCopyFrom(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		for _, form := range []string{strings.ToUpper(string(kim)), "urn:uuid:" + string(kim),
			"{" + string(kim) + "}"} {
			copied := licensing.AccessChange{License: m1,
				From: &licensing.RoleSource{License: a1, User: licensing.UserID(form)}}
			equal(t, "outcome", h.TryChange("ada", ext("lee", copied)).People[0].Verdicts[0].Outcome, licensing.Refused)
			e := h.TryChange("ada", edit(licensing.UserID(form), add(m1, licensing.BenefitsReader))).People[0].Error
			wantRefusal(t, e, licensing.NotFound, "R43")
		}
	})
}

func TestAPanicLeavesNoTransactionOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		func() {
			defer func() { _ = recover() }()
			_ = s.write(t.Context(), "break", func(t *tx) error {
				if _, err := t.exec(`UPDATE users SET name = 'nobody'`); err != nil {
					return err
				}
				panic("a fault of ours")
			})
		}()
		h.Invite("ada", "kim", add(a1, licensing.BenefitsReader)) // which SQLite lets nobody do beside another
		equal(t, "what the panic left", h.Count(`SELECT COUNT(*) FROM users WHERE name = 'nobody'`), 0)
	})
}

func TestR34_R90_AContactWhoChangesPlacesInOneRequestKeepsWhatHeInherits(t *testing.T) {
	primary, notices := licensing.PrimaryContact, licensing.NoticesContact
	for _, c := range []struct {
		name string
		kim  []licensing.Contact
	}{
		{"the new place is named after the old one",
			[]licensing.Contact{contact(primary, "lee"), contact(notices, "kim")}},
		{"the new place is named before the old one",
			[]licensing.Contact{contact(notices, "kim"), contact(primary, "lee")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				h := newHouse(t, s)
				h.Puts(agreement("N1", "", contact(primary, "kim"), contact(notices, "max")))
				h.Puts(agreement("N2", "N1", contact(primary, "max")))
				kim := h.Joins("kim")
				h.Prefers(kim, "N1", true)
				h.Puts(agreement("N1", "", c.kim...))
				inherits := func() int {
					return h.Count(`SELECT COUNT(*) FROM preferences WHERE user_id = ? AND inherit`, kim)
				}
				equal(t, "kim inherits in the new place", inherits(), 1)
				h.Puts(agreement("N1", "", contact(notices, "max")))
				equal(t, "kim inherits with no place", inherits(), 0)
			})
		})
	}
}

func TestR28_AMailWhoseRolesTheAcceptorHasIsNotForwardedForARetryAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "eve")))
		eve := h.ID("eve@fabrikam.example")
		r := h.Registers(eve, "eve@fabrikam.example")
		due := r.Propagation.Dues[0]
		err := s.atTime(due).Fail(t.Context(), eve, r.Propagation.Change, due, "downstream said no")
		if err != nil {
			t.Fatal(err)
		}
		h.Now = due
		h.Puts(agreement("C1", "", contact(licensing.NoticesContact, "pat")))
		pat := h.ID("pat@fabrikam.example")
		_, err = h.forward("pat", licensing.Identity{Email: "eve@fabrikam.example"})
		wantRefusal(t, err, licensing.Conflict, "R28")
		equal(t, "pat keeps", h.Held(pat, "C1"), "administrator?")
	})
}

func TestR25_R76_WhoRegisteredElsewhereButIsOnlyInvitedHereWaitsAsEverybodyDoes(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(m1, licensing.BenefitsReader))
		a := agreement("C1", "")
		a.NoInvitation = true
		a.Administrators = []licensing.ContractAdministrator{{SignIn: "kim@fabrikam.example", Name: "Kim Other",
			Registered: start.Add(-day)}}
		h.Puts(a)
		equal(t, "roles", h.Held(kim, "C1"), "administrator?")
		equal(t, "the name stays", h.nameOf(nullString(kim)), "kim")
	})
}

func TestR28_TheAddresseeIsInvitedAnewByWhoGaveWhatStays(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "prim"),
			contact(licensing.NoticesContact, "pat")))
		h.Joins("prim")
		pat := h.ID("pat@fabrikam.example")
		h.Change("ada", ext("pat", add(a1, licensing.BenefitsReader)))
		h.Now = h.Now.Add(time.Hour)
		if _, err := h.forward("pat", licensing.Identity{Email: "eve@fabrikam.example"}); err != nil {
			t.Fatal(err)
		}
		var by nullString
		h.Get(&by, `SELECT invited_by FROM invitations WHERE user_id = ? AND state = 'open'`, pat)
		equal(t, "invited by", h.nameOf(by), "Ada Lovelace")
	})
}

func TestL06_NobodyTakesTheIDThatTheEngineWillUseForTheNextStepOfAHandOver(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		out := h.handOver("ada", ext("sam"), a1)
		_, err := h.atTime(h.Now).Save(t.Context(), licensing.Save{ID: derive(out.View.ID, 1), Org: h.Org,
			Admin: h.ID("ada"), People: []licensing.PersonChange{ext("kim", add(a1, licensing.BenefitsReader))}})
		wantRefusal(t, err, licensing.Invalid, "L06")
	})
}
