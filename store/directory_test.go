package store

import (
	"slices"
	"testing"

	"vlroles/licensing"
)

// colleague is Leo, internal, Active with a role on A1.
func (h *house) colleague() licensing.UserID {
	h.Helper()
	leo := h.Change("ada", licensing.PersonChange{SignIn: "leo@contoso.example",
		Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}}).People[0].User
	h.Activates(h.Registers(leo, "leo@contoso.example"))
	return leo
}

func TestR84_R85_R86_WhoLeavesHasNoAccessAtOnceStaysListedAndReturnsByAnAdminsRecheckOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		equal(t, "before", h.May(id, a1, licensing.ManageBenefits).Allowed, true)
		out := h.Hears(left(leo))
		same(t, "who left, work", []any{out.Left, out.Work}, []any{[]licensing.UserID{id}, 1})
		h.Denied(id, a1, licensing.ManageBenefits, "R84")
		equal(t, "listed", h.Row("ada", id).Status, licensing.StatusUserNotFound)
		same(t, "actions (R59)", h.Row("ada", id).Actions,
			[]licensing.Action{licensing.ViewAccess, licensing.Recheck, licensing.DeleteUser})

		_, err := s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", id))
		wantRefusal(t, err, licensing.Conflict, "R86")
		out = h.Hears(leo)
		same(t, "who is back", out.Returned, []licensing.UserID{id})
		h.Denied(id, a1, licensing.ManageBenefits, "R86")
		_, err = s.atTime(h.Now).Recheck(t.Context(), h.Command("grace", id))
		wantRefusal(t, err, licensing.NotFound, "R43")
		again := must[licensing.Rechecked](t)(s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", id)))
		same(t, "license ids", again.Licenses, []licensing.LicenseID{a1})
		equal(t, "after", h.May(id, a1, licensing.ManageBenefits).Allowed, true)
		_, err = s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", id))
		wantRefusal(t, err, licensing.Conflict, "R57")
	})
}

func TestR47_AnAddressThatIsGivenToSomebodyElseGivesNoAccess(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		old := h.colleague()
		h.Hears(left(leo), licensing.DirectoryPerson{ObjectID: "o-leo-2", Email: "leo@contoso.example",
			Name: "Leonie Other"})
		out := h.Change("ada", licensing.PersonChange{SignIn: "leo@contoso.example",
			Access: []licensing.AccessChange{add(a1, licensing.ProductKeysReader)}}).People[0]
		if out.User == old || out.Verdicts[0].Outcome != licensing.Invited {
			t.Fatalf("%+v", out)
		}
		h.Activates(h.Registers(out.User, "leo@contoso.example"))
		same(t, "roles", []string{h.Held(old, a1), h.Held(out.User, a1)},
			[]string{"benefits_reader?", "product_keys_reader"})
		h.Denied(old, a1, licensing.ManageBenefits, "R84")
		h.Denied(out.User, a1, licensing.ManageBenefits, "R02")
		// The first one returns under another address.
		h.Hears(licensing.DirectoryPerson{ObjectID: "o-leo", Email: "leo.first@contoso.example",
			Name: "Leo Internal"})
		must[licensing.Rechecked](t)(s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", old)))
		v := h.View("ada", old)
		same(t, "sign-in and business email", []licensing.Email{v.SignIn, v.Business},
			[]licensing.Email{"leo.first@contoso.example", "leo.first@contoso.example"})
		equal(t, "may again", h.May(old, a1, licensing.ManageBenefits).Allowed, true)
	})
}

func TestR47_AnInvitationOfSomebodyWhoLeftIsNotAcceptedByWhoHasTheAddressNow(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		old := h.Change("ada", licensing.PersonChange{SignIn: "leo@contoso.example",
			Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}}).People[0].User
		at := h.Invitation(old).Run
		h.Hears(left(leo), licensing.DirectoryPerson{ObjectID: "o-leo-2", Email: "leo@contoso.example",
			Name: "Leonie Other"})
		for _, who := range []licensing.Identity{
			{Email: "leo@contoso.example"}, {Email: "leo@contoso.example", ObjectID: "o-leo-2"},
			{Email: "leo@contoso.example", ObjectID: "o-leo"},
		} {
			if _, err := h.accept(at.Invitation, at.Generation, who); err == nil {
				t.Errorf("%+v registered", who)
			}
		}
		equal(t, "the mail to the address", h.Claims(h.WelcomeMail(old)).State, licensing.MailDropped)
	})
}

func TestR44_R47_ANameAndAnAddressFollowTheDirectory(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		rows := h.census()
		equal(t, "nothing new", h.Hears(leo).Changed, 0)
		equal(t, "rows", h.census(), rows)
		h.Hears(licensing.DirectoryPerson{ObjectID: "o-leo", Email: "leopold@contoso.example",
			Name: "Leopold Internal"})
		v := h.View("ada", id)
		same(t, "name and addresses", []any{v.Name, v.SignIn, v.Business},
			[]any{"Leopold Internal", "leopold@contoso.example", "leopold@contoso.example"})
		equal(t, "still may", h.May(id, a1, licensing.ManageBenefits).Allowed, true)
	})
}

