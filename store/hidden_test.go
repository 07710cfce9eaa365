package store

import (
	"reflect"
	"slices"
	"testing"

	"vlroles/licensing"
	"vlroles/store/views"
)

// hides is a house with what ada may not know of: people and License IDs by the reason why she may not.
type hides struct {
	*house
	ada      licensing.UserID
	users    map[string]licensing.UserID
	emails   map[string]licensing.PersonChange
	licenses map[string]licensing.LicenseID
}

func newHides(t *testing.T, s *Store) hides {
	h := newHouse(t, s)
	other := emptyHouse(t, s)
	other.TakeIn(licensing.Intake{Name: "Fabrikam", Agreements: []licensing.ContractAgreement{
		{License: "F1", Program: "MPSA", ProcessedAt: start, Administrators: []licensing.ContractAdministrator{
			{SignIn: "frank@other.example", Name: "Frank", Registered: start}}}}})
	member := h.Member("grace", "hid", add(a2, licensing.BenefitsReader))
	invited := h.Invite("grace", "waits", add(a2, licensing.BenefitsReader))
	return hides{h, h.ID("ada"),
		map[string]licensing.UserID{"nobody": licensing.UserID(newRequest()), "a word": "nobody",
			"another organization's": other.ID("frank@other.example"), "hidden": member, "hidden, invited": invited},
		map[string]licensing.PersonChange{"hidden": {SignIn: "hid@fabrikam.example"},
			"hidden, invited, renamed": {SignIn: "waits@fabrikam.example", Name: "Other", Business: "x@y.example"},
			"in the directory":         {SignIn: "leo@contoso.example"},
			"not in the directory":     {SignIn: "unknown@contoso.example"}, "nobody": {SignIn: "nobody@fabrikam.example"},
			"another organization's": {SignIn: "frank@other.example"}},
		map[string]licensing.LicenseID{"that there isn't": "NONE", "another organization's": "F1",
			"not hers": a2}}
}

// hidden expects the one refusal.
func (h hides) hidden(what string, err error) {
	h.Helper()
	if e := licensing.RefusalOf(err); !reflect.DeepEqual(e, licensing.Hidden()) {
		h.Errorf("%s: got %v, want the one refusal", what, err)
	}
}

func (h hides) request(people ...licensing.PersonChange) licensing.Save {
	return licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ada, People: people}
}

// saves saves and verifies, and expects the same of both.
func (h hides) saves(people ...licensing.PersonChange) (licensing.SaveAnswer, error) {
	h.Helper()
	verified, verr := h.atTime(h.Now).Verify(h.Context(), h.request(people...))
	out, err := h.atTime(h.Now).Save(h.Context(), h.request(people...))
	same(h.TB, "verified", licensing.RefusalOf(verr), licensing.RefusalOf(err))
	same(h.TB, "refusals verified", refusedIn(verified), refusedIn(out))
	return out, err
}

func refusedIn(a licensing.SaveAnswer) (out []*licensing.Error) {
	for _, p := range a.People {
		out = append(out, p.Error)
		for _, v := range p.Verdicts {
			out = append(out, v.Error)
		}
	}
	return out
}

func TestR43_L03_WhomACallerMayNotSeeIsNobodyForEveryCommandRequestAndView(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHides(t, s)
		for name, user := range h.users {
			c := licensing.Command{Org: h.Org, User: user, By: h.ada}
			for _, m := range []string{"Resend", "Reset", "Cancel", "Delete", "Recheck"} {
				c.Request = newRequest()
				_, err := h.carry(m, c)
				h.hidden(m+" of "+name, err)
			}
			_, err := h.saves(licensing.PersonChange{User: user, Business: "x@fabrikam.example", Name: "X"})
			h.hidden("a correction of "+name, err)
			out := must[licensing.SaveAnswer](t)(h.saves(edit(user, add(a1, licensing.BenefitsReader))))
			same(t, "roles for "+name, out.People, []licensing.PersonVerdict{{Error: licensing.Hidden()}})
			_, err = h.User(t.Context(), h.Org, h.ada, user)
			h.hidden("View access of "+name, err)
			_, err = h.History(t.Context(), h.Org, h.ada, user, views.Page{})
			h.hidden("history of "+name, err)
			_, err = h.Commanded(t.Context(), c)
			h.hidden("the invitation of "+name, err)
		}
		for name, p := range h.emails {
			_, err := h.FindUser(t.Context(), h.Org, h.ada, p.SignIn)
			h.hidden("the id of "+name, err)
		}
		same(t, "herself", must[licensing.UserID](t)(h.FindUser(t.Context(), h.Org, h.ada, "ada@contoso.example")),
			h.ada)
	})
}

