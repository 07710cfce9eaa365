package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
)

// refusesChange expects the first change of the person to be refused by the rule.
func (h *house) refusesChange(
	admin string, p licensing.PersonChange, kind licensing.Kind, rule string,
) licensing.Verdict {
	h.Helper()
	v := h.Verdict(admin, p)
	if v.Error == nil || v.Error.Kind != kind || v.Error.Rule != rule {
		h.Errorf("got %s %v, want a refusal %s by %s", v.Outcome, v.Error, kind, rule)
	}
	return v
}

// census counts the rows of every table that a request may write, without the audit of refusals.
func (h *house) census() string {
	h.Helper()
	var out []string
	for _, table := range []string{"users", "assignments", "grants", "invitations", "mails", "audit"} {
		where := ""
		if table == "audit" {
			where = ` WHERE outcome = 'done'`
		}
		out = append(out, fmt.Sprintf("%s %d", table, h.Count(`SELECT COUNT(*) FROM `+table+where)))
	}
	return strings.Join(out, ", ")
}

func TestR05_R08_OnlyAnAdminOfTheLicenseIDOrOfOneAboveItChangesItsAssignments(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		other := emptyHouse(t, s)
		other.TakeIn(licensing.Intake{Name: "Fabrikam",
			Agreements: []licensing.ContractAgreement{{License: "F1", Program: "MPSA", ProcessedAt: start}}})
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		for _, c := range []struct {
			name, admin string
			license     licensing.LicenseID
			allowed     bool
		}{
			{"an admin on his own License ID", "grace", a2, true},
			{"an admin of the parent, below it (R69)", "ada", b1, true},
			{"an admin of another License ID", "grace", a1, false},
			{"an admin below, on the parent", "grace", m1, false},
			{"a user who is no admin", "kim@fabrikam.example", a1, false},
			{"a License ID that there is not", "ada", "NONE", false},
			{"a License ID of another organization", "ada", "F1", false},
		} {
			t.Run(c.name, func(t *testing.T) {
				h.TB = t
				before := h.Held(kim, c.license)
				p := edit(kim, add(c.license, licensing.ProductKeysReader))
				if c.allowed {
					equal(t, "outcome", h.Verdict(c.admin, p).Outcome, licensing.Assigned)
					return
				}
				v := h.refusesChange(c.admin, p, licensing.NotFound, "R43")
				equal(t, "status that the caller may not see", v.Before, "")
				equal(t, "roles", h.Held(kim, c.license), before)
			})
		}
	})
}

func TestARefusedChangeWritesItsAuditLineAndNothingElseOfThePerson(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		before := h.census()
		h.refusesChange("grace", edit(h.ID("grace"), take(a2, licensing.Administrator)), licensing.Forbidden, "R31")
		var users, assignments, grants, invitations, mails, audit int
		if _, err := fmt.Sscanf(before,
			"users %d, assignments %d, grants %d, invitations %d, mails %d, audit %d",
			&users, &assignments, &grants, &invitations, &mails, &audit); err != nil {
			t.Fatal(err)
		}
		equal(t, "rows", h.census(),
			fmt.Sprintf("users %d, assignments %d, grants %d, invitations %d, mails %d, audit %d",
				// the mail is the confirmation (R75)
				users, assignments, grants, invitations, mails+1, audit))
		equal(t, "refusals in the audit",
			h.Count(`SELECT COUNT(*) FROM audit
				WHERE outcome = 'refused' AND rule = 'R31' AND license_id = ?`, a2), 1)
	})
}

func TestR19_AdministratorAndInvoiceReaderExcludeEachOtherBothWaysAndAreSwappedInOneSave(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		admin := h.Member("ada", "adele", add(a1, licensing.Administrator))
		reader := h.Member("ada", "ivan", add(a1, licensing.InvoiceReader))
		h.refusesChange("ada", edit(admin, add(a1, licensing.InvoiceReader)), licensing.Conflict, "R19")
		h.refusesChange("ada", edit(reader, add(a1, licensing.Administrator)), licensing.Conflict, "R19")
		equal(t, "roles", h.Held(admin, a1)+", "+h.Held(reader, a1), "administrator, invoice_reader")

		swap := licensing.AccessChange{License: a1, Add: []licensing.Role{licensing.InvoiceReader},
			Remove: []licensing.Role{licensing.Administrator}}
		equal(t, "outcome", h.Verdict("ada", edit(admin, swap)).Outcome, licensing.Assigned)
		equal(t, "roles", h.Held(admin, a1), "invoice_reader?")
	})
}

