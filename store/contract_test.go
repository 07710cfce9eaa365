package store

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

func TestR18_R25_R26_R28_PrimaryAndNoticesContactsBecomeAdministratorsAndBillToInvoiceReader(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		out := h.Puts(agreement("C1", "", contact(licensing.BillToContact, "bill"),
			contact(licensing.PrimaryContact, "prim"),
			contact(licensing.NoticesContact, "note"), contact(licensing.OnlineAdministratorContact, "onad")))
		equal(t, "work", out.Work, 3)
		for name, want := range map[string]string{
			"prim": "administrator?", "note": "administrator?", "bill": "invoice_reader?", "onad": "",
		} {
			equal(t, name, h.Held(h.ID(name+"@fabrikam.example"), "C1"), want)
		}
		equal(t, "mails with a link that moves what the contract gave",
			h.Count(`SELECT COUNT(*) FROM mails WHERE kind = 'welcome' AND address IS NOT NULL`), 3)
		equal(t, "origin",
			h.Count(`SELECT COUNT(*) FROM grants WHERE license_id = 'C1' AND origin = 'bill_to'`), 1)
		prim := h.Joins("prim")
		// R26: not on the contract
		other := h.Change("prim@fabrikam.example", ext("other", add("C1", licensing.Administrator))).People[0]
		equal(t, "R26", other.Verdicts[0].Outcome, licensing.Invited)
		bill := h.Joins("bill")
		h.refusesChange("prim@fabrikam.example", edit(bill, take("C1", licensing.InvoiceReader)),
			licensing.Conflict, "R18")
		rows := h.census()
		again := h.Puts(agreement("C1", "", contact(licensing.BillToContact, "bill"),
			contact(licensing.PrimaryContact, "prim")))
		same(t, "again", []any{again.Contacts[0].Outcome, again.Contacts[1].Outcome, again.Work},
			[]any{licensing.ContactUnchanged, licensing.ContactUnchanged, 0})
		equal(t, "rows", h.census(), rows)
		equal(t, "may", h.May(prim, "C1", licensing.ManageAssignments).Allowed, true)
	})
}

func TestR27_AContactWhoHasRegisteredWithTheBusinessEmailGetsNoSecondWelcomeMail(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		pat := h.Joins("pat")
		out := h.Puts(agreement("C2", "", contact(licensing.NoticesContact, "pat")))
		same(t, "verdict", []any{out.People[0].User, out.People[0].Verdicts[0].Outcome},
			[]any{pat, licensing.Assigned})
		equal(t, "welcome mails",
			h.Count(`SELECT COUNT(*) FROM mails WHERE kind = 'welcome' AND user_id = ?`, pat), 1)
		equal(t, "mails about changes",
			h.Count(`SELECT COUNT(*) FROM mails WHERE kind = 'changes' AND user_id = ?`, pat), 1)
	})
}

func TestR28_WhoAcceptsAForwardedInvitationIsTheAdminInsteadAlsoOfLaterLicenseIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		pat := h.ID("pat@fabrikam.example")
		i := h.Invitation(pat).Run.Invitation
		out := must[licensing.Registered](t)(h.accept(i, 1,
			licensing.Identity{Email: "amy@fabrikam.example", Name: "Amy"}))
		h.Activates(out)
		amy := h.ID("amy@fabrikam.example")
		same(t, "roles of the addressee, of the acceptor", []string{h.Held(pat, "C1"), h.Held(amy, "C1")},
			[]string{"", "administrator"})
		job := h.Claims(out.Notice).Job
		same(t, "the addressee is told", []any{job.Kind, job.To, job.Access[0].License},
			[]any{licensing.MailForwarded, "pat@fabrikam.example", "C1"})
		const both = `SELECT COUNT(*) FROM audit
			WHERE action = 'register.forwarded' AND user_id = ? AND detail LIKE ?`
		equal(t, "the audit says from whom", h.Count(both, amy, "%"+string(pat)+"%"), 1)
		equal(t, "the audit says to whom", h.Count(both, pat, "%"+string(amy)+"%"), 1)
		later := h.Puts(agreement("C2", "", contact(licensing.PrimaryContact, "pat")))
		same(t, "later (R27)", []any{later.People[0].User, later.Contacts[0].User, h.Held(amy, "C2")},
			[]any{amy, pat, "administrator?"})
	})
}

