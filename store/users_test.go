package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
)

func (h *house) list(who string, f licensing.UserFilter) licensing.UserPage {
	h.Helper()
	p, err := h.Users(h.Context(), h.org, h.id(who), f)
	if err != nil {
		h.Fatal(err)
	}
	return p
}

// names returns who stands on all pages together, in order.
func (h *house) names(who string, f licensing.UserFilter) []string {
	h.Helper()
	out := []string{}
	for {
		p := h.list(who, f)
		for _, u := range p.Users {
			out = append(out, u.Name)
		}
		if p.Next == "" {
			return out
		}
		f.Cursor = p.Next
	}
}

func (h *house) row(who string, user licensing.UserID) licensing.UserRow {
	h.Helper()
	for _, u := range h.list(who, licensing.UserFilter{}).Users {
		if u.ID == user {
			return u
		}
	}
	h.Fatalf("%s does not see the user", who)
	return licensing.UserRow{}
}

func (h *house) view(who string, user licensing.UserID) licensing.UserView {
	h.Helper()
	return must[licensing.UserView](h.TB)(h.User(h.Context(), h.org, h.id(who), user))
}

func TestR40_TheListShowsThePeopleOfTheLicenseIDsThatIAdministerWhoeverInvitedThem(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.member("ada", "second", add(a1, licensing.Administrator))
		h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.invite("grace", "carol", add(a2, licensing.ProductKeysReader))
		second := must[licensing.UserID](t)(h.UserBySignIn(t.Context(), h.org, "SECOND@fabrikam.example"))
		same(t, "ada", h.names("ada", licensing.UserFilter{}), "[Ada Lovelace bob second]")
		same(t, "second", must[licensing.UserPage](t)(h.Users(t.Context(), h.org, second, licensing.UserFilter{})).Users[1].Name, "bob")
		same(t, "grace", h.names("grace", licensing.UserFilter{}), "[carol Grace Hopper]")
	})
}

func TestR41_AnAdminOfAParentDoesNotSeeThePeopleBelowIt(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(b1, licensing.ProductKeysReader)) // R69: ada administers M1 above B1
		same(t, "ada", h.names("ada", licensing.UserFilter{}), "[Ada Lovelace]")
		_, err := h.User(t.Context(), h.org, h.id("ada"), bob)
		wantRefusal(t, err, licensing.NotFound, "R43")
		same(t, "grace", h.names("grace", licensing.UserFilter{License: b1}), "[bob Grace Hopper]")
	})
}

func TestR40_WhoIsNoRegisteredAdminInTheTenantSeesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.Administrator))
		for what, caller := range map[string]licensing.UserID{"not registered": bob, "no id": "x", "nobody": "00000000-0000-4000-8000-000000000000"} {
			p := must[licensing.UserPage](t)(h.Users(t.Context(), h.org, caller, licensing.UserFilter{}))
			equal(t, what, len(p.Users), 0)
			_, err := h.User(t.Context(), h.org, caller, bob)
			wantRefusal(t, err, licensing.NotFound, "R43")
			_, err = h.History(t.Context(), h.org, caller, bob, 0)
			wantRefusal(t, err, licensing.NotFound, "R43")
		}
		r := h.register(bob, "bob@fabrikam.example")
		equal(t, "in progress", len(must[licensing.UserPage](t)(h.Users(t.Context(), h.org, bob, licensing.UserFilter{})).Users), 0)
		_, err := h.User(t.Context(), h.org, bob, h.id("ada"))
		wantRefusal(t, err, licensing.NotFound, "R43")
		h.activate(r)
		must[licensing.UserView](t)(h.User(t.Context(), h.org, bob, h.id("ada")))
		equal(t, "active", len(must[licensing.UserPage](t)(h.Users(t.Context(), h.org, bob, licensing.UserFilter{})).Users), 2)
		h.leaves("o-ada", "ada@contoso.example", "Ada Lovelace", true)
		same(t, "left the tenant", h.names("ada", licensing.UserFilter{}), "[]")
	})
}

