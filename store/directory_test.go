package store

import (
	"slices"
	"testing"

	"vlroles/licensing"
)

// hears takes in what the directory says.
func (h *house) hears(people ...licensing.DirectoryPerson) licensing.DirectoryAnswer {
	h.Helper()
	out, err := h.atTime(h.now).Directory(h.Context(), licensing.DirectoryChange{ID: newRequest(), Org: h.org, People: people})
	if err != nil {
		h.Fatal(err)
	}
	return out
}

// colleague is Leo, internal, Active with a role on A1.
func (h *house) colleague() licensing.UserID {
	h.Helper()
	leo := h.save("ada", licensing.PersonChange{SignIn: "leo@contoso.example", Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}}).People[0].User
	h.activate(h.register(leo, "leo@contoso.example"))
	return leo
}

var leo = licensing.DirectoryPerson{ObjectID: "o-leo", Email: "leo@contoso.example", Name: "Leo Internal"}

func left(p licensing.DirectoryPerson) licensing.DirectoryPerson { p.Left = true; return p }

func TestR84_R85_R86_WhoLeavesHasNoAccessAtOnceStaysListedAndReturnsByAnAdminsRecheckOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		equal(t, "before", h.may(id, a1, licensing.ManageBenefits).Allowed, true)
		out := h.hears(left(leo))
		same(t, "who left, work", []any{out.Left, out.Work}, []any{[]licensing.UserID{id}, 1})
		h.denied(id, a1, licensing.ManageBenefits, "R84")
		equal(t, "listed", h.row("ada", id).Status, licensing.UserNotFound)
		same(t, "actions (R59)", h.row("ada", id).Actions, []licensing.Action{licensing.ViewAccess, licensing.Recheck, licensing.DeleteUser})

		_, err := s.atTime(h.now).Recheck(t.Context(), h.command("ada", id))
		wantRefusal(t, err, licensing.Conflict, "R86")
		out = h.hears(leo)
		same(t, "who is back", out.Returned, []licensing.UserID{id})
		h.denied(id, a1, licensing.ManageBenefits, "R84")
		_, err = s.atTime(h.now).Recheck(t.Context(), h.command("grace", id))
		wantRefusal(t, err, licensing.NotFound, "R43")
		again := must[licensing.Rechecked](t)(s.atTime(h.now).Recheck(t.Context(), h.command("ada", id)))
		same(t, "license ids", again.Licenses, []licensing.LicenseID{a1})
		equal(t, "after", h.may(id, a1, licensing.ManageBenefits).Allowed, true)
		_, err = s.atTime(h.now).Recheck(t.Context(), h.command("ada", id))
		wantRefusal(t, err, licensing.Conflict, "R57")
	})
}

func TestR47_AnAddressThatIsGivenToSomebodyElseGivesNoAccess(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		old := h.colleague()
		h.hears(left(leo), licensing.DirectoryPerson{ObjectID: "o-leo-2", Email: "leo@contoso.example", Name: "Leonie Other"})
		out := h.save("ada", licensing.PersonChange{SignIn: "leo@contoso.example", Access: []licensing.AccessChange{add(a1, licensing.ProductKeysReader)}}).People[0]
		if out.User == old || out.Verdicts[0].Outcome != licensing.Invited {
			t.Fatalf("%+v", out)
		}
		h.activate(h.register(out.User, "leo@contoso.example"))
		same(t, "roles", []string{h.held(old, a1), h.held(out.User, a1)}, []string{"benefits_reader", "product_keys_reader"})
		h.denied(old, a1, licensing.ManageBenefits, "R84")
		h.denied(out.User, a1, licensing.ManageBenefits, "R02")
		// The first one returns under another address.
		h.hears(licensing.DirectoryPerson{ObjectID: "o-leo", Email: "leo.first@contoso.example", Name: "Leo Internal"})
		must[licensing.Rechecked](t)(s.atTime(h.now).Recheck(t.Context(), h.command("ada", old)))
		v := h.view("ada", old)
		same(t, "sign-in and business e-mail", []licensing.Email{v.SignIn, v.Business}, []licensing.Email{"leo.first@contoso.example", "leo.first@contoso.example"})
		equal(t, "may again", h.may(old, a1, licensing.ManageBenefits).Allowed, true)
	})
}

