package views_test

import (
	"slices"
	"testing"

	"vlroles/licensing"
)

// heirs is a house in which heir and note are contacts of P1 and low administers P2 below it. Heir has no
// role and inherits Administrator.
func heirs(h *house) (heir, low licensing.UserID) {
	h.Helper()
	h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "note"),
		contact(licensing.OnlineAdministratorContact, "heir")))
	h.Puts(agreement("P2", "P1", contact(licensing.PrimaryContact, "low")))
	h.Joins("note")
	low = h.Joins("low")
	heir = h.Member("note@fabrikam.example", "heir", add("P1", licensing.BenefitsReader))
	h.Change("note@fabrikam.example", edit(heir, take("P1", licensing.BenefitsReader)))
	h.Prefers(heir, "P1", true)
	return heir, low
}

func TestR87_WhoInheritsAdministratorStandsInTheListAndInViewAccessBelow(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		heir, _ := heirs(h)
		const low = "low@fabrikam.example"
		same(t, "the list below", h.Names(low, licensing.UserFilter{}), "[heir low]")
		for _, limit := range []int{1, 2} {
			same(t, "by pages", h.Names(low, licensing.UserFilter{Limit: limit}), "[heir low]")
		}
		for _, f := range []licensing.UserFilter{
			{License: "P2", Query: "heir"}, {Role: licensing.Administrator, Query: "heir"}, {Query: "heir"},
			{Role: licensing.Administrator, License: "P2", Status: licensing.StatusActive, Query: "heir"},
			{Status: licensing.StatusActive, License: "P2", Query: "h"},
		} {
			same(t, "found", h.Names(low, f), "[heir]")
		}
		admins := licensing.UserFilter{Role: licensing.Administrator}
		same(t, "all admins", h.Names(low, admins), "[heir low]")
		same(t, "all who are active", h.Names(low, licensing.UserFilter{Status: licensing.StatusActive}),
			"[heir low]")
		for _, f := range []licensing.UserFilter{
			{Role: licensing.BenefitsReader}, {Status: licensing.StatusFailed}, {Query: "no"}, {License: m1},
		} {
			if slices.Contains(h.Names(low, f), "heir") {
				t.Errorf("%+v finds the heir", f)
			}
		}
		found := must[licensing.UserID](t)(h.FindUser(t.Context(), h.Org, h.ID(low), "heir@fabrikam.example"))
		equal(t, "found by the address", found, heir)
		row := h.Row(low, heir)
		same(t, "line", []any{row.Status, row.Roles, row.Licenses},
			[]any{licensing.StatusActive, "[administrator]", 1})
		v := h.View(low, heir)
		same(t, "View access", []any{len(v.Access), v.Access[0].License, v.Access[0].Above, v.Access[0].Grants,
			v.Hidden}, []any{1, "P2", "P1", "[{administrator inherited true false }]", 0})
		refused := h.Verdict(low, edit(heir, take("P2", licensing.Administrator)))
		equal(t, "read-only", refused.Error.Rule, "R87")
		h.Change(low, edit(heir, add("P2", licensing.ProductKeysReader)))
		v = h.View(low, heir)
		same(t, "a role beside it", []any{v.Access[0].Grants, v.Access[0].Status, v.Access[0].Above},
			[]any{"[{product_keys_reader admin false false } {administrator inherited true false }]",
				licensing.StatusAssignmentInProgress, "P1"})
		h.Prefers(heir, "P1", false)
		same(t, "after opting out", h.View(low, heir).Roles, "[product_keys_reader]")
	})
}

func TestR41_R87_WhoIsOnlyInheritedSeesNobodyBelowAndNoHeirs(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		heir, low := heirs(h)
		equal(t, "the heir's own list", len(h.everybody(heir)), 0)
		same(t, "an admin of the parent", h.Names("note@fabrikam.example", licensing.UserFilter{}), "[note]")
		waits := h.Invite("low@fabrikam.example", "waits", add("P2", licensing.Administrator))
		equal(t, "who has not registered", len(h.everybody(waits)), 0)
		r := h.Registers(waits, "waits@fabrikam.example")
		_, err := h.User(t.Context(), h.Org, waits, heir)
		wantRefusal(t, err, licensing.NotFound, "R43") // in progress
		h.Activates(r)
		must[licensing.UserView](t)(h.User(t.Context(), h.Org, waits, heir))
		same(t, "an admin elsewhere", h.Names("grace", licensing.UserFilter{Query: "heir"}), "[]")
		for _, caller := range []licensing.UserID{heir, h.ID("grace"), h.ID("note@fabrikam.example")} {
			_, err := h.User(t.Context(), h.Org, caller, heir)
			wantRefusal(t, err, licensing.NotFound, "R43")
			_, err = h.User(t.Context(), h.Org, caller, low)
			wantRefusal(t, err, licensing.NotFound, "R43")
		}
	})
}

func TestR43_R87_InheritedLicenseIDsOfOthersAreCountedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		heir, _ := heirs(h)
		h.Puts(agreement("P3", "P1", contact(licensing.PrimaryContact, "other")))
		h.Joins("other")
		h.Change("other@fabrikam.example", edit(heir, add("P3", licensing.BenefitsReader)))
		h.Change("grace", edit(heir, add(a2, licensing.BenefitsReader)))
		equal(t, "hidden: P3 and A2", h.View("low@fabrikam.example", heir).Hidden, 2)
	})
}