func TestR28_AnAcceptorWhoHasAProfileGetsTheGrantsBesideTheOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		amy := h.Member("ada", "amy", add(a1, licensing.BenefitsReader))
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		i := h.Invitation(h.ID("pat@fabrikam.example")).Run.Invitation
		out := must[licensing.Registered](t)(h.accept(i, 1,
			licensing.Identity{Email: "amy@fabrikam.example"}))
		same(t, "user and License IDs", []any{out.User, len(out.Access), h.Held(amy, a1), h.Held(amy, "C1")},
			[]any{amy, 1, "benefits_reader", "administrator?"})
	})
}

func TestR19_AtIntakeAdministratorWinsAndTheBillToGrantIsSkippedAndAudited(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat"),
			contact(licensing.BillToContact, "pat")))
		pat := h.Joins("pat")
		equal(t, "one person, two contacts", h.Held(pat, "C1"), "administrator")
		out := h.Puts(agreement("C2", "", contact(licensing.PrimaryContact, "quin"),
			contact(licensing.BillToContact, "ivy")))
		equal(t, "work", out.Work, 2)
		ivy := h.Joins("ivy")
		h.Joins("quin")
		equal(t, "Invoice Reader", h.Held(ivy, "C2"), "invoice_reader")
		h.Replaces(contact(licensing.NoticesContact, "ivy"), "C2")
		equal(t, "who becomes Notices Contact", h.Held(ivy, "C2"), "administrator?")
		h.Replaces(contact(licensing.BillToContact, "pat"), "C1") // unchanged, still skipped
		equal(t, "refusals by R19 in the audit",
			h.Count(`SELECT COUNT(*) FROM audit
				WHERE outcome = 'refused' AND rule = 'R19' AND license_id = 'C1'`), 1)
		h.Puts(agreement("C3", "", contact(licensing.PrimaryContact, "pat")))
		h.ActivatesChange(pat, "C3")
		refused := h.Replaces(contact(licensing.BillToContact, "pat"), "C3").People[0].Verdicts[0]
		same(t, "an admin who becomes Bill To", []any{refused.Outcome, refused.Error.Rule, h.Held(pat, "C3")},
			[]any{licensing.Refused, "R19", "administrator"})
	})
}

func TestR18_R34_R90_WhoIsReplacedKeepsAdministratorLosesInvoiceReaderAndInheritsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "prim"),
			contact(licensing.BillToContact, "bill")))
		h.Puts(agreement("P2", "P1", contact(licensing.PrimaryContact, "low")))
		prim, bill := h.Joins("prim"), h.Joins("bill")
		h.Prefers(prim, "P1", true)
		equal(t, "inherits", h.May(prim, "P2", licensing.ViewOrders).Rule, "R88")
		h.Replaces(contact(licensing.PrimaryContact, "next"), "P1")
		equal(t, "the former primary contact", h.Held(prim, "P1"), "administrator")
		equal(t, "the next one", h.Held(h.ID("next@fabrikam.example"), "P1"), "administrator?")
		h.Denied(prim, "P2", licensing.ViewOrders, "R02")
		equal(t, "flagged", h.View("prim@fabrikam.example", prim).Access[0].FormerContact, true)
		h.Replaces(contact(licensing.PrimaryContact, "prim"), "P1")
		same(t, "named again", h.View("prim@fabrikam.example", prim).Access[0].Contact,
			[]licensing.ContactKind{licensing.PrimaryContact})
		h.Denied(prim, "P2", licensing.ViewOrders, "R02") // named again: opts in again

		out := h.Replaces(contact(licensing.BillToContact, "payer"), "P1")
		same(t, "Bill To of before, now",
			[]any{h.Held(bill, "P1"), h.Held(h.ID("payer@fabrikam.example"), "P1"), out.Contacts[0].Former},
			[]any{"", "invoice_reader?", bill})
		h.Denied(bill, "P1", licensing.ListInvoices, "R02")
		equal(t, "he is told (R70)",
			h.Count(`SELECT COUNT(*) FROM mails WHERE user_id = ? AND kind = 'changes'`, bill), 1)
		equal(t, "flagged",
			h.Count(`SELECT COUNT(*) FROM contacts WHERE license_id = 'P1' AND until IS NOT NULL`), 3)
	})
}

