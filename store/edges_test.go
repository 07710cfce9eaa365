package store

import (
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