func TestR20_APersonHoldsSeveralRolesAndDifferentOnesElsewhere(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader, licensing.ProductKeysReader),
			add(m1, licensing.InvoiceReader))
		equal(t, "roles", h.Held(kim, a1)+", "+h.Held(kim, m1),
			"benefits_reader product_keys_reader, invoice_reader")
	})
}

func TestR31_R33_NobodyRemovesHimselfNorTheLastActiveAdmin(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ada, grace := h.ID("ada"), h.ID("grace")
		h.refusesChange("ada", edit(ada, take(a1, licensing.Administrator)), licensing.Forbidden, "R31")
		// ada is admin of M1 above
		h.refusesChange("ada", edit(grace, take(b1, licensing.Administrator)), licensing.Conflict, "R33")
		second := h.Invite("grace", "sam", add(b1, licensing.Administrator))
		// R30: merely invited
		h.refusesChange("ada", edit(grace, take(b1, licensing.Administrator)), licensing.Conflict, "R33")
		r := h.Registers(second, "sam@fabrikam.example")
		// registered, not effective
		h.refusesChange("ada", edit(grace, take(b1, licensing.Administrator)), licensing.Conflict, "R33")
		h.Activates(r)
		// even where others exist
		h.refusesChange("grace", edit(grace, take(b1, licensing.Administrator)), licensing.Forbidden, "R31")
		equal(t, "outcome", h.Verdict("sam@fabrikam.example",
			edit(grace, take(b1, licensing.Administrator))).Outcome, licensing.Changed)
		equal(t, "roles", h.Held(grace, b1), "")
	})
}

func TestR44_R63_R64_WhoAPersonIsFollowsFromTheDirectoryAndTheDomains(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		some := add(a1, licensing.BenefitsReader)
		for _, c := range []struct {
			name   string
			person licensing.PersonChange
			kind   licensing.PersonKind
			called string
			rule   string
		}{
			{"somebody of the directory, whatever name is typed",
				licensing.PersonChange{SignIn: "LEO@contoso.example", Name: "Typed",
					Access: []licensing.AccessChange{some}}, licensing.Internal, "Leo Internal", ""},
			{"an external person with a name", ext("kim", some), licensing.External, "kim", ""},
			{"an external person without a name", licensing.PersonChange{SignIn: "x@fabrikam.example",
				Access: []licensing.AccessChange{some}}, "", "", "R44"},
			{"an address of our domain that nobody has",
				licensing.PersonChange{SignIn: "nobody@contoso.example", Name: "No Body",
					Access: []licensing.AccessChange{some}}, "", "", "R63"},
		} {
			t.Run(c.name, func(t *testing.T) {
				h.TB = t
				out := h.TryChange("ada", c.person).People[0]
				if c.rule != "" {
					if out.Error == nil && (len(out.Verdicts) == 0 || out.Verdicts[0].Error == nil) ||
						out.Error.Rule != c.rule {
						t.Fatalf("%+v", out)
					}
					return
				}
				v := h.View("ada", out.User)
				equal(t, "kind and name", string(v.Kind)+" "+v.Name, string(c.kind)+" "+c.called)
			})
		}
	})
}

func TestR64_AnyOtherAddressIsAddedAsAnExternalUserWhoHasVolumeLicensingInformationAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		people := h.Count(`SELECT COUNT(*) FROM directory_people`)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		v := h.View("ada", kim)
		same(t, "kind and status", []any{v.Kind, v.Status}, []any{licensing.External, licensing.StatusActive})
		equal(t, "the tenant's directory", h.Count(`SELECT COUNT(*) FROM directory_people`), people)
		for _, p := range licensing.Permissions() {
			want := p == licensing.ManageBenefits || p == licensing.ViewContracts
			equal(t, string(p), h.May(kim, a1, p).Allowed, want)
		}
	})
}

