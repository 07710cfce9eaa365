package store

import (
	"testing"
	"time"

	"vlroles/licensing"
)

// twoHouses is Leo with roles on A1 (Ada's) and A2 (Grace's), gone and back.
func (h *house) backAgain(t *testing.T) licensing.UserID {
	t.Helper()
	id := h.colleague()
	h.Change("grace", edit(id, add(a2, licensing.ProductKeysReader)))
	h.ActivatesChange(id, a2)
	equal(t, "may at first", h.May(id, a2, licensing.ViewContractKeys).Allowed, true)
	h.Hears(left(leo))
	h.Hears(leo)
	return id
}

func TestR86_ARecheckGivesBackWhatTheCallerAdministersAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.backAgain(t)
		h.Denied(id, a1, licensing.ManageBenefits, "R86")
		h.Denied(id, a2, licensing.ViewContractKeys, "R86")
		for _, admin := range []string{"ada", "grace"} {
			row := h.Row(admin, id)
			equal(t, "status for "+admin, row.Status, licensing.StatusUserNotFound)
			same(t, "actions", row.Actions,
				[]licensing.Action{licensing.ViewAccess, licensing.Recheck, licensing.DeleteUser})
			same(t, "found by status", h.Names(admin, licensing.UserFilter{Status: licensing.StatusUserNotFound}),
				[]string{leo.Name})
		}
		out := must[licensing.Rechecked](t)(s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", id)))
		same(t, "given back", out.Licenses, []licensing.LicenseID{a1})
		equal(t, "work", out.Work, 1)
		equal(t, "may on A1", h.May(id, a1, licensing.ManageBenefits).Allowed, true)
		h.Denied(id, a2, licensing.ViewContractKeys, "R86")
		equal(t, "for Ada", h.Row("ada", id).Status, licensing.StatusActive)
		equal(t, "for Grace", h.Row("grace", id).Status, licensing.StatusUserNotFound)
		same(t, "nobody of Ada's is missing", h.Names("ada", licensing.UserFilter{Status: licensing.StatusUserNotFound}),
			[]string{})
		e := must[licensing.Effective](t)(s.Effective(t.Context(), id, h.Now))
		same(t, "downstream", e.Grants,
			[]licensing.EffectiveGrant{{License: a1, Role: licensing.BenefitsReader}})
		_, err := s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", id))
		wantRefusal(t, err, licensing.Conflict, "R57")
		same(t, "history of A2", h.Past("grace", a2, h.Now.Add(time.Hour))[1:],
			[]string{"Leo Internal product_keys_reader left by save R62 Grace Hopper"})
		must[licensing.Rechecked](t)(s.atTime(h.Now).Recheck(t.Context(), h.Command("grace", id)))
		equal(t, "may on A2", h.May(id, a2, licensing.ViewContractKeys).Allowed, true)
		h.Hears(left(leo))
		h.Denied(id, a1, licensing.ManageBenefits, "R84")
	})
}

func TestR86_AssigningAgainGivesBackThereAndIsNotRefusedForOldRoles(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.backAgain(t)
		v := h.Verdict("ada", edit(id, add(a1, licensing.BenefitsReader))) // the same role
		equal(t, "outcome", v.Outcome, licensing.Assigned)
		same(t, "before, after", []licensing.Status{v.Before, v.After},
			[]licensing.Status{licensing.StatusUserNotFound, licensing.StatusAssignmentInProgress})
		h.Denied(id, a1, licensing.ManageBenefits, "R53")
		h.ActivatesChange(id, a1)
		equal(t, "may on A1", h.May(id, a1, licensing.ManageBenefits).Allowed, true)
		h.Denied(id, a2, licensing.ViewContractKeys, "R86")
		v = h.Verdict("grace", edit(id, take(a2, licensing.ProductKeysReader)))
		equal(t, "suspended roles can be taken away", v.Outcome, licensing.Changed)
		same(t, "history", h.Past("ada", a1, h.Now.Add(time.Hour))[1:],
			[]string{"Leo Internal benefits_reader by save R73 Ada Lovelace"})
	})
}

