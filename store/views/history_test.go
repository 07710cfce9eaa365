package views_test

import (
	"strconv"
	"testing"
	"time"

	"vlroles/licensing"
)

func TestR43_WhoHadWhichRoleOnADayAndHowItCameToBeIsReadFromTheAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		at := func(days int) time.Time { return start.Add(time.Duration(days)*day + time.Hour) }
		on := func(days int, do func()) { h.Now = start.Add(time.Duration(days) * day); do() }
		var kim licensing.UserID
		on(1, func() {
			kim = h.Invite("ada", "kim", add(m1, licensing.BenefitsReader, licensing.ProductKeysReader))
		})
		on(2, func() {
			r := h.Registers(kim, "kim@fabrikam.example")
			must[int](t)(h.at(h.Now).Activate(t.Context(), kim, r.Propagation.Change, r.Propagation.Dues[0]))
		})
		on(3, func() { h.Change("ada", edit(kim, take(m1, licensing.BenefitsReader))) })
		on(4, func() {
			ada := contact(licensing.PrimaryContact, "Ada")
			ada.Business = "ada@contoso.example"
			h.Puts(agreement(m1, "", ada, contact(licensing.OnlineAdministratorContact, "kim")))
			h.Prefers(kim, m1, true)
		})
		on(5, func() {
			h.Hears(left(licensing.DirectoryPerson{
				ObjectID: "o-grace", Email: "grace@contoso.example", Name: "Grace Hopper",
			}))
			h.Change("ada", edit(h.ID("ada"), add(b1, licensing.Administrator)))
			h.ActivatesChange(h.ID("ada"), b1)
		})
		on(6, func() { h.Replaces(contact(licensing.OnlineAdministratorContact, "next"), m1) })
		on(7, func() { h.Deletes("ada", kim) })

		const (
			ada     = "Ada Lovelace administrator by contract R62 "
			adaSelf = "Ada Lovelace administrator by save R42 Ada Lovelace"
			keys    = "kim product_keys_reader by save R73 Ada Lovelace"
			heir    = "kim administrator from M1 by preference R88 kim"
		)
		for days, want := range [][]string{
			{ada},
			{ada, "kim benefits_reader? by save R73 Ada Lovelace",
				"kim product_keys_reader? by save R73 Ada Lovelace"},
			{ada, "kim benefits_reader by save R73 Ada Lovelace", keys},
			{ada, keys},
			{ada, keys},
			{ada, keys},
			{ada, keys},
			{ada},
		} {
			same(t, "M1 on day "+strconv.Itoa(days), h.Past("ada", m1, at(days)), want)
		}
		same(t, "B1 on day 4: inherited", h.Past("ada", b1, at(4)),
			[]string{"Grace Hopper administrator by contract R62 ", heir})
		same(t, "B1 on day 5: who left, who made herself admin", h.Past("ada", b1, at(5)),
			[]string{adaSelf, "Grace Hopper administrator left by contract R62 ", heir})
		same(t, "B1 on day 6: the contact was replaced (R90)", h.Past("ada", b1, at(6)),
			[]string{adaSelf, "Grace Hopper administrator left by contract R62 "})
		for name, who := range map[string]licensing.UserID{
			"a user": kim, "who left": h.ID("grace"), "nobody": licensing.UserID(request()),
		} {
			_, err := h.RolesOn(t.Context(), h.Org, who, b1, at(6))
			if licensing.KindOf(err) != licensing.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