func TestR43_ViewAccessShowsMyLicenseIDsAndCountsTheOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.member("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.save("grace", ext("bob", add(a2, licensing.BenefitsReader), add(b1, licensing.BenefitsReader)))
		v := h.view("ada", bob)
		equal(t, "hidden", v.Hidden, 2)
		equal(t, "shown", len(v.Access), 1)
		equal(t, "License ID", v.Access[0].License, a1)
		same(t, "grants", v.Access[0].Grants, "[{product_keys_reader admin true}]")
		equal(t, "status of what ada sees", v.Status, licensing.Active)
		equal(t, "invitation", v.Invitation.State, licensing.InvitationAccepted)
		var kinds []licensing.MailKind
		for _, m := range v.Mails {
			kinds = append(kinds, m.Kind)
		}
		slices.Sort(kinds) // all were queued in the same moment
		same(t, "mails: not the one about grace's License IDs", kinds, "[registered welcome]")
		g := h.view("grace", bob)
		equal(t, "hidden from grace", g.Hidden, 1)
		equal(t, "status of what grace sees", g.Status, licensing.AssignmentInProgress)
		same(t, "due", g.DueAt, start.Add(2*time.Hour))
		_, err := h.User(t.Context(), h.org, h.id("ada"), h.id("grace"))
		wantRefusal(t, err, licensing.NotFound, "R43")
	})
}

func TestR44_NamesOfInternalPeopleComeFromTheDirectory(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		leo := h.save("ada", licensing.PersonChange{SignIn: "leo@contoso.example", Name: "Typed by the admin", Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}}).People[0].User
		row := h.row("ada", leo)
		equal(t, "name", row.Name, "Leo Internal")
		equal(t, "kind", row.Kind, licensing.Internal)
		nameless := h.saveAny("ada", licensing.PersonChange{SignIn: "x@fabrikam.example", Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}})
		wantRefusal(t, nameless.People[0].Error, licensing.Invalid, "R44")
	})
}

func TestR45_EachOfTheSixStatusesIsShownAndFound(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		roles := add(a1, licensing.ProductKeysReader)
		users := map[licensing.Status]licensing.UserID{}
		users[licensing.InvitationSent] = h.invite("ada", "invitation_sent", roles)
		users[licensing.InvitationExpired] = h.invite("ada", "invitation_expired", roles)
		must[licensing.MailID](t)(h.atTime(h.now).Expire(t.Context(), h.standing(users[licensing.InvitationExpired]).Sending.Invitation, 1))
		users[licensing.AssignmentInProgress] = h.invite("ada", "assignment_in_progress", roles)
		h.register(users[licensing.AssignmentInProgress], "assignment_in_progress@fabrikam.example")
		users[licensing.Active] = h.member("ada", "active", roles)
		users[licensing.Failed] = h.invite("ada", "failed", roles)
		r := h.register(users[licensing.Failed], "failed@fabrikam.example")
		if err := h.Store.atTime(h.now).Fail(t.Context(), r.User, r.Propagation.Change, r.Propagation.Dues[0], "the other side says no"); err != nil {
			t.Fatal(err)
		}
		users[licensing.UserNotFound] = h.save("ada", licensing.PersonChange{SignIn: "leo@contoso.example", Access: []licensing.AccessChange{roles}}).People[0].User
		h.leaves("o-leo", "leo@contoso.example", "Leo Internal", true)
		for status, u := range users {
			row := h.row("ada", u)
			equal(t, row.Name, row.Status, status)
			p := h.list("ada", licensing.UserFilter{Status: status, License: a1, Role: licensing.ProductKeysReader})
			if len(p.Users) != 1 || p.Users[0].ID != u {
				t.Errorf("filter %s: got %v", status, p.Users)
			}
			// R46: every action is possible or has its reason.
			equal(t, row.Name+": actions and reasons", len(row.Actions)+len(row.WhyNot), 7)
		}
		v := h.view("ada", users[licensing.Failed])
		equal(t, "reason", v.Access[0].Reason, "the other side says no")
		equal(t, "attempts", v.Access[0].Attempts, 1)
		if v.Access[0].Reference == "" || v.Access[0].Advice == "" || v.Advice == "" {
			t.Errorf("reference and advice (R54): %+v", v.Access[0])
		}
	})
}

func TestR45_TheListShowsTheStatusThatNeedsAttentionFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.member("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.save("ada", licensing.PersonChange{User: bob, Access: []licensing.AccessChange{add(m1, licensing.BenefitsReader)}})
		row := h.row("ada", bob)
		equal(t, "status", row.Status, licensing.AssignmentInProgress)
		equal(t, "License IDs", row.Licenses, 2)
		same(t, "roles (R50)", row.Roles, "[product_keys_reader benefits_reader]")
		same(t, "found as active", h.names("ada", licensing.UserFilter{Status: licensing.Active, Query: "bob"}), "[]")
	})
}