func TestR48_AnAdminOfOneOfThePersonsLicenseIDsCorrectsTheBusinessEmail(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		correction := licensing.PersonChange{User: kim, Business: "kim.office@fabrikam.example"}
		h.refusesChange("grace", correction, licensing.NotFound, "R43")
		equal(t, "still", h.View("ada", kim).Business, "kim@fabrikam.example")
		if out := h.Change("ada", correction).People[0]; !out.Updated {
			t.Fatalf("%+v", out)
		}
		v := h.View("ada", kim)
		equal(t, "business email", v.Business, "kim.office@fabrikam.example")
		equal(t, "sign-in email (R66)", v.SignIn, "kim@fabrikam.example")
	})
}

func TestR52_WhatIsInProgressIsLockedUntilItsDueTimePerPersonAndLicenseID(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		v := h.Verdict("ada", edit(kim, add(a1, licensing.ProductKeysReader)))
		equal(t, "due", v.DueAt, h.Now.Add(2*time.Hour))
		h.Now = h.Now.Add(time.Hour)
		locked := h.refusesChange("ada", edit(kim, take(a1, licensing.BenefitsReader)),
			licensing.Locked, "R52")
		equal(t, "until", locked.Error.Until, v.DueAt)
		equal(t, "another License ID is free",
			h.Verdict("ada", edit(kim, add(m1, licensing.BenefitsReader))).Outcome, licensing.Assigned)

		change := licensing.ChangeID(h.ChangeOf(kim, a1))
		must[int](t)(h.atTime(v.DueAt).Activate(t.Context(), kim, change, v.DueAt))
		equal(t, "free again", h.Verdict("ada", edit(kim, take(a1, licensing.BenefitsReader))).Outcome,
			licensing.Changed)
	})
}

func TestR54_AFailedAssignmentIsTriedAgainAndAfterThreeFailuresSupportIsRecommended(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		v := h.Verdict("ada", edit(kim, add(a1, licensing.ProductKeysReader)))
		for n := 1; n <= licensing.SupportAfter; n++ {
			change := licensing.ChangeID(h.ChangeOf(kim, a1))
			err := s.atTime(v.DueAt).Fail(t.Context(), kim, change, v.DueAt, "downstream said no")
			if err != nil {
				t.Fatal(err)
			}
			e := h.View("ada", kim).Access[0]
			same(t, "status, attempts, reason", []any{e.Status, e.Attempts, e.Reason},
				[]any{licensing.StatusFailed, n, "downstream said no"})
			if !strings.HasPrefix(e.Reference, "VL-") ||
				strings.Contains(e.Advice, "support") != (n >= licensing.SupportAfter) {
				t.Errorf("after %d failures: %q, %q", n, e.Reference, e.Advice)
			}
			equal(t, "what worked before still does", h.May(kim, a1, licensing.ManageBenefits).Allowed, true)
			h.Now = v.DueAt
			v = h.Verdict("ada", edit(kim, add(a1, licensing.ProductKeysReader)))
			equal(t, "again", v.Outcome, licensing.Assigned)
			if (v.Advice != "") != (n >= licensing.SupportAfter) || v.Reference != e.Reference {
				t.Errorf("after %d failures the answer has %q and %q", n, v.Advice, v.Reference)
			}
		}
		must[int](t)(h.atTime(v.DueAt).Activate(t.Context(), kim, licensing.ChangeID(h.ChangeOf(kim, a1)),
			v.DueAt))
		e := h.View("ada", kim).Access[0]
		same(t, "in the end", []any{e.Status, e.Attempts, e.Reason, e.Reference},
			[]any{licensing.StatusActive, 0, "", ""})
	})
}

func TestR62_WhoIsInvitedOrRegisteredIsNotInvitedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		v := h.Verdict("grace", ext("kim", add(a2, licensing.BenefitsReader)))
		same(t, "one invitation carries both", []any{v.Outcome, v.After},
			[]any{licensing.Joined, licensing.StatusInvitationSent})
		equal(t, "welcome mails",
			h.Count(`SELECT COUNT(*) FROM mails WHERE user_id = ? AND kind = 'welcome'`, kim), 1)
		r := h.Registers(kim, "kim@fabrikam.example")
		equal(t, "License IDs registered (R23)", len(r.Access), 2)
		h.Activates(r)
		v = h.Verdict("grace", ext("kim", add(b1, licensing.BenefitsReader)))
		same(t, "straight to in progress", []any{v.Outcome, v.After},
			[]any{licensing.Assigned, licensing.StatusAssignmentInProgress})
		equal(t, "invitations", h.Count(`SELECT COUNT(*) FROM invitations WHERE user_id = ?`, kim), 1)
	})
}