func TestR34_R37_AContactInformationRequestChangesAllActiveLicenseIDsThatListThePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		for _, l := range []licensing.LicenseID{"C1", "C2", "C3"} {
			h.Puts(agreement(l, "", contact(licensing.NoticesContact, "old")))
		}
		inactive := agreement("C3", "")
		inactive.Inactive = true
		h.Puts(inactive)
		h.Joins("old")
		out, err := s.atTime(h.Now).ChangeContact(t.Context(), licensing.ContactChange{ID: newRequest(),
			Org: h.Org, Contact: contact(licensing.NoticesContact, "new"), From: "OLD@fabrikam.example"})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range out.Contacts {
			got = append(got, string(c.License)+" "+string(c.Outcome)+" "+c.Rule)
		}
		same(t, "contacts", got, []string{"C1 named R34", "C2 named R34", "C3 skipped R37"})
		equal(t, "one invitation carries both", out.Work, 1)
		// R37, R38: still editable
		other := h.Change("old@fabrikam.example", ext("kim", add("C3", licensing.BenefitsReader))).People[0]
		equal(t, "assignments on an inactive agreement", other.Verdicts[0].Outcome, licensing.Invited)
		_, err = s.atTime(h.Now).ChangeContact(t.Context(), licensing.ContactChange{ID: newRequest(),
			Org: h.Org, Contact: contact(licensing.NoticesContact, "new"), From: "nobody@fabrikam.example"})
		wantRefusal(t, err, licensing.NotFound, "R34")
		_, err = s.atTime(h.Now).ChangeContact(t.Context(),
			licensing.ContactChange{ID: newRequest(), Org: h.Org,
				Contact:  contact(licensing.NoticesContact, "new"),
				Licenses: []licensing.LicenseID{"C1", "NONE"}})
		wantRefusal(t, err, licensing.NotFound, "R08")
	})
}

func TestR38_AnAdminsRoleThatAnotherAdminTookAwayIsNotGivenBackByTheSameContract(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		c1 := agreement("C1", "", contact(licensing.PrimaryContact, "prim"),
			contact(licensing.NoticesContact, "note"))
		h.Puts(c1)
		h.Joins("prim")
		note := h.Joins("note")
		equal(t, "taken away", h.Verdict("prim@fabrikam.example",
			edit(note, take("C1", licensing.Administrator))).Outcome, licensing.Changed)
		h.Puts(c1)
		equal(t, "roles", h.Held(note, "C1"), "")
	})
}

func TestAnAgreementThatIsRefusedWritesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		other := emptyHouse(t, s)
		other.TakeIn(licensing.Intake{Name: "Fabrikam",
			Agreements: []licensing.ContractAgreement{agreement("F1", "")}})
		pat := contact(licensing.PrimaryContact, "pat")
		broken := pat
		broken.Business = "no address"
		for _, c := range []struct {
			name      string
			agreement licensing.ContractAgreement
			kind      licensing.Kind
			rule      string
		}{
			{"nobody who becomes its administrator (R25)",
				agreement("C1", "", contact(licensing.BillToContact, "bill")), licensing.Invalid, "R25"},
			{"an unknown parent", agreement("C1", "NONE", pat), licensing.Invalid, "R41"},
			{"a parent of another organization", agreement("C1", "F1", pat), licensing.Invalid, "R41"},
			{"its own parent", agreement("C1", "C1", pat), licensing.Invalid, "R41"},
			{"a circle", agreement(m1, b1, pat), licensing.Invalid, "R41"},
			{"an agreement of another organization", agreement("F1", "", pat), licensing.Conflict, "R08"},
			{"no program", licensing.ContractAgreement{License: "C1", ProcessedAt: start,
				Contacts: []licensing.Contact{pat}}, licensing.Invalid, ""},
			{"no time of processing", licensing.ContractAgreement{License: "C1", Program: "MPSA",
				Contacts: []licensing.Contact{pat}}, licensing.Invalid, "R61"},
			{"a contact without an address", agreement("C1", "", broken), licensing.Invalid, "R66"},
			{"two primary contacts", agreement("C1", "", pat, contact(licensing.PrimaryContact, "pam")),
				licensing.Invalid, "R34"},
		} {
			t.Run(c.name, func(t *testing.T) {
				h.TB = t
				rows, agreements := h.census(), h.Count(`SELECT COUNT(*) FROM agreements`)
				_, err := s.atTime(h.Now).PutAgreement(t.Context(),
					licensing.AgreementPut{ID: newRequest(), Org: h.Org, Agreement: c.agreement})
				wantRefusal(t, err, c.kind, c.rule)
				same(t, "rows", []any{h.census(), h.Count(`SELECT COUNT(*) FROM agreements`)},
					[]any{rows, agreements})
			})
		}
	})
}

func TestR41_FourRequestsAtOnceNeverCloseACircleOfParents(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ring := []licensing.LicenseID{"W", "X", "Y", "Z"}
		for range rounds / 5 {
			for _, l := range ring {
				h.Puts(agreement(l, "", contact(licensing.PrimaryContact, "pat")))
			}
			var calls []func()
			for n, l := range ring {
				calls = append(calls, func() {
					_, _ = s.atTime(h.Now).PutAgreement(t.Context(), licensing.AgreementPut{ID: newRequest(),
						Org: h.Org, Agreement: agreement(l, ring[(n+1)%4])})
				})
			}
			atOnce(calls...)
			equal(t, "with a parent",
				h.Count(`SELECT COUNT(*) FROM agreements
					WHERE license_id IN ('W', 'X', 'Y', 'Z') AND parent IS NOT NULL`), 3)
		}
	})
}

func TestR88_R89_R91_OptingInGivesAdministratorOnEverythingBelowAndOptingOutEndsItAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "prim"),
			contact(licensing.OnlineAdministratorContact, "onad")))
		h.Puts(agreement("P2", "P1", contact(licensing.PrimaryContact, "mid")))
		h.Puts(agreement("P3", "P2", contact(licensing.PrimaryContact, "low")))
		prim := h.Joins("prim")
		h.Denied(prim, "P3", licensing.ViewOrders, "R02")
		equal(t, "R69, R91: assigns below without it", h.Verdict("prim@fabrikam.example",
			ext("kim", add("P3", licensing.BenefitsReader))).Outcome, licensing.Invited)

		out := h.Prefers(prim, "P1", true)
		same(t, "answer", []any{out.Inherit, out.Changed, out.Below, out.Work}, []any{true, true, 2, 1})
		equal(t, "again", h.Prefers(prim, "P1", true).Changed, false)
		for _, l := range []licensing.LicenseID{"P2", "P3"} {
			a := h.May(prim, l, licensing.ViewOrders)
			same(t, "on "+string(l), []any{a.Allowed, a.Rule, a.Origin, a.Above},
				[]any{true, "R88", licensing.Inherited, "P1"})
			equal(t, "invoices", h.May(prim, l, licensing.ListInvoices).Allowed, false)
		}
		h.Puts(agreement("P4", "P3", contact(licensing.PrimaryContact, "low")))
		equal(t, "a future one", h.May(prim, "P4", licensing.ViewOrders).Allowed, true)
		h.Puts(agreement("P3", ""))
		h.Denied(prim, "P4", licensing.ViewOrders, "R02") // moved to no parent
		h.Puts(agreement("P3", "P2"))
		equal(t, "told downstream",
			len(must[licensing.Effective](t)(s.Effective(t.Context(), prim, h.Now)).Grants), 4)
		same(t, "seen (R89)", must[[]licensing.Preference](t)(h.Preferences(t.Context(), h.Org, prim)),
			[]licensing.Preference{{License: "P1", Program: "MPSA", Inherit: true, Below: 3}})
		h.Prefers(prim, "P1", false)
		h.Denied(prim, "P2", licensing.ViewOrders, "R02")
	})
}