func TestR33_TheTenantsLastAdminMayLeaveAndLeavesAnOrphanThatIsNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		same(t, "at first", must[[]licensing.Orphan](t)(h.Orphans(t.Context(), h.Org)), []licensing.Orphan{})
		h.Member("ada", "second", add(a1, licensing.Administrator))
		h.Invite("ada", "waits", add(m1, licensing.Administrator))
		out := h.Hears(licensing.DirectoryPerson{ObjectID: "o-ada", Email: "ada@contoso.example",
			Name: "Ada Lovelace", Left: true})
		same(t, "orphaned", out.Orphaned, []licensing.LicenseID{m1})
		same(t, "shown", must[[]licensing.Orphan](t)(h.Orphans(t.Context(), h.Org)),
			[]licensing.Orphan{{License: m1, Program: "MBSA", Waiting: 1}})
		equal(t, "audited",
			h.Count(`SELECT COUNT(*) FROM audit WHERE action = 'agreement.orphaned' AND license_id = ?`, m1),
			1)
	})
}

func TestR57_SomebodyOfTheContractIsFoundWhenTheDirectoryHearsOfHim(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.TakeIn(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{{
			License: a1, Program: "MPSA", ProcessedAt: start.Add(-30 * day),
			Administrators: []licensing.ContractAdministrator{{SignIn: "new@contoso.example", Name: "Typed"}},
		}}}).People[0].User
		equal(t, "before", h.Row("ada", id).Status, licensing.StatusUserNotFound)
		h.Hears(licensing.DirectoryPerson{ObjectID: "o-new", Email: "new@contoso.example", Name: "New Comer"})
		same(t, "after", []any{h.Row("ada", id).Status, h.Row("ada", id).Name},
			[]any{licensing.StatusInvitationSent, "New Comer"})
	})
}

func TestR84_TheSameChangeAnswersTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		c := licensing.DirectoryChange{ID: newRequest(), Org: h.Org,
			People: []licensing.DirectoryPerson{left(leo)}}
		first := must[licensing.DirectoryAnswer](t)(s.atTime(h.Now).Directory(t.Context(), c))
		h.Hears(leo)
		again := must[licensing.DirectoryAnswer](t)(s.atTime(h.Now).Directory(t.Context(), c))
		same(t, "answers", again, first)
		equal(t, "who left", slices.Contains(first.Left, id), true)
		equal(t, "Leo is there",
			h.Count(`SELECT COUNT(*) FROM directory_people WHERE object_id = 'o-leo' AND present`), 1)
	})
}

func TestR33_AnAdminWhoLeavesWhileTheOtherIsRemovedIsNoticed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		for range rounds {
			h.Hears(licensing.DirectoryPerson{ObjectID: "o-ada", Email: "ada@contoso.example",
				Name: "Ada Lovelace"})
			must[int](t)(1, h.write(t.Context(), "back", func(x *tx) error {
				return x.unsuspend(h.ID("ada"), []licensing.LicenseID{a1, m1}, true)
			}))
			other := h.Member("ada", string(newRequest())[:8], add(a1, licensing.Administrator))
			var out licensing.DirectoryAnswer
			var v licensing.Verdict
			atOnce(
				func() {
					out, _ = s.atTime(h.Now).Directory(t.Context(),
						licensing.DirectoryChange{ID: newRequest(), Org: h.Org,
							People: []licensing.DirectoryPerson{
								{ObjectID: "o-ada", Email: "ada@contoso.example", Name: "Ada Lovelace",
									Left: true}}})
				},
				func() {
					answer, err := s.atTime(h.Now).Save(t.Context(),
						licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"),
							People: []licensing.PersonChange{edit(other, take(a1, licensing.Administrator))}})
					if err == nil && len(answer.People[0].Verdicts) > 0 {
						v = answer.People[0].Verdicts[0]
					}
				},
			)
			if removed := v.Outcome == licensing.Changed; removed != slices.Contains(out.Orphaned, a1) {
				t.Fatalf("the other was removed: %v, orphaned: %v", removed, out.Orphaned)
			}
			if !slices.Contains(out.Orphaned, a1) { // nobody but the other is left
				h.Count(`SELECT COUNT(*) FROM users WHERE id = ?`, other)
				must[int](t)(1, h.write(t.Context(), "make room", func(x *tx) error {
					_, err := x.exec(`DELETE FROM assignments WHERE user_id = ?`, other)
					return err
				}))
			}
		}
	})
}

func TestR47_AProfileIsNotRecheckedOntoSomebodyWhoHasOneAlready(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.colleague()
		contact := h.TakeIn(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{{
			License: a1, Program: "MPSA", ProcessedAt: start.Add(-30 * day),
			Administrators: []licensing.ContractAdministrator{
				{SignIn: "leopold@contoso.example", Name: "Typed"},
			},
		}}}).People[0].User
		// Leo has that address now
		h.Hears(licensing.DirectoryPerson{ObjectID: "o-leo", Email: "leopold@contoso.example",
			Name: "Leo Internal"})
		_, err := s.atTime(h.Now).Recheck(t.Context(), h.Command("ada", contact))
		wantRefusal(t, err, licensing.Conflict, "R47")
	})
}