func TestR86_WhatIsInProgressWhenSomebodyLeavesBecomesEffectiveByNobodysRunAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		h.Change("ada", edit(id, add(a1, licensing.ProductKeysReader)))
		h.Hears(left(leo))
		h.Hears(leo)
		h.ActivatesChange(id, a1) // the run that was under way
		h.Denied(id, a1, licensing.ViewContractKeys, "R86")
		equal(t, "status", h.Row("ada", id).Status, licensing.StatusUserNotFound)
		must[licensing.Rechecked](t)(s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", id)))
		equal(t, "may", h.May(id, a1, licensing.ViewContractKeys).Allowed, true)
	})
}

func TestR86_SomebodyWhoLeftAndWasDeletedCanBeAddedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		h.Hears(left(leo))
		h.Deletes("ada", id)
		h.Hears(leo)
		again := licensing.PersonChange{SignIn: "leo@contoso.example",
			Access: []licensing.AccessChange{add(a1, licensing.ProductKeysReader)}}
		equal(t, "outcome", h.Verdict("ada", again).Outcome, licensing.Assigned)
		h.ActivatesChange(id, a1)
		equal(t, "may", h.May(id, a1, licensing.ViewContractKeys).Allowed, true)
		h.Denied(id, a1, licensing.ManageBenefits, "R02")
		// and whoever gets the address when he has left again
		h.Hears(left(leo))
		h.Deletes("ada", id)
		h.Hears(licensing.DirectoryPerson{ObjectID: "o-leo-2", Email: leo.Email, Name: "Leonie Other"})
		equal(t, "another person", h.Verdict("ada", again).Outcome, licensing.Invited)
	})
}

func TestR86_ASoleAdminWhoLeftAndCameBackIsGivenBackBySupport(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		grace := licensing.DirectoryPerson{ObjectID: "o-grace", Email: "grace@contoso.example", Name: "Grace Hopper"}
		id := h.ID("grace")
		h.Hears(left(grace))
		equal(t, "orphaned", len(h.Hears(grace).Orphaned), 0)
		h.Denied(id, a2, licensing.ManageAssignments, "R86")
		h.Denied(id, b1, licensing.ManageAssignments, "R86")
		_, err := s.atTime(h.Now).Recheck(t.Context(), h.Command("grace", id))
		wantRefusal(t, err, licensing.NotFound, "R43")
		seat := licensing.Appointment{ID: newRequest(), Org: h.Org, License: a2, Reason: "case 4711",
			Person: licensing.PersonChange{SignIn: grace.Email}}
		out := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Appoint(t.Context(), seat))
		equal(t, "outcome", out.People[0].Verdicts[0].Outcome, licensing.Assigned)
		h.ActivatesChange(id, a2)
		equal(t, "administers A2", h.May(id, a2, licensing.ManageAssignments).Allowed, true)
		h.Denied(id, b1, licensing.ManageAssignments, "R86")
	})
}

func TestR86_R88_TheOptInIsGivenBackByTheContactHimselfOnceRechecked(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		h.Replaces(licensing.Contact{Kind: licensing.PrimaryContact, SignIn: leo.Email, Business: leo.Email,
			Name: "Leo"}, m1)
		h.ActivatesChange(id, m1)
		h.Prefers(id, m1, true)
		equal(t, "inherits", h.May(id, b1, licensing.ManageAssignments).Allowed, true)
		h.Hears(left(leo))
		h.Hears(leo)
		equal(t, "inherits no more", h.May(id, b1, licensing.ManageAssignments).Allowed, false)
		opt := func() error {
			_, err := s.atTime(h.Now).SetPreference(t.Context(), licensing.PreferenceChange{Request: newRequest(),
				Org: h.Org, User: id, License: m1, Inherit: true})
			return err
		}
		wantRefusal(t, opt(), licensing.Forbidden, "R90")
		must[licensing.Rechecked](t)(s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", id)))
		equal(t, "administers M1", h.May(id, m1, licensing.ManageAssignments).Allowed, true)
		inherits := h.Count(`SELECT COUNT(*) FROM preferences WHERE user_id = ? AND inherit`, id)
		equal(t, "doesn't inherit by the re-check alone", inherits, 0)
		if err := opt(); err != nil {
			t.Fatal(err)
		}
		equal(t, "inherits", h.May(id, b1, licensing.ManageAssignments).Allowed, true)
	})
}