func TestR46_ActionsFollowTheStatusAndSayWhyOneIsMissing(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		row := h.row("ada", bob)
		same(t, "invited", row.Actions, "[view_access edit resend_invite reset_invite delete]")
		same(t, "expires", row.ExpiresAt, start.Add(30*day))
		equal(t, "delivery", row.Delivery, licensing.DeliveryQueued)
		h.activate(h.register(bob, "bob@fabrikam.example"))
		row = h.row("ada", bob)
		same(t, "active", row.Actions, "[view_access edit delete]")
		equal(t, "why not reset", row.WhyNot[licensing.ResetInvite], "the person has already registered (R62)")
		equal(t, "no delivery", row.Delivery, "")
		equal(t, "no delivery in View access", h.view("ada", bob).Delivery, "")
		if !row.ExpiresAt.IsZero() {
			t.Error("an accepted invitation does not expire")
		}
	})
}

func TestR48_R55_DeliveryFollowsTheNewestWelcomeMail(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.welcome(bob)
		want := func(d licensing.Delivery) {
			t.Helper()
			equal(t, "list", h.row("ada", bob).Delivery, d)
			equal(t, "view", h.view("ada", bob).Delivery, d)
		}
		want(licensing.DeliveryQueued)
		h.claim(id)
		want(licensing.DeliveryQueued)
		h.settle(id, 1, licensing.MailUnknown, 0, "")
		want(licensing.DeliveryUnknown)
		h.claim(id)
		h.settle(id, 2, licensing.MailSent, 250, "ok")
		want(licensing.DeliverySent)
		h.now = h.now.Add(time.Hour)
		sent := must[licensing.Sending](t)(h.atTime(h.now).Resend(t.Context(), h.command("ada", bob)))
		want(licensing.DeliveryQueued)
		h.claim(sent.Mail)
		h.settle(sent.Mail, 1, licensing.MailRefused, 550, "no")
		want(licensing.DeliveryBounced)
	})
}

func TestR50_RolesAreTheUnionOverTheLicenseIDsThatIMaySee(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader), add(m1, licensing.BenefitsReader, licensing.ProductKeysReader))
		h.save("grace", ext("bob", add(a2, licensing.OnlineServicesManager)))
		same(t, "ada", h.row("ada", bob).Roles, "[product_keys_reader benefits_reader]")
		same(t, "grace", h.row("grace", bob).Roles, "[online_services_manager]")
		same(t, "not found by a hidden role", h.names("ada", licensing.UserFilter{Role: licensing.OnlineServicesManager}), "[]")
		same(t, "not found by a hidden License ID", h.names("ada", licensing.UserFilter{License: a2}), "[]")
	})
}