func TestR90_OnlyARegisteredContactWhoIsNamedThereMayOptIn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "prim"),
			contact(licensing.BillToContact, "bill")))
		bill := h.Joins("bill")
		waits := h.ID("prim@fabrikam.example")
		admin := h.Member("ada", "admin", add(m1, licensing.Administrator))
		for name, c := range map[string]struct {
			user licensing.UserID
			on   licensing.LicenseID
			kind licensing.Kind
			rule string
		}{
			"a Bill To contact":                       {bill, "P1", licensing.Forbidden, "R90"},
			"a contact who has not registered":        {waits, "P1", licensing.Forbidden, "R90"},
			"an admin whom the contract doesn't name": {admin, m1, licensing.Forbidden, "R90"},
			"nobody":                         {licensing.UserID(uuid.NewString()), "P1", licensing.NotFound, "R43"},
			"a License ID that there is not": {bill, "NONE", licensing.NotFound, "R43"},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := s.atTime(h.Now).SetPreference(t.Context(), licensing.PreferenceChange{
					Request: newRequest(), Org: h.Org, User: c.user, License: c.on, Inherit: true,
				})
				wantRefusal(t, err, c.kind, c.rule)
			})
		}
	})
}

func TestR87_R92_WhatIsInheritedIsNeitherRemovedBelowNorBesideInvoiceReader(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "prim")))
		h.Puts(agreement("P2", "P1", contact(licensing.PrimaryContact, "low")))
		h.Puts(agreement("P3", "P1", contact(licensing.PrimaryContact, "low")))
		prim := h.Joins("prim")
		h.Joins("low")
		h.Change("low@fabrikam.example", edit(prim, add("P3", licensing.InvoiceReader)))
		out := h.Prefers(prim, "P1", true)
		same(t, "without (R92)", out.Without, []licensing.LicenseID{"P3"})
		h.Denied(prim, "P3", licensing.ViewOrders, "R02")
		h.refusesChange("low@fabrikam.example", edit(prim, add("P2", licensing.InvoiceReader)),
			licensing.Conflict, "R92")
		v := h.refusesChange("low@fabrikam.example", edit(prim, take("P2", licensing.Administrator)),
			licensing.Conflict, "R87")
		if v.Error == nil || !slices.Contains([]string{v.Error.Message},
			"Administrator on License ID P2 is inherited from P1, so it can't be removed here") {
			t.Errorf("%+v", v.Error)
		}
		equal(t, "direct roles beside it", h.Verdict("low@fabrikam.example",
			edit(prim, add("P2", licensing.BenefitsReader))).Outcome, licensing.Assigned)
		billed := h.Replaces(contact(licensing.BillToContact, "prim"), "P2").People[0].Verdicts[0]
		same(t, "Bill To who inherits", []any{billed.Outcome, billed.Error.Rule},
			[]any{licensing.Refused, "R92"})
	})
}

func TestR42_AnInheritedAdminMakesHimselfAdminAndSeesTheUsersThen(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Invite("grace", "kim", add(b1, licensing.BenefitsReader))
		same(t, "R41: whom she sees", h.Names("ada", licensing.UserFilter{}), []string{"Ada Lovelace"})
		ada := h.ID("ada")
		equal(t, "herself", h.Verdict("ada", edit(ada, add(b1, licensing.Administrator))).Outcome,
			licensing.Assigned)
		h.ActivatesChange(ada, b1)
		same(t, "whom she sees then", h.Names("ada", licensing.UserFilter{}),
			[]string{"Ada Lovelace", "Grace Hopper", "kim"})
		equal(t, "audited as self-assignment",
			h.Count(`SELECT COUNT(*) FROM audit
				WHERE rule = 'R42' AND actor = ? AND user_id = ? AND license_id = 'B1'`, ada, ada), 1)
	})
}