func TestR47_AnInvitationOfSomebodyWhoLeftIsNotAcceptedByWhoHasTheAddressNow(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		old := h.save("ada", licensing.PersonChange{SignIn: "leo@contoso.example", Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}}).People[0].User
		at := h.standing(old).Sending
		h.hears(left(leo), licensing.DirectoryPerson{ObjectID: "o-leo-2", Email: "leo@contoso.example", Name: "Leonie Other"})
		for _, who := range []licensing.Identity{{Email: "leo@contoso.example"}, {Email: "leo@contoso.example", ObjectID: "o-leo-2"}, {Email: "leo@contoso.example", ObjectID: "o-leo"}} {
			if _, err := h.accept(at.Invitation, at.Generation, who); err == nil {
				t.Errorf("%+v registered", who)
			}
		}
		equal(t, "the mail to the address", h.claim(h.welcome(old)).State, licensing.MailDropped)
	})
}

func TestR44_R47_ANameAndAnAddressFollowTheDirectory(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		rows := h.census()
		equal(t, "nothing new", h.hears(leo).Changed, 0)
		equal(t, "rows", h.census(), rows)
		h.hears(licensing.DirectoryPerson{ObjectID: "o-leo", Email: "leopold@contoso.example", Name: "Leopold Internal"})
		v := h.view("ada", id)
		same(t, "name and addresses", []any{v.Name, v.SignIn, v.Business}, []any{"Leopold Internal", "leopold@contoso.example", "leopold@contoso.example"})
		equal(t, "still may", h.may(id, a1, licensing.ManageBenefits).Allowed, true)
	})
}

func TestR33_TheTenantsLastAdminMayLeaveAndLeavesAnOrphanThatIsNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		same(t, "at first", must[[]licensing.Orphan](t)(s.Orphans(t.Context(), h.org)), []licensing.Orphan{})
		h.member("ada", "second", add(a1, licensing.Administrator))
		h.invite("ada", "waits", add(m1, licensing.Administrator))
		out := h.hears(licensing.DirectoryPerson{ObjectID: "o-ada", Email: "ada@contoso.example", Name: "Ada Lovelace", Left: true})
		same(t, "orphaned", out.Orphaned, []licensing.LicenseID{m1})
		same(t, "shown", must[[]licensing.Orphan](t)(s.Orphans(t.Context(), h.org)), []licensing.Orphan{{License: m1, Program: "MBSA", Waiting: 1}})
		equal(t, "audited", h.count(`SELECT COUNT(*) FROM audit WHERE action = 'agreement.orphaned' AND license_id = ?`, m1), 1)
	})
}

func TestR57_SomebodyOfTheContractIsFoundWhenTheDirectoryHearsOfHim(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.apply(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{{
			License: a1, Program: "MPSA", ProcessedAt: start.Add(-30 * day),
			Administrators: []licensing.ContractAdministrator{{SignIn: "new@contoso.example", Name: "Typed"}},
		}}}).People[0].User
		equal(t, "before", h.row("ada", id).Status, licensing.UserNotFound)
		h.hears(licensing.DirectoryPerson{ObjectID: "o-new", Email: "new@contoso.example", Name: "New Comer"})
		same(t, "after", []any{h.row("ada", id).Status, h.row("ada", id).Name}, []any{licensing.InvitationSent, "New Comer"})
	})
}