func TestR05_R43_L03_ALicenseIDThatIsNotTheCallersIsNoneForEveryRequestAndView(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHides(t, s)
		for name, l := range h.licenses {
			for who, p := range h.emails {
				p.Access = []licensing.AccessChange{add(l, licensing.BenefitsReader)}
				_, err := h.saves(p)
				h.hidden(who+" on one "+name, err)
			}
			_, err := h.carry("StartHandOver", licensing.HandOver{ID: newRequest(), Org: h.Org, Admin: h.ada,
				Successor: ext("sam"), Licenses: []licensing.LicenseID{l}})
			h.hidden("a hand-over of one "+name, err)
			_, err = h.carry("SetPreference", licensing.PreferenceChange{Request: newRequest(), Org: h.Org,
				User: h.ada, License: l, Inherit: true})
			h.hidden("a preference on one "+name, err)
			_, err = h.RolesOn(t.Context(), h.Org, h.ada, l, h.Now)
			h.hidden("the roles on one "+name, err)
			for _, replace := range []bool{true, false} {
				out := must[licensing.SaveAnswer](t)(h.saves(ext("new", from(a1, l, h.users["hidden"], replace))))
				h.hidden("a copy from one "+name, out.People[0].Verdicts[0].Error)
				out = must[licensing.SaveAnswer](t)(h.saves(
					ext("new", from(l, a1, h.ada, replace), add(a1, licensing.BenefitsReader))))
				h.hidden("a copy to one "+name, out.People[0].Verdicts[0].Error)
			}
		}
		ours := h.handOver("grace", ext("sam"), a2).View.ID
		for name, id := range map[string]licensing.RequestID{"none": newRequest(), "a word": "x", "others'": ours} {
			for _, m := range []string{"AgreeHandOver", "CancelHandOver"} {
				_, err := h.carry(m, licensing.HandOverCommand{Request: newRequest(), Org: h.Org, By: h.ada,
					HandOver: id})
				h.hidden(m+" of "+name, err)
			}
		}
	})
}

func TestL03_BesideWhatIsTheCallersTheRestTellsNothingAndLeavesOneLineWithoutAnybody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHides(t, s)
		hers := ext("kim", add(a1, licensing.BenefitsReader))
		for name, p := range h.emails {
			var rest []licensing.Verdict
			for _, l := range h.licenses {
				p.Access = append(p.Access, add(l, licensing.Administrator))
				rest = append(rest, licensing.Verdict{License: l, Outcome: licensing.Refused,
					Error: licensing.Hidden()})
			}
			lines := h.Count(`SELECT COUNT(*) FROM audit WHERE outcome = 'refused'`)
			out, err := h.atTime(h.Now).Save(t.Context(), h.request(hers, p))
			if err != nil || out.People[0].Error != nil || out.People[0].Verdicts[0].Error != nil {
				t.Fatalf("what is hers: %+v, %v", out, err)
			}
			same(t, name, out.People[1], licensing.PersonVerdict{Verdicts: rest})
			equal(t, "lines of refusals", h.Count(`SELECT COUNT(*) FROM audit WHERE outcome = 'refused'`), lines+1)
			all := h.lastAudit(20)
			line := all[slices.IndexFunc(all, func(l auditRow) bool { return l.Outcome == "refused" })]
			same(t, "the line", []any{line.Outcome, line.Actor, line.UserID, line.LicenseID, line.Rule, line.Detail},
				[]any{"refused", nullString(h.ada), nullString(""), nullString(""), nullString("R43"),
					`{"v":1,"d":{"refused":3}}`})
		}
	})
}

func TestL03_ACopiedLicenseIDOfAnotherOrganizationGivesNoAuthority(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHides(t, s)
		people := ask([]licensing.PersonChange{ext("new", from(a1, "F1", h.users["another organization's"], true))})
		sv := h.request()
		for name, m := range map[string]mandate{
			"an admin's":  adminMandate(licensing.SaveMandate, sv),
			"a partner's": outsideMandate(licensing.ContractMandate, request{id: sv.ID, org: sv.Org}, 0),
		} {
			err := h.read(t.Context(), "load", func(tx *tx) error {
				d, err := tx.load(m, people)
				if err == nil && (d.authority["F1"] || !d.authority[a1]) {
					t.Errorf("%s: authority on %v", name, d.authority)
				}
				return err
			})
			if err != nil {
				t.Error(name, err)
			}
		}
	})
}