func TestR76_WhereNobodyIsInvitedTheAssignmentMakesTheProfileAndTakesEverythingUp(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ea := agreement("E1", "",
			licensing.Contact{Kind: licensing.PrimaryContact, Business: "ada@contoso.example", Name: "Ada"})
		ea.NoInvitation = true
		h.Puts(ea)
		h.ActivatesChange(h.ID("ada"), "E1")
		v := h.Change("ada", ext("kim", add("E1", licensing.BenefitsReader))).People[0]
		same(t, "straight to in progress", []any{v.Verdicts[0].Outcome, v.Verdicts[0].DueAt},
			[]any{licensing.Assigned, h.Now.Add(2 * time.Hour)})
		same(t, "mails",
			[]int{h.Count(`SELECT COUNT(*) FROM mails WHERE user_id = ? AND kind = 'welcome'`, v.User),
				h.Count(`SELECT COUNT(*) FROM mails WHERE user_id = ? AND kind = 'changes'`, v.User)},
			[]int{0, 1})
		h.ActivatesChange(v.User, "E1")
		equal(t, "may", h.May(v.User, "E1", licensing.ManageBenefits).Allowed, true)

		lee := h.Invite("ada", "lee", add(a1, licensing.BenefitsReader))
		i := h.Invitation(lee).Run
		out := h.Change("ada", ext("lee", add("E1", licensing.BenefitsReader)))
		equal(t, "work: the assignment, and the invitation's end", out.Work, 2)
		equal(t, "what waited is in progress too (R23)", h.Row("ada", lee).Status,
			licensing.StatusAssignmentInProgress)
		_, err := h.accept(i.Invitation, 1, licensing.Identity{Email: "lee@fabrikam.example"})
		wantRefusal(t, err, licensing.Gone, "R29")
		h.ActivatesChange(lee, a1)
		same(t, "roles", []string{h.Held(lee, a1), h.Held(lee, "E1")},
			[]string{"benefits_reader", "benefits_reader"})

		refused := h.TryChange("ada",
			ext("max", licensing.AccessChange{License: "E1", Add: []licensing.Role{licensing.BenefitsReader}},
				add(a2, licensing.BenefitsReader))).People[0]
		same(t, "one refused", []any{refused.Verdicts[0].Outcome, refused.Verdicts[1].Outcome},
			[]any{licensing.Assigned, licensing.Refused})
	})
}

func TestR34_WhoeverClaimsAContactsAddressIsNotTheContact(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		mal := h.Member("ada", "mal", add(a1, licensing.BenefitsReader))
		h.Change("ada", licensing.PersonChange{User: mal, Business: "pat@fabrikam.example"})
		out := h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		same(t, "the same contract", []any{out.Contacts[0].Outcome, h.Held(mal, "C1")},
			[]any{licensing.ContactUnchanged, ""})
		h.Puts(agreement("C2", "", licensing.Contact{Kind: licensing.PrimaryContact,
			Business: "shared@fabrikam.example", Name: "Shared"}))
		h.Change("ada", licensing.PersonChange{User: mal, Business: "shared@fabrikam.example"})
		equal(t, "another one", h.Held(mal, "C2"), "")
	})
}

func TestR27_WhoRegisteredByTheMailToABusinessEmailIsTheContactOfThatAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", licensing.Contact{Kind: licensing.PrimaryContact,
			SignIn: "pat.login@fabrikam.example", Business: "office@fabrikam.example", Name: "Pat"}))
		pat := h.ID("pat.login@fabrikam.example")
		equal(t, "mailed to", h.Claims(h.WelcomeMail(pat)).Job.To, "office@fabrikam.example")
		h.Activates(h.Registers(pat, "pat.login@fabrikam.example"))
		out := h.Puts(agreement("C2", "", licensing.Contact{Kind: licensing.PrimaryContact,
			Business: "OFFICE@fabrikam.example", Name: "Pat"}))
		same(t, "later", []any{out.People[0].User, out.People[0].Verdicts[0].Outcome},
			[]any{pat, licensing.Assigned})
	})
}

