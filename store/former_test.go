package store

import (
	"testing"

	"vlroles/licensing"
)

// formerAdmin makes eve an admin of A1 who does something, and is no admin any more when do has been called.
func (h *house) formerAdmin() licensing.UserID {
	h.Helper()
	return h.Member("ada", "eve", add(a1, licensing.Administrator))
}

func TestR35_AFormerAdminIsMailedNoConfirmationWithNames(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		eve := h.formerAdmin()
		save := licensing.Save{ID: newRequest(), Org: h.Org, Admin: eve,
			People: []licensing.PersonChange{ext("bob", add(a1, licensing.BenefitsReader))}}
		out := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Save(t.Context(), save))
		first := h.Claims(out.Confirmation)
		equal(t, "an admin is told", first.State, licensing.MailSending)
		equal(t, "whom it was about", first.Job.People[0].Name, "bob")
		h.Settles(out.Confirmation, first.Job.Attempt, licensing.Settlement{State: licensing.MailDeferred})
		h.Change("ada", edit(eve, take(a1, licensing.Administrator)))
		late := h.Claims(out.Confirmation)
		equal(t, "who was one is not", late.State, licensing.MailDropped)
		same(t, "nothing leaves the store", late.Job, licensing.MailJob{})
	})
}

func TestR35_AConfirmationNamesThoseOfWhomTheAdminMayStillKnow(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		eve := h.Member("ada", "eve", add(a1, licensing.Administrator), add(m1, licensing.Administrator))
		save := licensing.Save{ID: newRequest(), Org: h.Org, Admin: eve, People: []licensing.PersonChange{
			ext("bob", add(a1, licensing.BenefitsReader)), ext("cat", add(m1, licensing.BenefitsReader))}}
		out := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Save(t.Context(), save))
		h.Change("ada", edit(eve, take(m1, licensing.Administrator)))
		people := h.Claims(out.Confirmation).Job.People
		equal(t, "people", len(people), 1)
		equal(t, "the one", people[0].Name, "bob")
	})
}

func TestR35_AFormerAdminIsNotToldWhoseInvitationExpired(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		eve := h.formerAdmin()
		save := licensing.Save{ID: newRequest(), Org: h.Org, Admin: eve,
			People: []licensing.PersonChange{ext("bob", add(a1, licensing.BenefitsReader))}}
		out := must[licensing.SaveAnswer](t)(s.atTime(h.Now).Save(t.Context(), save))
		i := h.Invitation(out.People[0].User)
		h.Now = i.Run.ExpiresAt
		told := must[licensing.MailID](t)(s.atTime(h.Now).Expire(t.Context(), i.Run.Invitation, i.Run.Generation))
		first := h.Claims(told)
		equal(t, "an admin is told who didn't register", first.Job.Person, "bob")
		h.Settles(told, first.Job.Attempt, licensing.Settlement{State: licensing.MailDeferred})
		h.Change("ada", edit(eve, take(a1, licensing.Administrator)))
		late := h.Claims(told)
		equal(t, "who was one is not", late.State, licensing.MailDropped)
		same(t, "nothing leaves the store", late.Job, licensing.MailJob{})
	})
}