func TestR62_WhoseInvitationExpiredIsInvitedAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		at := h.Invitation(kim)
		h.Now = at.Run.ExpiresAt
		must[licensing.MailID](t)(h.atTime(h.Now).Expire(t.Context(), at.Run.Invitation, 1))
		v := h.Verdict("ada", ext("kim", add(m1, licensing.BenefitsReader)))
		same(t, "verdict", []any{v.Outcome, v.After},
			[]any{licensing.Invited, licensing.StatusInvitationSent})
		equal(t, "generation", h.Invitation(kim).Run.Generation, 2)
	})
}

func TestR70_OneSaveIsOneMailToThePersonWhateverTheNumberOfLicenseIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader, licensing.ProductKeysReader))
		out := h.Change("ada", edit(kim,
			licensing.AccessChange{License: a1, Add: []licensing.Role{licensing.InvoiceReader},
				Remove: []licensing.Role{licensing.BenefitsReader}},
			add(m1, licensing.BenefitsReader), add(b1, licensing.BenefitsReader)))
		equal(t, "mails about changes",
			h.Count(`SELECT COUNT(*) FROM mails WHERE user_id = ? AND kind = 'changes'`, kim), 1)
		equal(t, "workflows", out.Work, 1)
		equal(t, "R71: taken away at once, added later", h.Held(kim, a1),
			"invoice_reader? product_keys_reader")
		equal(t, "R71: denied", h.May(kim, a1, licensing.ManageBenefits).Allowed, false)
	})
}

func TestR75_TheAdminGetsOneConfirmationWithAVerdictPerPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		out := h.TryChange("ada", ext("kim", add(a1, licensing.BenefitsReader)),
			ext("lee", add(a2, licensing.BenefitsReader)))
		job := h.Claims(out.Confirmation).Job
		equal(t, "to", job.To, "ada@contoso.example")
		var got []string
		for _, p := range job.People {
			got = append(got, p.Name+" "+string(p.Verdict.Verdicts[0].Outcome))
		}
		same(t, "verdicts", got, []string{"kim invited", "lee refused"})
	})
}

func TestTheSameRequestGivesTheSameAnswerAndOtherContentIsAConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"),
			People: []licensing.PersonChange{ext("kim", add(a1, licensing.BenefitsReader))}}
		first := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Save(t.Context(), sv))
		rows := h.census()
		again := must[licensing.SaveAnswer](t)(s.atTime(h.Now.Add(time.Hour)).Save(t.Context(), sv))
		same(t, "answer", again, first)
		sv.People = []licensing.PersonChange{ext("lee", add(a1, licensing.BenefitsReader))}
		_, err := s.atTime(h.Now).Save(t.Context(), sv)
		wantRefusal(t, err, licensing.Conflict, "L06")
		equal(t, "rows", h.census(), rows)
	})
}

func TestR70_FiveHundredPeopleAreOneSave(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		var people []licensing.PersonChange
		for n := range licensing.MaxPeople {
			people = append(people, ext(fmt.Sprintf("p%03d", n), add(a1, licensing.BenefitsReader),
				add(a2, licensing.BenefitsReader)))
		}
		out := h.TryChange("ada", people...)
		equal(t, "workflows", out.Work, licensing.MaxPeople)
		for n, p := range out.People {
			var got []licensing.Outcome
			for _, v := range p.Verdicts {
				got = append(got, v.Outcome)
			}
			if !slices.Equal(got, []licensing.Outcome{licensing.Invited, licensing.Refused}) {
				t.Fatalf("people[%d]: %v", n, got)
			}
		}
		work := must[[]licensing.OutboxEntry](t)(s.Outbox(t.Context(),
			licensing.RequestID(strings.TrimSuffix(string(out.Confirmation), ".confirmation"))))
		equal(t, "work", len(work), licensing.MaxPeople)
		_, err := s.atTime(h.Now).Save(t.Context(), licensing.Save{ID: newRequest(), Org: h.Org,
			Admin: h.ID("ada"), People: append(people, ext("more", add(a1, licensing.BenefitsReader)))})
		wantRefusal(t, err, licensing.Invalid, "R70")
	})
}