func TestR28_R80_AnAcceptorWhoWasDeletedGetsNoLaterLicenseIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat"),
			contact(licensing.NoticesContact, "note")))
		h.Joins("note")
		eve := must[licensing.Registered](t)(h.accept(h.Invitation(h.ID("pat@fabrikam.example")).
			Run.Invitation, 1, licensing.Identity{Email: "eve@fabrikam.example", Name: "Eve"}))
		h.Activates(eve)
		h.Deletes("note@fabrikam.example", eve.User)
		out := h.Puts(agreement("C2", "", contact(licensing.PrimaryContact, "pat")))
		same(t, "later", []any{h.Held(eve.User, "C2"), out.People[0].Verdicts[0].Outcome},
			[]any{"", licensing.Invited})
	})
}

func TestR19_ABillToContactWhoIsAlsoAFirstAdministratorBecomesAdministrator(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		a := agreement("C1", "", contact(licensing.BillToContact, "pat"))
		a.Administrators = []licensing.ContractAdministrator{{SignIn: "pat@fabrikam.example", Name: "Pat"}}
		h.Puts(a)
		equal(t, "roles", h.Held(h.ID("pat@fabrikam.example"), "C1"), "administrator?")
	})
}

func TestR32_R76_ARefusedHandOverRegistersNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		n := agreement("N1", m1, licensing.Contact{Kind: licensing.PrimaryContact,
			Business: "grace@contoso.example", Name: "Grace"})
		n.NoInvitation = true
		h.Puts(n)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader, licensing.ProductKeysReader))
		out := h.handOver("ada", ext("kim"), "N1") // ada administers it by M1 above it alone
		same(t, "lines", lines(out.View), []string{"N1 refused R32"})
		same(t, "kim", []any{h.Invitation(kim).State, h.Row("ada", kim).Status},
			[]any{licensing.InvitationOpen, licensing.StatusInvitationSent})
	})
}

// forward accepts the invitation of somebody of fabrikam.example as another identity.
func (h *house) forward(name string, who licensing.Identity) (licensing.Registered, error) {
	h.Helper()
	s := h.Invitation(h.ID(name + "@fabrikam.example")).Run
	return h.accept(s.Invitation, s.Generation, who)
}

func TestR28_WhatAnAdminGaveStaysWithTheAddresseeOnABoundInvitationOfItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.BillToContact, "pat"),
			contact(licensing.PrimaryContact, "prim")))
		h.Joins("prim")
		pat := h.ID("pat@fabrikam.example")
		h.Change("ada", ext("pat", add(a1, licensing.Administrator)))
		h.Change("prim@fabrikam.example", edit(pat, add("C1", licensing.BenefitsReader)))
		eve := must[licensing.Registered](t)(h.forward("pat",
			licensing.Identity{Email: "eve@fabrikam.example", Name: "Eve"}))
		same(t, "eve has", []string{h.Held(eve.User, "C1"), h.Held(eve.User, a1)},
			[]string{"invoice_reader?", ""})
		same(t, "pat keeps", []string{h.Held(pat, "C1"), h.Held(pat, a1)},
			[]string{"benefits_reader?", "administrator?"})
		same(t, "pat is invited anew",
			[]any{eve.Again.Generation, h.Invitation(pat).Run.Invitation == eve.Again.Invitation,
				h.Claims(eve.Again.Mail).Job.To}, []any{1, true, "pat@fabrikam.example"})
		_, err := h.forward("pat", licensing.Identity{Email: "eve@fabrikam.example"})
		wantRefusal(t, err, licensing.Forbidden, "R28")
		h.Activates(h.register2(eve.Again.Invitation, 1, "pat@fabrikam.example"))
		equal(t, "pat registers", h.Held(pat, a1), "administrator")
	})
}