func TestR84_AChangeThatIsRefusedWritesNothingAndTheSameRequestAnswersTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		_, err := s.atTime(h.now).Directory(t.Context(), licensing.DirectoryChange{ID: newRequest(), Org: h.org, People: []licensing.DirectoryPerson{
			left(leo), {ObjectID: "o-new", Email: "ADA@contoso.example", Name: "New"}}})
		wantRefusal(t, err, licensing.Conflict, "R47")
		equal(t, "Leo is there", h.count(`SELECT COUNT(*) FROM directory_people WHERE object_id = 'o-leo' AND present`), 1)

		id := h.colleague()
		c := licensing.DirectoryChange{ID: newRequest(), Org: h.org, People: []licensing.DirectoryPerson{left(leo)}}
		first := must[licensing.DirectoryAnswer](t)(s.atTime(h.now).Directory(t.Context(), c))
		h.hears(leo)
		again := must[licensing.DirectoryAnswer](t)(s.atTime(h.now).Directory(t.Context(), c))
		same(t, "answers", again, first)
		equal(t, "who left", slices.Contains(first.Left, id), true)
		equal(t, "Leo is there", h.count(`SELECT COUNT(*) FROM directory_people WHERE object_id = 'o-leo' AND present`), 1)
	})
}

func TestR33_AnAdminWhoLeavesWhileTheOtherIsRemovedIsNoticed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		for range rounds {
			h.hears(licensing.DirectoryPerson{ObjectID: "o-ada", Email: "ada@contoso.example", Name: "Ada Lovelace"})
			if u := must[*userRow](t)(h.find("ada")); !u.InTenant {
				must[int](t)(1, h.write(t.Context(), "back", func(x *tx) error { u.InTenant = true; return x.updateUser(*u) }))
			}
			other := h.member("ada", string(newRequest())[:8], add(a1, licensing.Administrator))
			var out licensing.DirectoryAnswer
			var v licensing.Verdict
			atOnce(
				func() {
					out, _ = s.atTime(h.now).Directory(t.Context(), licensing.DirectoryChange{ID: newRequest(), Org: h.org, People: []licensing.DirectoryPerson{
						{ObjectID: "o-ada", Email: "ada@contoso.example", Name: "Ada Lovelace", Left: true}}})
				},
				func() {
					answer, err := s.atTime(h.now).Save(t.Context(), licensing.Save{ID: newRequest(), Org: h.org, Admin: h.id("ada"), People: []licensing.PersonChange{edit(other, take(a1, licensing.Administrator))}})
					if err == nil && len(answer.People[0].Verdicts) > 0 {
						v = answer.People[0].Verdicts[0]
					}
				},
			)
			if removed := v.Outcome == licensing.Changed; removed != slices.Contains(out.Orphaned, a1) {
				t.Fatalf("the other was removed: %v, orphaned: %v", removed, out.Orphaned)
			}
			if !slices.Contains(out.Orphaned, a1) { // nobody but the other is left
				h.count(`SELECT COUNT(*) FROM users WHERE id = ?`, other)
				must[int](t)(1, h.write(t.Context(), "make room", func(x *tx) error {
					_, err := x.exec(`DELETE FROM assignments WHERE user_id = ?`, other)
					return err
				}))
			}
		}
	})
}

// find reads a user of contoso.example.
func (h *house) find(who string) (u *userRow, err error) {
	id := h.id(who)
	err = h.write(h.Context(), "find", func(t *tx) error {
		u, err = t.user(h.org, id)
		return err
	})
	return u, err
}

func TestR47_AProfileIsNotRecheckedOntoSomebodyWhoHasOneAlready(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.colleague()
		contact := h.apply(licensing.Intake{Name: "Contoso", Agreements: []licensing.ContractAgreement{{
			License: a1, Program: "MPSA", ProcessedAt: start.Add(-30 * day),
			Administrators: []licensing.ContractAdministrator{{SignIn: "leopold@contoso.example", Name: "Typed"}},
		}}}).People[0].User
		h.hears(licensing.DirectoryPerson{ObjectID: "o-leo", Email: "leopold@contoso.example", Name: "Leo Internal"}) // Leo has that address now
		_, err := s.atTime(h.now).Recheck(t.Context(), h.command("ada", contact))
		wantRefusal(t, err, licensing.Conflict, "R47")
	})
}