func TestR40_ASearchFindsTheBeginningOfNamesAndAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		people := []licensing.PersonChange{
			{SignIn: "one@fabrikam.example", Name: "Ärmel Zoë", Business: "Office@Fabrikam.example"},
			{SignIn: "two@fabrikam.example", Name: "100% sure"}, {SignIn: "three@fabrikam.example", Name: "100 percent"},
			{SignIn: "under_score@fabrikam.example", Name: "underXscore"},
		}
		for n := range people {
			people[n].Access = []licensing.AccessChange{add(a1, licensing.BenefitsReader)}
		}
		h.save("ada", people...)
		for query, want := range map[string]string{
			"ärmel": "[Ärmel Zoë]", "ÄRM": "[Ärmel Zoë]", "OFFICE@": "[Ärmel Zoë]", "one@fab": "[Ärmel Zoë]", "100%": "[100% sure]", "100": "[100 percent 100% sure]",
			"under_": "[underXscore]", "%": "[]", "_": "[]", "zoë": "[]", `\`: "[]", "ada": "[Ada Lovelace]", "  ": "[100 percent 100% sure Ada Lovelace underXscore Ärmel Zoë]",
		} {
			same(t, query, h.names("ada", licensing.UserFilter{Query: query}), want)
		}
	})
}

func TestR40_PagesFollowEachOtherWithoutGapOrRepetition(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		var people []licensing.PersonChange
		for n := range 23 {
			p := ext(fmt.Sprintf("p%02d", n), add(a1, licensing.BenefitsReader))
			p.Name = []string{"Same Name", "same name", "Žofie", "Zed", "\u1e9eharp"}[n%5]
			people = append(people, p)
		}
		h.save("ada", people...)
		for _, limit := range []int{1, 2, 7, 24, 200} {
			for _, status := range []licensing.Status{"", licensing.InvitationSent} {
				f, seen := licensing.UserFilter{Limit: limit, Status: status, Query: ""}, map[licensing.UserID]bool{}
				for {
					p := h.list("ada", f)
					for _, u := range p.Users {
						if seen[u.ID] {
							t.Fatalf("limit %d: %s stands there twice", limit, u.Name)
						}
						seen[u.ID] = true
					}
					if len(p.Users) > limit {
						t.Fatalf("limit %d: %d users", limit, len(p.Users))
					}
					if f.Cursor = p.Next; f.Cursor == "" {
						break
					}
				}
				equal(t, fmt.Sprintf("limit %d, status %q", limit, status), len(seen), map[bool]int{true: 24, false: 23}[status == ""])
			}
		}
		names := h.names("ada", licensing.UserFilter{Limit: 3})
		keys := make([]string, len(names))
		for n, name := range names {
			keys[n] = nameKey(name)
		}
		if !slices.IsSorted(keys) {
			t.Errorf("not in order: %v", names)
		}
	})
}

func TestR40_AFilterThatBreaksTheFormIsRefusedWithItsField(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		for field, f := range map[string]licensing.UserFilter{
			"status": {Status: "lost"}, "role": {Role: "king"}, "license_id": {License: "A 1"}, "limit": {Limit: 201}, "cursor": {Cursor: "###"},
			"q": {Query: strings.Repeat("x", 257)},
		} {
			_, err := h.Users(t.Context(), h.org, h.id("ada"), f)
			if licensing.KindOf(err) != licensing.Invalid || !strings.Contains(err.Error(), field) {
				t.Errorf("%s: got %v", field, err)
			}
		}
		for _, c := range []string{"e30", "eyJuIjoiYSIsImkiOiJ4In0", "AAAA"} {
			_, err := h.Users(t.Context(), h.org, h.id("ada"), licensing.UserFilter{Cursor: c})
			wantRefusal(t, err, licensing.Invalid, "R40")
		}
	})
}

func TestR40_ALongListIsReadAnotherWayAndShowsTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.member("ada", "active", add(a1, licensing.ProductKeysReader), add(m1, licensing.BenefitsReader))
		h.invite("ada", "invited", add(m1, licensing.ProductKeysReader))
		h.invite("grace", "hidden", add(a2, licensing.ProductKeysReader))
		h.save("ada", licensing.PersonChange{SignIn: "leo@contoso.example", Access: []licensing.AccessChange{add(a1, licensing.BenefitsReader)}})
		h.leaves("o-leo", "leo@contoso.example", "Leo Internal", true)
		var everybody []licensing.UserID
		if err := s.reads.Select(&everybody, `SELECT id FROM users`); err != nil {
			t.Fatal(err)
		}
		for _, f := range []licensing.UserFilter{
			{}, {License: m1}, {License: a2}, {Role: licensing.ProductKeysReader}, {Role: licensing.ProductKeysReader, License: m1}, {Query: "invited@"},
			{Status: licensing.InvitationSent, License: m1, Role: licensing.ProductKeysReader, Query: "i"},
			{Status: licensing.Active}, {Status: licensing.UserNotFound}, {Status: licensing.Active, License: m1},
		} {
			f = must[licensing.UserFilter](t)(f.Check())
			var ways [2][]string
			err := s.read(t.Context(), "read both ways", func(tx *tx) error {
				for n := range ways {
					l := listing{tx: tx, org: h.org, caller: h.id("ada"), filter: f, short: n == 0, found: everybody,
						after: &cursor{NameKey: "a", ID: licensing.UserID("00000000-0000-4000-8000-000000000000")}}
					if err := l.open(); err != nil {
						return err
					}
					l.narrow()
					people, _, err := l.next(10)
					if err != nil {
						return err
					}
					rows, err := l.rows(people)
					if err != nil {
						return err
					}
					for _, r := range rows {
						ways[n] = append(ways[n], r.Name)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("%+v", f), ways[1], ways[0])
		}
	})
}

func TestR45_StatusRoleAndLicenseIDAreAskedOfWhatTheLineShows(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.member("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.save("ada", licensing.PersonChange{User: bob, Access: []licensing.AccessChange{add(m1, licensing.BenefitsReader)}})
		equal(t, "the line's status", h.row("ada", bob).Status, licensing.AssignmentInProgress)
		for _, f := range []licensing.UserFilter{
			{License: a1}, {License: m1}, {Role: licensing.ProductKeysReader}, {Role: licensing.ProductKeysReader, License: a1},
		} {
			f.Query, f.Status = "bob", licensing.AssignmentInProgress
			same(t, fmt.Sprintf("%+v", f), h.names("ada", f), "[bob]")
			f.Query = ""
			same(t, fmt.Sprintf("%+v", f), h.names("ada", f), "[bob]")
			f.Status = licensing.Active
			if slices.Contains(h.names("ada", f), "bob") {
				t.Errorf("%+v: bob is in progress", f)
			}
		}
		same(t, "a role elsewhere", h.names("ada", licensing.UserFilter{Role: licensing.BenefitsReader, License: a1}), "[]")
	})
}

func TestR44_TheListFollowsAChangedName(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		bob := h.invite("ada", "bob", add(a1, licensing.ProductKeysReader), add(m1, licensing.ProductKeysReader))
		h.invite("ada", "mia", add(a1, licensing.ProductKeysReader))
		same(t, "before", h.names("ada", licensing.UserFilter{Limit: 1}), "[Ada Lovelace bob mia]")
		h.save("ada", licensing.PersonChange{User: bob, Name: "Zoe"})
		h.leaves("o-ada", "ada@contoso.example", "Nora", false)
		for _, limit := range []int{1, 2, 50} {
			same(t, "after", h.names("ada", licensing.UserFilter{Limit: limit}), "[mia Nora Zoe]")
		}
		var stale int
		if err := s.reads.Get(&stale, `SELECT COUNT(*) FROM assignments a JOIN users u ON u.id = a.user_id WHERE u.name_key <> a.name_key`); err != nil {
			t.Fatal(err)
		}
		equal(t, "assignments with an old name", stale, 0)
	})
}

func TestR40_AFilterThatFindsNextToNobodyEndsACallAndTheCursorGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		const n = mostStrides * stride
		h.crowd(n)
		f, names, calls := licensing.UserFilter{Status: licensing.Active, Limit: 5}, []string{}, 0
		for more := true; more; more = f.Cursor != "" {
			p := h.list("ada", f)
			for _, u := range p.Users {
				names = append(names, u.Name)
			}
			f.Cursor, calls = p.Next, calls+1
		}
		if calls < 2 || calls > 4 {
			t.Errorf("%d calls", calls)
		}
		// Everybody else's Failed comes before Active.
		same(t, "active", names, "[Ada Lovelace zz last]")
		equal(t, "failed", len(h.names("ada", licensing.UserFilter{Status: licensing.Failed, Limit: 200})), n)
	})
}

// crowd adds n people who are Active on A1 and Failed on M1, and one who is Active on both, past the rules.
func (h *house) crowd(n int) {
	h.Helper()
	var users []userRow
	var assignments []assignmentRow
	for i := range n + 1 {
		u := userRow{ID: licensing.UserID(uuid.NewString()), OrgID: h.org, Kind: licensing.External, InTenant: true, RegisteredAt: at(h.now), CreatedAt: at(h.now)}
		u.address(licensing.Email(fmt.Sprintf("c%d@fabrikam.example", i)))
		u.rename(fmt.Sprintf("crowd %06d", i))
		a := assignmentRow{UserID: u.ID, LicenseID: a1, OrgID: h.org, State: licensing.Settled, ChangedAt: at(h.now)}
		b := a
		b.LicenseID, b.State, b.Reason = m1, licensing.Broken, "no"
		if i == n {
			u.rename("zz last")
			b.State, b.Reason = licensing.Settled, ""
		}
		u.BusinessEmail = u.SignInEmail
		users, assignments = append(users, u), append(assignments, a, b)
	}
	err := h.write(h.Context(), "seed", func(t *tx) error { return (&plan{users: users, assignments: assignments}).write(t) })
	if err != nil {
		h.Fatal(err)
	}
}
