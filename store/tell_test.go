package store

import (
	"strconv"
	"testing"
	"time"

	"vlroles/licensing"
)

// told is the number that a user has, and the one that a downstream system has taken.
func (h *house) told(u licensing.UserID) (version, told int64) {
	h.Helper()
	h.Get(&version, `SELECT version FROM users WHERE id = ?`, u)
	h.Get(&told, `SELECT told_version FROM users WHERE id = ?`, u)
	return version, told
}

// tells tells a downstream system that takes it.
func (h *house) tells(u licensing.UserID, upTo time.Time) licensing.Effective {
	h.Helper()
	e := must[licensing.Effective](h.TB)(h.atTime(h.Now).Tell(h.Context(), u, upTo))
	if err := h.atTime(h.Now).Told(h.Context(), e); err != nil {
		h.Fatal(err)
	}
	return e
}

func TestL08_EachTellingHasAHigherNumberAndWhatWasTakenIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		first := h.tells(kim, h.Now)
		version, told := h.told(kim)
		equal(t, "told", told, version)
		same(t, "grants", first.Grants,
			[]licensing.EffectiveGrant{{License: a1, Role: licensing.BenefitsReader}})
		second := must[licensing.Effective](t)(h.atTime(h.Now).Tell(t.Context(), kim, h.Now))
		if second.Version <= first.Version {
			t.Errorf("the second telling has %d after %d", second.Version, first.Version)
		}
		if _, told := h.told(kim); told != first.Version {
			t.Errorf("a telling that nobody took counts as told: %d", told)
		}
		h.Change("ada", edit(kim, take(a1, licensing.BenefitsReader)))
		last := h.tells(kim, h.Now)
		equal(t, "grants", len(last.Grants), 0)
		if err := s.Told(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		if _, told := h.told(kim); told != last.Version {
			t.Errorf("a late answer took %d back to %d", last.Version, told)
		}
	})
}

func TestL08_WhatBecomesEffectiveAsItWasToldNeedsNoFurtherTelling(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		roles := []licensing.Role{licensing.ProductKeysReader, licensing.OnlineServicesManager}
		for n, before := range []time.Duration{0, -time.Hour} { // told with it, and before it was due
			name := before.String()
			v := h.Change("ada", edit(kim, add(a1, roles[n]))).People[0].Verdicts[0]
			change := licensing.ChangeID(h.ChangeOf(kim, a1))
			h.Now = v.DueAt.Add(before)
			e := h.tells(kim, h.Now)
			equal(t, name+": roles told", len(e.Grants), 2)
			h.Now = v.DueAt
			equal(t, name, must[int](t)(h.atTime(h.Now).Activate(t.Context(), kim, change, v.DueAt)), 1)
			version, told := h.told(kim)
			equal(t, name+": is known downstream", told == version, before == 0)
			if version <= e.Version {
				t.Errorf("%s: %d after %d", name, version, e.Version)
			}
		}
	})
}

func TestL08_WhatFailsAfterItWasToldIsNotKnownDownstream(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		v := h.Change("ada", edit(kim, add(a1, licensing.ProductKeysReader))).People[0].Verdicts[0]
		h.Now = v.DueAt
		equal(t, "told", len(h.tells(kim, h.Now).Grants), 2)
		change := licensing.ChangeID(h.ChangeOf(kim, a1))
		if err := h.atTime(h.Now).Fail(t.Context(), kim, change, v.DueAt, "quota"); err != nil {
			t.Fatal(err)
		}
		if version, told := h.told(kim); told >= version {
			t.Errorf("number %d, told %d", version, told)
		}
		equal(t, "grants afterwards", len(h.tells(kim, h.Now).Grants), 1)
	})
}

func TestL08_RowsFromAnOlderCopySurpassWhatTheOtherSideHas(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		for _, tc := range []struct {
			there int64
			lower bool
		}{{1000, true}, {1000, false}, {999, false}} {
			lower, err := s.Surpass(t.Context(), kim, tc.there)
			if err != nil || lower != tc.lower {
				t.Errorf("%d: lower %v, %v", tc.there, lower, err)
			}
		}
		equal(t, "the next telling", h.tells(kim, h.Now).Version, 1001)
	})
}

func TestL08_NobodyHasANumberBeforeRegistering(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		version, _ := h.told(h.Invite("ada", "kim", add(a1, licensing.BenefitsReader)))
		equal(t, "number", version, 0)
	})
}

func TestL08_ActivateMakesManyEffectiveAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		in := licensing.Intake{Name: "Contoso"}
		var access []licensing.AccessChange
		for n := range 60 {
			l := licensing.LicenseID("Z" + strconv.Itoa(n))
			in.Agreements = append(in.Agreements, licensing.ContractAgreement{License: l, Program: "MPSA",
				ProcessedAt: start.Add(-30 * day), Administrators: []licensing.ContractAdministrator{
					{SignIn: "ada@contoso.example", Name: "Ada", Registered: start.Add(-day)}}})
			access = append(access, add(l, licensing.BenefitsReader))
		}
		h.TakeIn(in)
		kim := h.Member("ada", "kim", access...)
		e := must[licensing.Effective](t)(s.Effective(t.Context(), kim, h.Now))
		equal(t, "effective", len(e.Grants), len(access))
	})
}

func TestL08_EveryChangeOfWhatIsInheritedHasAHigherNumber(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement(m1, "", contact(licensing.PrimaryContact, "pia")))
		pia := h.ID("pia@fabrikam.example")
		h.Activates(h.Registers(pia, "pia@fabrikam.example"))
		for _, step := range []struct {
			name string
			do   func()
			has  int // grants then
		}{
			{"opting in", func() { h.Prefers(pia, m1, true) }, 2},
			{"an agreement that is moved below", func() { h.Puts(agreement(a1, m1)) }, 3},
			{"one that is new there", func() {
				h.Puts(agreement("N1", m1, contact(licensing.NoticesContact, "rob")))
			}, 4},
			{"one that is moved away", func() { h.Puts(agreement(a1, "")) }, 3},
			{"opting out", func() { h.Prefers(pia, m1, false) }, 1},
			{"opting in again", func() { h.Prefers(pia, m1, true) }, 3},
			{"another contact", func() { h.Replaces(contact(licensing.PrimaryContact, "quin"), m1) }, 1},
		} {
			before, _ := h.told(pia)
			step.do()
			e := must[licensing.Effective](t)(s.Effective(t.Context(), pia, h.Now))
			equal(t, step.name+": grants", len(e.Grants), step.has)
			if after, _ := h.told(pia); after <= before {
				t.Errorf("%s: %d after %d", step.name, after, before)
			}
		}
	})
}

func TestL08_WhatWasNotTakenIsNotKnownWhenRolesBecomeEffective(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		v := h.Change("ada", edit(kim, add(a1, licensing.ProductKeysReader))).People[0].Verdicts[0]
		change := licensing.ChangeID(h.ChangeOf(kim, a1))
		h.Now = v.DueAt
		h.tells(kim, h.Now)
		must[licensing.Effective](t)(h.atTime(h.Now).Tell(t.Context(), kim, h.Now)) // and no answer
		equal(t, "activated", must[int](t)(h.atTime(h.Now).Activate(t.Context(), kim, change, v.DueAt)), 1)
		if version, told := h.told(kim); told >= version {
			t.Errorf("number %d, told %d", version, told)
		}
	})
}