func TestR28_AnAdminsRenewalLeavesTheContactTheRightToForwardWhatTheContractGave(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		st := h.Invitation(h.ID("pat@fabrikam.example")).Run
		h.Now = st.ExpiresAt
		must[licensing.MailID](t)(s.atTime(h.Now).Expire(t.Context(), st.Invitation, 1))
		pat := h.Change("ada", ext("pat", add(a1, licensing.BenefitsReader))).People[0].User
		run := h.Invitation(pat).Run
		_, err := h.atTime(h.Now).Register(t.Context(), licensing.Registration{Request: newRequest(),
			Invitation: run.Invitation, Generation: run.Generation, Link: licensing.OwnLink,
			Identity: licensing.Identity{Email: "eve@fabrikam.example", Name: "Eve"}})
		wantRefusal(t, err, licensing.Forbidden, "R28")
		eve := must[licensing.Registered](t)(h.forward("pat",
			licensing.Identity{Email: "eve@fabrikam.example", Name: "Eve"}))
		same(t, "roles", []string{h.Held(eve.User, "C1"), h.Held(eve.User, a1), h.Held(pat, a1), h.Held(pat, "C1")},
			[]string{"administrator?", "", "benefits_reader?", ""})
	})
}

func TestR47_R84_WhoAcceptsAForwardedMailIsFoundByTheObjectIDAndIsInTheTenant(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		_, err := h.forward("pat", licensing.Identity{Email: "leo@contoso.example", ObjectID: "o-else"})
		wantRefusal(t, err, licensing.Forbidden, "R47")
		h.Hears(left(leo))
		_, err = h.forward("pat", licensing.Identity{Email: "leo@contoso.example", ObjectID: "o-leo"})
		wantRefusal(t, err, licensing.Forbidden, "R84")
		run := h.Invitation(h.ID("pat@fabrikam.example")).Run
		_, err = h.atTime(h.Now).Register(t.Context(), licensing.Registration{Request: newRequest(),
			Invitation: run.Invitation, Generation: 1, Link: h.Link(run.Invitation),
			Identity: licensing.Identity{Email: "leo@contoso.example"}})
		wantRefusal(t, err, licensing.Forbidden, "R47")
		h.Hears(leo)
		must[licensing.Rechecked](t)(s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", id)))
		out := must[licensing.Registered](t)(h.forward("pat",
			licensing.Identity{Email: "leo.new@contoso.example", ObjectID: "o-leo"}))
		equal(t, "found by the object id", out.User, id)
	})
}

func TestR28_R19_R92_AnAcceptorToWhomNothingMayMoveIsRefusedAndTheAddresseeKeepsEverything(t *testing.T) {
	for _, c := range []struct {
		name    string
		contact licensing.ContactKind
		who     func(h *house) licensing.UserID
		kept    string
	}{
		{"an heir accepts a Bill To contact's mail", licensing.BillToContact,
			func(h *house) licensing.UserID {
				heir := h.Joins("heir")
				h.Prefers(heir, "P1", true)
				return heir
			}, "invoice_reader?"},
		{"an Invoice Reader accepts an administrator's mail", licensing.NoticesContact,
			func(h *house) licensing.UserID {
				h.Joins("low")
				return h.Change("low@fabrikam.example",
					ext("heir", add("P2", licensing.InvoiceReader))).People[0].User
			}, "administrator?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				h := newHouse(t, s)
				h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "heir")))
				h.Puts(agreement("P2", "P1", contact(c.contact, "mailed"),
					contact(licensing.PrimaryContact, "low")))
				heir := c.who(h)
				before := h.Held(heir, "P2")
				_, err := h.forward("mailed", licensing.Identity{Email: "heir@fabrikam.example"})
				wantRefusal(t, err, licensing.Conflict, "R28")
				mailed := h.ID("mailed@fabrikam.example")
				same(t, "both hold what they held", []string{h.Held(mailed, "P2"), h.Held(heir, "P2")},
					[]string{c.kept, before})
				equal(t, "the invitation is open", h.Invitation(mailed).State, licensing.InvitationOpen)
				h.Registers(mailed, "mailed@fabrikam.example")
			})
		})
	}
}
