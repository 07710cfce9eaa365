package store

import (
	"strings"
	"testing"

	"vlroles/licensing"
)

func TestR80_R81_DeletingAUserTakesAllRolesThatTheCallerAdministersAndLeavesTheRest(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader), add(m1, licensing.ProductKeysReader))
		h.Change("grace", edit(kim, add(a2, licensing.BenefitsReader)))
		h.ActivatesChange(kim, a2)
		people := h.Count(`SELECT COUNT(*) FROM directory_people`)
		out := h.Deletes("ada", kim)
		same(t, "answer", []any{len(out.Verdicts), out.Remaining, out.Work}, []any{2, 1, 1})
		h.Denied(kim, a1, licensing.ManageBenefits, "R02")
		equal(t, "what others administer stays", h.May(kim, a2, licensing.ManageBenefits).Allowed, true)
		same(t, "the caller's list", h.Names("ada", licensing.UserFilter{}), []string{"Ada Lovelace"})
		same(t, "the other's list", h.Names("grace", licensing.UserFilter{}), []string{"Grace Hopper", "kim"})
		same(t, "R81: directory and profile stay", []int{h.Count(`SELECT COUNT(*) FROM directory_people`),
			h.Count(`SELECT COUNT(*) FROM users WHERE id = ?`, kim)}, []int{people, 1})
		equal(t, "R70: one mail",
			h.Count(`SELECT COUNT(*) FROM mails WHERE user_id = ? AND kind = 'changes' AND id LIKE ?`, kim,
				"%"+string(kim)+"%"), 2)
		_, err := s.atTime(h.Now).Delete(t.Context(), h.Command("ada", kim))
		wantRefusal(t, err, licensing.NotFound, "R43")
	})
}

func TestR52_R82_DeletingEndsWhatIsInProgressAndTheLinksOfAnInvitation(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		v := h.Verdict("ada", edit(kim, add(m1, licensing.BenefitsReader)))
		change := licensing.ChangeID(h.ChangeOf(kim, m1))
		c := h.Command("ada", kim)
		must[licensing.Deletion](t)(s.atTime(h.Now).Delete(t.Context(), c))
		work := must[[]licensing.OutboxEntry](t)(s.Outbox(t.Context(), c.Request))
		same(t, "the run ends", []any{work[0].Kind, work[0].Propagation.Change},
			[]any{licensing.OutboxStop, change})
		equal(t, "a late activation",
			must[int](t)(s.atTime(v.DueAt).Activate(t.Context(), kim, change, v.DueAt)), 0)

		lee := h.Invite("ada", "lee", add(a1, licensing.BenefitsReader))
		i := h.Invitation(lee).Run.Invitation
		c = h.Command("ada", lee)
		must[licensing.Deletion](t)(s.atTime(h.Now).Delete(t.Context(), c))
		work = must[[]licensing.OutboxEntry](t)(s.Outbox(t.Context(), c.Request))
		same(t, "the invitation ends", []any{len(work), work[0].Kind}, []any{1, licensing.OutboxWithdraw})
		_, err := h.accept(i, 1, licensing.Identity{Email: "lee@fabrikam.example"})
		wantRefusal(t, err, licensing.Gone, "R82")
	})
}

func TestR83_WhereTheUserIsTheLastActiveAdminTheLicenseIDIsRefusedAndTheRestProceeds(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		grace := h.ID("grace")
		h.Change("ada", edit(grace, add(a1, licensing.BenefitsReader)))
		h.ActivatesChange(grace, a1)
		out := h.Deletes("ada", grace) // ada administers A1, and B1 by M1 above it
		got := map[licensing.LicenseID]string{}
		for _, v := range out.Verdicts {
			got[v.License] = string(v.Outcome)
			if v.Error != nil {
				got[v.License] += " " + v.Error.Rule
			}
		}
		same(t, "verdicts", got, map[licensing.LicenseID]string{a1: "changed", b1: "refused R33"})
		equal(t, "remaining", out.Remaining, 1)
		self := h.Deletes("ada", h.ID("ada"))
		for _, v := range self.Verdicts {
			if v.Error == nil || v.Error.Rule != "R31" {
				t.Errorf("herself on %s: %+v", v.License, v)
			}
		}
	})
}

func TestR85_AUserWhoIsNotFoundStaysUntilRemovedFromAllLicenseIDs(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		h.Change("grace", edit(id, add(a2, licensing.BenefitsReader)))
		h.Hears(left(leo))
		h.Deletes("ada", id)
		equal(t, "still there for the other admin", h.Row("grace", id).Status, licensing.StatusUserNotFound)
		h.Deletes("grace", id)
		same(t, "gone", h.Names("grace", licensing.UserFilter{}), []string{"Grace Hopper"})
	})
}

// from copies roles.
func from(target, source licensing.LicenseID, user licensing.UserID, replace bool) licensing.AccessChange {
	return licensing.AccessChange{License: target,
		From: &licensing.RoleSource{User: user, License: source, Replace: replace}}
}

