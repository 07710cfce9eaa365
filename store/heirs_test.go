package store

import (
	"testing"

	"vlroles/licensing"
)

// onlyHeir is somebody who inherits below P1 and has no role of his own.
func onlyHeir(h *house) licensing.UserID {
	h.Helper()
	h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "note"),
		contact(licensing.OnlineAdministratorContact, "heir")))
	h.Puts(agreement("P2", "P1", contact(licensing.PrimaryContact, "low")))
	h.Joins("note")
	h.Joins("low")
	heir := h.Member("note@fabrikam.example", "heir", add("P1", licensing.BenefitsReader))
	h.Change("note@fabrikam.example", edit(heir, take("P1", licensing.BenefitsReader)))
	h.Prefers(heir, "P1", true)
	return heir
}

func TestR80_AnHeirWithoutRolesIsDeletedByAnAdminOfTheParentAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		heir := onlyHeir(h)
		for caller, rule := range map[string]string{"low@fabrikam.example": "R87", "grace": "R43"} {
			_, err := s.atTime(h.Now).Delete(t.Context(), h.Command(caller, heir))
			wantRefusal(t, err, map[string]licensing.Kind{"R87": licensing.Conflict,
				"R43": licensing.NotFound}[rule], rule)
		}
		equal(t, "still", h.May(heir, "P2", licensing.ManageAssignments).Rule, "R88")
		out := h.Deletes("note@fabrikam.example", heir)
		same(t, "answer", []any{len(out.Verdicts), out.Ended, out.EndedOn, out.Inherits, out.Remaining,
			out.Work}, []any{0, "[P1]", 1, "[]", 0, 1})
		h.Denied(heir, "P2", licensing.ManageAssignments, "R02")
		same(t, "nobody sees him", h.Names("low@fabrikam.example", licensing.UserFilter{}), "[low]")
		equal(t, "audited", h.Count(`
			SELECT COUNT(*)
			FROM audit
			WHERE user_id = ? AND action = 'preference' AND license_id = 'P1' AND rule = 'R80'`, heir), 1)
		_, err := s.atTime(h.Now).Delete(t.Context(), h.Command("note@fabrikam.example", heir))
		wantRefusal(t, err, licensing.NotFound, "R43")
	})
}

func TestR80_R88_ADeletedContactOptsInAgainOnlyAfterThePartnerHasNamedHimAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		heir := onlyHeir(h)
		h.Deletes("note@fabrikam.example", heir)
		prefer := func(rule string) {
			t.Helper()
			_, err := s.atTime(h.Now).SetPreference(t.Context(), licensing.PreferenceChange{
				Request: newRequest(), Org: h.Org, User: heir, License: "P1", Inherit: true,
			})
			if rule == "" && err == nil {
				return
			}
			kind := licensing.Forbidden
			if rule == "R43" {
				kind = licensing.NotFound
			}
			wantRefusal(t, err, kind, rule)
		}
		prefer("R80")
		note := h.ID("note@fabrikam.example")
		equal(t, "another contact opts in as before", h.Prefers(note, "P1", true).Changed, true)
		seen := must[[]licensing.Preference](t)(h.Preferences(t.Context(), h.Org, heir))
		equal(t, "the preferences say so", seen[0].WhyNot.Rule, "R80")
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "note"),
			contact(licensing.OnlineAdministratorContact, "heir")))
		prefer("R80") // the same agreement once more names nobody anew
		h.Replaces(contact(licensing.OnlineAdministratorContact, "next"), "P1")
		prefer("R43") // the contract is nothing of his any more
		h.Replaces(contact(licensing.OnlineAdministratorContact, "heir"), "P1")
		prefer("")
		equal(t, "inherits", h.May(heir, "P2", licensing.ManageAssignments).Rule, "R88")
	})
}

func TestR80_AContactWhoHadNotOptedInCannotDoSoAfterHisDeletion(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		heir := onlyHeir(h)
		h.Prefers(heir, "P1", false)
		h.Change("note@fabrikam.example", edit(heir, add("P1", licensing.BenefitsReader)))
		h.Deletes("note@fabrikam.example", heir)
		_, err := s.atTime(h.Now).SetPreference(t.Context(), licensing.PreferenceChange{
			Request: newRequest(), Org: h.Org, User: heir, License: "P1", Inherit: true,
		})
		wantRefusal(t, err, licensing.Forbidden, "R80")
	})
}

func TestR88_OnALeafNobodyOptsInAndOnAnMBSAOneDoesBeforeAnythingIsBelow(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		mbsa := agreement("P9", "", contact(licensing.PrimaryContact, "pat"))
		mbsa.Program = "MBSA"
		h.Puts(mbsa)
		h.Puts(agreement("L1", "", contact(licensing.PrimaryContact, "pat")))
		pat := h.Joins("pat")
		_, err := s.atTime(h.Now).SetPreference(t.Context(), licensing.PreferenceChange{
			Request: newRequest(), Org: h.Org, User: pat, License: "L1", Inherit: true,
		})
		wantRefusal(t, err, licensing.Conflict, "R88")
		seen := must[[]licensing.Preference](t)(h.Preferences(t.Context(), h.Org, pat))
		same(t, "what is offered", []any{len(seen), seen[0].License}, []any{1, "P9"})
		equal(t, "the MBSA", h.Prefers(pat, "P9", true).Changed, true)
		h.Puts(agreement("L1", "P9"))
		equal(t, "a future one", h.May(pat, "L1", licensing.ManageAssignments).Allowed, true)
	})
}
