package store

import (
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
)

func TestR03_R25_R28_AContractsAdministratorsAreInvitedInItsNameAndMayForward(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		in := licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{{
			License: "C1", Program: "MPSA", ProcessedAt: start,
			Administrators: []licensing.ContractAdministrator{
				{SignIn: "pat@fabrikam.example", Business: "pat.office@fabrikam.example", Name: "Pat"},
			},
		}}}
		out := h.TakeIn(in)
		pat := out.People[0].User
		same(t, "verdict", []any{out.People[0].Verdicts[0].Outcome, out.Work}, []any{licensing.Invited, 1})
		equal(t, "origin and binding", h.Count(`
			SELECT COUNT(*) FROM grants g JOIN invitations i ON i.user_id = g.user_id
			WHERE g.user_id = ? AND g.origin = 'contract' AND g.contract_email = 'pat.office@fabrikam.example'
			AND i.invited_by IS NULL`, pat), 1)
		rows := h.census()
		again := h.TakeIn(in)
		same(t, "R27: the second time", []any{again.People[0].Verdicts[0].Outcome, again.Work},
			[]any{licensing.Unchanged, 0})
		equal(t, "rows", h.census(), rows)
	})
}

func TestR25_AProfileThatExistsElsewhereIsTakenOverWithItsRolesEffective(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		equal(t, "roles", h.Held(h.ID("ada"), a1), "administrator")
		equal(t, "invitations", h.Count(`SELECT COUNT(*) FROM invitations`), 0)
		equal(t, "may", h.May(h.ID("ada"), a1, licensing.ManageAssignments).Allowed, true)
	})
}

func TestAnIntakeThatIsRefusedWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		other := emptyHouse(t, s)
		other.TakeIn(licensing.Intake{Name: "Fabrikam", Domains: []string{"fabrikam.example"},
			Agreements: []licensing.ContractAgreement{{License: "F1", Program: "MPSA", ProcessedAt: start}}})
		agreement := func(l, parent licensing.LicenseID) licensing.ContractAgreement {
			return licensing.ContractAgreement{License: l, Program: "MPSA", Parent: parent,
				ProcessedAt: start}
		}
		for _, c := range []struct {
			name, field, rule string
			kind              licensing.Kind
			in                licensing.Intake
		}{
			{"a domain of another organization", "domains[1]", "R63", licensing.Conflict,
				licensing.Intake{Domains: []string{"new.example", "fabrikam.example"}}},
			{"an unknown parent", "agreements[1].parent", "R41", licensing.Invalid, licensing.Intake{
				Agreements: []licensing.ContractAgreement{agreement("C1", ""), agreement("C2", "NONE")},
			}},
			{"a parent of another organization", "agreements[0].parent", "R41", licensing.Invalid,
				licensing.Intake{Agreements: []licensing.ContractAgreement{agreement("C1", "F1")}}},
			{"a cycle", "", "R41", licensing.Invalid, licensing.Intake{
				Agreements: []licensing.ContractAgreement{agreement("C1", ""), agreement(m1, b1)},
			}},
			{"a License ID of another organization", "agreements[1]", "R08", licensing.Conflict,
				licensing.Intake{
					Agreements: []licensing.ContractAgreement{agreement("C1", ""), agreement("F1", "")},
				}},
		} {
			t.Run(c.name, func(t *testing.T) {
				h.TB = t
				rows := h.census()
				agreements, people := h.Count(`SELECT COUNT(*) FROM agreements`),
					h.Count(`SELECT COUNT(*) FROM directory_people`)
				c.in.ID, c.in.Org, c.in.Name = newRequest(), h.Org, "Renamed"
				_, err := s.atTime(h.Now).Apply(t.Context(), c.in)
				wantRefusal(t, err, c.kind, c.rule)
				if e := err.Error(); c.field != "" && !strings.Contains(e, c.field) {
					t.Errorf("%q doesn't name %s", e, c.field)
				}
				equal(t, "rows", h.census(), rows)
				equal(t, "audited",
					h.Count(`SELECT COUNT(*) FROM audit
						WHERE outcome = 'refused' AND action = 'apply' AND request_id = ?`, c.in.ID), 1)
				same(t, "agreements, directory, domains, name", []any{
					h.Count(`SELECT COUNT(*) FROM agreements`),
					h.Count(`SELECT COUNT(*) FROM directory_people`),
					h.Count(`SELECT COUNT(*) FROM organization_domains WHERE domain = 'new.example'`),
					h.Count(`SELECT COUNT(*) FROM organizations WHERE name = 'Renamed'`),
				}, []any{agreements, people, 0, 0})
			})
		}
	})
}

func TestR61_ProcessingMovesWithTheAgreement(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.TakeIn(licensing.Intake{Name: "Contoso",
			Agreements: []licensing.ContractAgreement{{License: a1, Program: "MPSA", ProcessedAt: start}}})
		kim := h.Member("ada", "kim", add(m1, licensing.BenefitsReader))
		v := h.Verdict("ada", edit(kim, add(a1, licensing.BenefitsReader)))
		equal(t, "due", v.DueAt, start.Add(10*time.Hour))
	})
}

func TestR03_AnAdministratorWhoRegisteredElsewhereIsJudgedAsAnybodyElse(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		since := start.Add(-day)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader), add(m1, licensing.BenefitsReader))
		first := []licensing.ContractAdministrator{
			{SignIn: "kim@fabrikam.example", Name: "Kim", Registered: since},
		}
		one, two := agreement(a1, ""), agreement(m1, "")
		one.Administrators, two.Administrators = first, first
		out := h.TakeIn(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{one, two,
			{License: "C0", Program: "MPSA", ProcessedAt: start, Administrators: first}}})
		same(t, "roles", []string{h.Held(kim, a1), h.Held(kim, m1), h.Held(kim, "C0")},
			[]string{"administrator? benefits_reader", "administrator? benefits_reader", "administrator"})
		same(t, "one run, one mail", []any{out.Work,
			h.Count(`SELECT COUNT(*) FROM mails WHERE user_id = ? AND kind = 'changes'`, kim)}, []any{1, 1})

		h.Puts(agreement("C1", "", contact(licensing.BillToContact, "bill"),
			contact(licensing.PrimaryContact, "prim")))
		bill := h.Joins("bill")
		c1, c2 := agreement("C1", "", contact(licensing.BillToContact, "next")), agreement("C2", "")
		c2.Administrators = []licensing.ContractAdministrator{
			{SignIn: "bill@fabrikam.example", Name: "Bill", Registered: since},
		}
		h.TakeIn(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{c1, c2}})
		same(t, "Bill To moved (R18)", []string{h.Held(bill, "C1"), h.Held(bill, "C2")},
			[]string{"", "administrator"})
	})
}
