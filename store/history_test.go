package store

import (
	"testing"
	"time"

	"vlroles/licensing"
)

// past is who had which role on a License ID at a time, as one line each.
func (h *house) past(who string, l licensing.LicenseID, on time.Time) (out []string) {
	h.Helper()
	for _, r := range must[[]licensing.RoleOn](h.TB)(h.RolesOn(h.Context(), h.org, h.id(who), l, on)) {
		line := r.Name + " " + string(r.Role)
		if !r.Effective {
			line += "?"
		}
		if !r.InTenant {
			line += " left"
		}
		if r.Above != "" {
			line += " from " + string(r.Above)
		}
		out = append(out, line+" by "+string(r.Given.Action)+" "+r.Given.Rule+" "+r.Given.Name)
	}
	return out
}

func TestR43_WhoHadWhichRoleOnADayAndHowItCameToBeIsReadFromTheAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		at := func(days int) time.Time { return start.Add(time.Duration(days)*day + time.Hour) }
		on := func(days int, do func()) { h.now = start.Add(time.Duration(days) * day); do() }
		var kim licensing.UserID
		on(1, func() { kim = h.invite("ada", "kim", add(m1, licensing.BenefitsReader, licensing.ProductKeysReader)) })
		on(2, func() {
			r := h.register(kim, "kim@fabrikam.example")
			must[int](t)(s.atTime(h.now).Activate(t.Context(), kim, r.Propagation.Change, r.Propagation.Dues[0]))
		})
		on(3, func() { h.save("ada", edit(kim, take(m1, licensing.BenefitsReader))) })
		on(4, func() {
			h.put(agreement(m1, "", licensing.Contact{Kind: licensing.PrimaryContact, Business: "ada@contoso.example", Name: "Ada"}, contact(licensing.OnlineAdministratorContact, "kim")))
			h.prefers(kim, m1, true)
		})
		on(5, func() {
			h.hears(licensing.DirectoryPerson{ObjectID: "o-grace", Email: "grace@contoso.example", Name: "Grace Hopper", Left: true})
			h.save("ada", edit(h.id("ada"), add(b1, licensing.Administrator)))
			h.activateChange(h.id("ada"), b1)
		})
		on(6, func() { h.replace(contact(licensing.OnlineAdministratorContact, "next"), m1) })
		on(7, func() { h.delete("ada", kim) })

		const ada = "Ada Lovelace administrator by contract "
		for days, want := range [][]string{
			{ada + "R62 "},
			{ada + "R62 ", "kim benefits_reader? by save R73 Ada Lovelace", "kim product_keys_reader? by save R73 Ada Lovelace"},
			{ada + "R62 ", "kim benefits_reader by save R73 Ada Lovelace", "kim product_keys_reader by save R73 Ada Lovelace"},
			{ada + "R62 ", "kim product_keys_reader by save R73 Ada Lovelace"},
			{ada + "R62 ", "kim product_keys_reader by save R73 Ada Lovelace"},
			{ada + "R62 ", "kim product_keys_reader by save R73 Ada Lovelace"},
			{ada + "R62 ", "kim product_keys_reader by save R73 Ada Lovelace"},
			{ada + "R62 "},
		} {
			same(t, "M1 on day "+itoa(days), h.past("ada", m1, at(days)), want)
		}
		same(t, "B1 on day 4: inherited", h.past("ada", b1, at(4)), []string{"Grace Hopper administrator by contract R62 ", "kim administrator from M1 by preference R88 kim"})
		same(t, "B1 on day 5: who left, who made herself admin", h.past("ada", b1, at(5)), []string{
			"Ada Lovelace administrator by save R42 Ada Lovelace", "Grace Hopper administrator left by contract R62 ", "kim administrator from M1 by preference R88 kim"})
		same(t, "B1 on day 6: the contact was replaced (R90)", h.past("ada", b1, at(6)), []string{
			"Ada Lovelace administrator by save R42 Ada Lovelace", "Grace Hopper administrator left by contract R62 "})
		for name, who := range map[string]licensing.UserID{"a user": kim, "who left": h.id("grace"), "nobody": licensing.UserID(newRequest())} {
			_, err := s.RolesOn(t.Context(), h.org, who, b1, at(6))
			if licensing.KindOf(err) != licensing.Forbidden {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