func TestR72_PastingReplacesTheRolesOfEachTargetWithAVerdictOfItsOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader, licensing.ProductKeysReader),
			add(m1, licensing.OnlineServicesManager))
		lee := h.Member("ada", "lee", add(m1, licensing.InvoiceReader))
		busy := h.Member("ada", "busy", add(a1, licensing.BenefitsReader))
		h.Change("ada", edit(busy, add(a1, licensing.OnlineServicesManager)))
		h.Puts(agreement("C1", "", licensing.Contact{Kind: licensing.PrimaryContact,
			Business: "ada@contoso.example", Name: "Ada"}, contact(licensing.BillToContact, "lee")))
		h.ActivatesChange(h.ID("ada"), "C1")
		h.ActivatesChange(lee, "C1")
		out := h.TryChange("ada",
			edit(kim, from(m1, a1, "", true), from(b1, a1, "", true)),
			edit(lee, from("C1", a1, kim, true), from(a1, "C1", "", true)),
			edit(busy, from(a1, a1, kim, true)),
		)
		var got []string
		for _, p := range out.People {
			for _, v := range p.Verdicts {
				line := string(v.License) + " " + string(v.Outcome)
				if v.Error != nil {
					line += " " + v.Error.Rule
				}
				got = append(got, line)
			}
		}
		same(t, "verdicts", got,
			[]string{"M1 assigned", "B1 assigned", "C1 assigned", "A1 refused R72", "A1 refused R52"})
		same(t, "kim on M1: replaced", h.Held(kim, m1), "benefits_reader? product_keys_reader?")
		same(t, "lee on C1: Bill To's is not overwritten", h.Held(lee, "C1"),
			"benefits_reader? invoice_reader product_keys_reader?")
		// not admin of the source
		h.refusesChange("grace", edit(kim, from(a2, a1, "", true)), licensing.NotFound, "R43")
	})
}

func TestR77_ImportingAddsTheRolesOfChosenUsersWhereTheCallerIsAdminOfBothButNotOntoAParent(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(m1, licensing.BenefitsReader), add(a1, licensing.ProductKeysReader))
		equal(t, "outcome", h.Verdict("ada", edit(kim, from(a1, m1, "", false))).Outcome, licensing.Assigned)
		equal(t, "roles", h.Held(kim, a1), "benefits_reader? product_keys_reader")
		h.ActivatesChange(kim, a1)
		// M1 stands above B1
		h.refusesChange("ada", edit(kim, from(m1, a1, "", false)), licensing.Conflict, "R77")
		h.refusesChange("grace", edit(kim, from(a2, a1, "", false)), licensing.NotFound, "R43")
		h.refusesChange("ada", edit(kim, from(a2, a1, "", false)), licensing.NotFound, "R43")
	})
}

func TestR67_VerifyingGivesTheVerdictsOfASaveAndHasNoEffect(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"),
			People: []licensing.PersonChange{
				edit(kim, add(a1, licensing.ProductKeysReader)),
				ext("new", add(a1, licensing.BenefitsReader), add(a2, licensing.BenefitsReader))}}
		rows := h.census()
		out := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Verify(t.Context(), sv))
		equal(t, "rows", h.census(), rows)
		equal(t, "a user who is not there yet", out.People[1].User, "")
		saved := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Save(t.Context(), sv))
		for n := range saved.People {
			same(t, "verdicts", out.People[n].Verdicts, saved.People[n].Verdicts)
		}
		again := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Verify(t.Context(), sv))
		equal(t, "saving re-decides", again.People[0].Verdicts[0].Error.Rule, "R52")
	})
}

func TestR33_SupportSeatsAnAdminWhereThereIsNoneAndOnlyThere(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Hears(licensing.DirectoryPerson{ObjectID: "o-grace", Email: "grace@contoso.example",
			Name: "Grace Hopper", Left: true})
		seat := licensing.Appointment{ID: newRequest(), Org: h.Org, License: a2,
			Person: licensing.PersonChange{SignIn: "leo@contoso.example"}, Reason: "case 4711"}
		out := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Appoint(t.Context(), seat))
		leo := out.People[0].User
		equal(t, "outcome", out.People[0].Verdicts[0].Outcome, licensing.Invited)
		h.Activates(h.Registers(leo, "leo@contoso.example"))
		equal(t, "may", h.May(leo, a2, licensing.ManageAssignments).Allowed, true)
		equal(t, "audited with the reason",
			h.Count(`SELECT COUNT(*) FROM audit
				WHERE action = 'support.seat' AND outcome = 'done' AND detail LIKE '%case 4711%'
				AND license_id = 'A2'`), 1)
		for name, c := range map[string]struct {
			license licensing.LicenseID
			reason  string
			kind    licensing.Kind
			rule    string
		}{
			"where there is an active admin":   {a1, "case 1", licensing.Conflict, "R05"},
			"where there is no such agreement": {"NONE", "case 1", licensing.NotFound, "R08"},
			"without a reason":                 {b1, " ", licensing.Invalid, "R33"},
			"with somebody's address":          {b1, "ann@x.example asked", licensing.Invalid, "R33"},
			"with a long reason": {b1, strings.Repeat("x", licensing.MaxReason+1),
				licensing.Invalid, "R33"},
		} {
			t.Run(name, func(t *testing.T) {
				seat.ID, seat.License, seat.Reason = newRequest(), c.license, c.reason
				_, err := s.atTime(h.Now).Appoint(t.Context(), seat)
				wantRefusal(t, err, c.kind, c.rule)
			})
		}
	})
}

func TestR80_DeletingAnHeirEndsWhatHeInherits(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "heir"),
			contact(licensing.NoticesContact, "note")))
		h.Puts(agreement("P2", "P1", contact(licensing.PrimaryContact, "low")))
		heir := h.Joins("heir")
		h.Joins("note")
		h.Joins("low")
		h.Prefers(heir, "P1", true)
		h.Change("low@fabrikam.example", edit(heir, add("P2", licensing.BenefitsReader)))
		h.ActivatesChange(heir, "P2")
		low := h.Deletes("low@fabrikam.example", heir)
		same(t, "an admin below is told", low.Inherits, []licensing.LicenseID{"P2"})
		equal(t, "and it stays", h.May(heir, "P2", licensing.ManageAssignments).Rule, "R88")
		out := h.Deletes("note@fabrikam.example", heir)
		same(t, "an admin of the parent", []any{len(out.Inherits),
			h.May(heir, "P2", licensing.ManageAssignments).Allowed}, []any{0, false})
	})
}
