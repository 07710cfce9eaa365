package views_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/rows"
	"vlroles/store/views"
)

func TestR40_TheListShowsThePeopleOfTheLicenseIDsThatIAdministerWhoeverInvitedThem(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.Member("ada", "second", add(a1, licensing.Administrator))
		h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.Invite("grace", "carol", add(a2, licensing.ProductKeysReader))
		second := must[licensing.UserID](t)(h.UserBySignIn(t.Context(), h.Org, "SECOND@fabrikam.example"))
		same(t, "ada", h.Names("ada", licensing.UserFilter{}), "[Ada Lovelace bob second]")
		same(t, "second", h.everybody(second)[1].Name, "bob")
		same(t, "grace", h.Names("grace", licensing.UserFilter{}), "[carol Grace Hopper]")
	})
}

func TestR41_AnAdminOfAParentDoesNotSeeThePeopleBelowIt(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		// R69: ada administers M1 above B1.
		bob := h.Invite("ada", "bob", add(b1, licensing.ProductKeysReader))
		same(t, "ada", h.Names("ada", licensing.UserFilter{}), "[Ada Lovelace]")
		_, err := h.User(t.Context(), h.Org, h.ID("ada"), bob)
		wantRefusal(t, err, licensing.NotFound, "R43")
		same(t, "grace", h.Names("grace", licensing.UserFilter{License: b1}), "[bob Grace Hopper]")
	})
}

func TestR40_WhoIsNoRegisteredAdminInTheTenantSeesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Invite("ada", "bob", add(a1, licensing.Administrator))
		for what, caller := range map[string]licensing.UserID{
			"not registered": bob, "no id": "x", "nobody": "00000000-0000-4000-8000-000000000000",
		} {
			p := must[licensing.UserPage](t)(h.Users(t.Context(), h.Org, caller, licensing.UserFilter{}))
			equal(t, what, len(p.Users), 0)
			_, err := h.User(t.Context(), h.Org, caller, bob)
			wantRefusal(t, err, licensing.NotFound, "R43")
			_, err = h.History(t.Context(), h.Org, caller, bob, views.Page{Limit: 0})
			wantRefusal(t, err, licensing.NotFound, "R43")
		}
		r := h.Registers(bob, "bob@fabrikam.example")
		equal(t, "in progress", len(h.everybody(bob)), 0)
		_, err := h.User(t.Context(), h.Org, bob, h.ID("ada"))
		wantRefusal(t, err, licensing.NotFound, "R43")
		h.Activates(r)
		must[licensing.UserView](t)(h.User(t.Context(), h.Org, bob, h.ID("ada")))
		equal(t, "active", len(h.everybody(bob)), 2)
		h.Leaves("o-ada", "ada@contoso.example", "Ada Lovelace", true)
		same(t, "left the tenant", h.Names("ada", licensing.UserFilter{}), "[]")
	})
}

func TestR43_ViewAccessShowsMyLicenseIDsAndCountsTheOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Member("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.Change("grace", ext("bob", add(a2, licensing.BenefitsReader), add(b1, licensing.BenefitsReader)))
		v := h.View("ada", bob)
		equal(t, "hidden", v.Hidden, 2)
		equal(t, "shown", len(v.Access), 1)
		equal(t, "License ID", v.Access[0].License, a1)
		same(t, "grants", v.Access[0].Grants, "[{product_keys_reader admin true false }]")
		equal(t, "status of what ada sees", v.Status, licensing.StatusActive)
		equal(t, "invitation", v.Invitation.State, licensing.InvitationAccepted)
		var kinds []licensing.MailKind
		for _, m := range v.Mails {
			kinds = append(kinds, m.Kind)
		}
		slices.Sort(kinds) // all were queued in the same moment
		same(t, "mails: not the one about grace's License IDs", kinds, "[registered welcome]")
		g := h.View("grace", bob)
		equal(t, "hidden from grace", g.Hidden, 1)
		equal(t, "status of what grace sees", g.Status, licensing.StatusAssignmentInProgress)
		same(t, "due", g.DueAt, start.Add(2*time.Hour))
		_, err := h.User(t.Context(), h.Org, h.ID("ada"), h.ID("grace"))
		wantRefusal(t, err, licensing.NotFound, "R43")
	})
}

func TestR44_NamesOfInternalPeopleComeFromTheDirectory(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		typed := internal("leo", add(a1, licensing.BenefitsReader))
		typed.Name = "Typed by the admin"
		leo := h.Change("ada", typed).People[0].User
		row := h.Row("ada", leo)
		equal(t, "name", row.Name, "Leo Internal")
		equal(t, "kind", row.Kind, licensing.Internal)
		nameless := ext("x", add(a1, licensing.BenefitsReader))
		nameless.Name = ""
		wantRefusal(t, h.TryChange("ada", nameless).People[0].Error, licensing.Invalid, "R44")
	})
}

func TestR45_EachOfTheSixStatusesIsShownAndFound(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		roles := add(a1, licensing.ProductKeysReader)
		users := map[licensing.Status]licensing.UserID{}
		users[licensing.StatusInvitationSent] = h.Invite("ada", "invitation_sent", roles)
		users[licensing.StatusInvitationExpired] = h.Invite("ada", "invitation_expired", roles)
		expired := h.Invitation(users[licensing.StatusInvitationExpired]).Run.Invitation
		must[licensing.MailID](t)(h.at(h.Now).Expire(t.Context(), expired, 1))
		users[licensing.StatusAssignmentInProgress] = h.Invite("ada", "assignment_in_progress", roles)
		h.Registers(users[licensing.StatusAssignmentInProgress], "assignment_in_progress@fabrikam.example")
		users[licensing.StatusActive] = h.Member("ada", "active", roles)
		users[licensing.StatusFailed] = h.Invite("ada", "failed", roles)
		r := h.Registers(users[licensing.StatusFailed], "failed@fabrikam.example")
		change, due := r.Propagation.Change, r.Propagation.Dues[0]
		if err := h.at(h.Now).Fail(t.Context(), r.User, change, due, "the other side says no"); err != nil {
			t.Fatal(err)
		}
		users[licensing.StatusUserNotFound] = h.Change("ada", internal("leo", roles)).People[0].User
		h.Leaves("o-leo", "leo@contoso.example", "Leo Internal", true)
		for status, u := range users {
			row := h.Row("ada", u)
			equal(t, row.Name, row.Status, status)
			f := licensing.UserFilter{Status: status, License: a1, Role: licensing.ProductKeysReader}
			p := h.List("ada", f)
			if len(p.Users) != 1 || p.Users[0].ID != u {
				t.Errorf("filter %s: got %v", status, p.Users)
			}
			// R46: every action is possible or has its reason.
			equal(t, row.Name+": actions and reasons", len(row.Actions)+len(row.WhyNot), 7)
		}
		v := h.View("ada", users[licensing.StatusFailed])
		equal(t, "reason", v.Access[0].Reason, "the other side says no")
		equal(t, "attempts", v.Access[0].Attempts, 1)
		if v.Access[0].Reference == "" || v.Access[0].Advice == "" || v.Advice == "" {
			t.Errorf("reference and advice (R54): %+v", v.Access[0])
		}
	})
}

func TestR45_TheListShowsTheStatusThatNeedsAttentionFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Member("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.Change("ada", edit(bob, add(m1, licensing.BenefitsReader)))
		row := h.Row("ada", bob)
		equal(t, "status", row.Status, licensing.StatusAssignmentInProgress)
		equal(t, "License IDs", row.Licenses, 2)
		same(t, "roles (R50)", row.Roles, "[product_keys_reader benefits_reader]")
		f := licensing.UserFilter{Status: licensing.StatusActive, Query: "bob"}
		same(t, "found as active", h.Names("ada", f), "[]")
	})
}

func TestR46_ActionsFollowTheStatusAndSayWhyOneIsMissing(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		row := h.Row("ada", bob)
		same(t, "invited", row.Actions, "[view_access edit resend_invite reset_invite delete]")
		same(t, "expires", row.ExpiresAt, start.Add(30*day))
		equal(t, "delivery", row.Delivery, licensing.DeliveryQueued)
		h.Activates(h.Registers(bob, "bob@fabrikam.example"))
		row = h.Row("ada", bob)
		same(t, "active", row.Actions, "[view_access edit delete]")
		equal(t, "why not reset", row.WhyNot[licensing.ResetInvite],
			"the person has already registered (R62)")
		equal(t, "no delivery", row.Delivery, "")
		equal(t, "no delivery in View access", h.View("ada", bob).Delivery, "")
		if !row.ExpiresAt.IsZero() {
			t.Error("an accepted invitation does not expire")
		}
	})
}

func TestR48_R55_DeliveryFollowsTheNewestWelcomeMail(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.WelcomeMail(bob)
		want := func(d licensing.Delivery) {
			t.Helper()
			equal(t, "list", h.Row("ada", bob).Delivery, d)
			equal(t, "view", h.View("ada", bob).Delivery, d)
		}
		want(licensing.DeliveryQueued)
		h.Claims(id)
		want(licensing.DeliveryQueued)
		h.Settles(id, 1, licensing.Settlement{State: licensing.MailUnknown, Code: 0, Answer: ""})
		want(licensing.DeliveryUnknown)
		h.Claims(id)
		h.Settles(id, 2, licensing.Settlement{State: licensing.MailSent, Code: 250, Answer: "ok"})
		want(licensing.DeliverySent)
		h.Now = h.Now.Add(time.Hour)
		sent := must[licensing.InvitationRun](t)(h.at(h.Now).Resend(t.Context(), h.Command("ada", bob)))
		want(licensing.DeliveryQueued)
		h.Claims(sent.Mail)
		h.Settles(sent.Mail, 1, licensing.Settlement{State: licensing.MailRefused, Code: 550, Answer: "no"})
		want(licensing.DeliveryBounced)
	})
}

func TestR50_RolesAreTheUnionOverTheLicenseIDsThatIMaySee(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader),
			add(m1, licensing.BenefitsReader, licensing.ProductKeysReader))
		h.Change("grace", ext("bob", add(a2, licensing.OnlineServicesManager)))
		same(t, "ada", h.Row("ada", bob).Roles, "[product_keys_reader benefits_reader]")
		same(t, "grace", h.Row("grace", bob).Roles, "[online_services_manager]")
		hidden := licensing.UserFilter{Role: licensing.OnlineServicesManager}
		same(t, "not found by a hidden role", h.Names("ada", hidden), "[]")
		same(t, "not found by a hidden License ID", h.Names("ada", licensing.UserFilter{License: a2}), "[]")
	})
}

func TestR40_ASearchFindsTheBeginningOfNamesAndAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		people := []licensing.PersonChange{
			{SignIn: "one@fabrikam.example", Name: "Ärmel Zoë", Business: "Office@Fabrikam.example"},
			{SignIn: "two@fabrikam.example", Name: "100% sure"},
			{SignIn: "three@fabrikam.example", Name: "100 percent"},
			{SignIn: "under_score@fabrikam.example", Name: "underXscore"},
		}
		for n := range people {
			people[n].Access = []licensing.AccessChange{add(a1, licensing.BenefitsReader)}
		}
		h.Change("ada", people...)
		for query, want := range map[string]string{
			"ärmel": "[Ärmel Zoë]", "ÄRM": "[Ärmel Zoë]", "OFFICE@": "[Ärmel Zoë]", "one@fab": "[Ärmel Zoë]",
			"100%": "[100% sure]", "100": "[100 percent 100% sure]", "under_": "[underXscore]",
			"%": "[]", "_": "[]", "zoë": "[]", `\`: "[]", "ada": "[Ada Lovelace]",
			"  ": "[100 percent 100% sure Ada Lovelace underXscore Ärmel Zoë]",
		} {
			same(t, query, h.Names("ada", licensing.UserFilter{Query: query}), want)
		}
	})
}

func TestR40_PagesFollowEachOtherWithoutGapOrRepetition(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		var people []licensing.PersonChange
		for n := range 23 {
			p := ext(fmt.Sprintf("p%02d", n), add(a1, licensing.BenefitsReader))
			p.Name = []string{"Same Name", "same name", "Žofie", "Zed", "\u1e9eharp"}[n%5]
			people = append(people, p)
		}
		h.Change("ada", people...)
		for _, limit := range []int{1, 2, 7, 24, 200} {
			for _, status := range []licensing.Status{"", licensing.StatusInvitationSent} {
				f, seen := licensing.UserFilter{Limit: limit, Status: status}, map[licensing.UserID]bool{}
				for {
					p := h.List("ada", f)
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
				all := map[bool]int{true: 24, false: 23}[status == ""]
				equal(t, fmt.Sprintf("limit %d, status %q", limit, status), len(seen), all)
			}
		}
		names := h.Names("ada", licensing.UserFilter{Limit: 3})
		keys := make([]string, len(names))
		for n, name := range names {
			keys[n] = rows.NameKey(name)
		}
		if !slices.IsSorted(keys) {
			t.Errorf("not in order: %v", names)
		}
	})
}

func TestR40_AFilterThatBreaksTheFormIsRefusedWithItsField(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for field, f := range map[string]licensing.UserFilter{
			"status": {Status: "lost"}, "role": {Role: "king"}, "license_id": {License: "A 1"},
			"limit": {Limit: 201}, "cursor": {Cursor: "###"},
			"q": {Query: strings.Repeat("x", 257)},
		} {
			_, err := h.Users(t.Context(), h.Org, h.ID("ada"), f)
			if licensing.KindOf(err) != licensing.Invalid || !strings.Contains(err.Error(), field) {
				t.Errorf("%s: got %v", field, err)
			}
		}
		for _, c := range []string{"e30", "eyJuIjoiYSIsImkiOiJ4In0", "AAAA"} {
			_, err := h.Users(t.Context(), h.Org, h.ID("ada"), licensing.UserFilter{Cursor: c})
			wantRefusal(t, err, licensing.Invalid, "R40")
		}
	})
}

func TestR40_ALongListIsReadAnotherWayAndShowsTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.Member("ada", "active", add(a1, licensing.ProductKeysReader), add(m1, licensing.BenefitsReader))
		h.Invite("ada", "invited", add(m1, licensing.ProductKeysReader))
		h.Invite("grace", "hidden", add(a2, licensing.ProductKeysReader))
		h.Change("ada", internal("leo", add(a1, licensing.BenefitsReader)))
		h.Leaves("o-leo", "leo@contoso.example", "Leo Internal", true)
		for _, f := range []licensing.UserFilter{
			{}, {License: m1}, {License: a2}, {Query: "invited@"},
			{Role: licensing.ProductKeysReader}, {Role: licensing.ProductKeysReader, License: m1},
			{Status: licensing.StatusInvitationSent, License: m1, Role: licensing.ProductKeysReader,
				Query: "i"},
			{Status: licensing.StatusActive}, {Status: licensing.StatusUserNotFound},
			{Status: licensing.StatusActive, License: m1},
		} {
			f = must[licensing.UserFilter](t)(f.Check())
			ways, err := views.ReadBothWays(t.Context(), h.store.Reader(), h.Org, h.ID("ada"), f)
			if err != nil {
				t.Fatal(err)
			}
			same(t, fmt.Sprintf("%+v", f), ways[1], ways[0])
		}
	})
}

func TestR45_StatusRoleAndLicenseIDAreAskedOfWhatTheLineShows(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Member("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.Change("ada", edit(bob, add(m1, licensing.BenefitsReader)))
		equal(t, "the line's status", h.Row("ada", bob).Status, licensing.StatusAssignmentInProgress)
		for _, f := range []licensing.UserFilter{
			{License: a1}, {License: m1},
			{Role: licensing.ProductKeysReader}, {Role: licensing.ProductKeysReader, License: a1},
		} {
			f.Query, f.Status = "bob", licensing.StatusAssignmentInProgress
			same(t, fmt.Sprintf("%+v", f), h.Names("ada", f), "[bob]")
			f.Query = ""
			same(t, fmt.Sprintf("%+v", f), h.Names("ada", f), "[bob]")
			f.Status = licensing.StatusActive
			if slices.Contains(h.Names("ada", f), "bob") {
				t.Errorf("%+v: bob is in progress", f)
			}
		}
		elsewhere := licensing.UserFilter{Role: licensing.BenefitsReader, License: a1}
		same(t, "a role elsewhere", h.Names("ada", elsewhere), "[]")
	})
}

func TestR44_TheListFollowsAChangedName(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		keys := licensing.ProductKeysReader
		bob := h.Invite("ada", "bob", add(a1, keys), add(m1, keys))
		h.Invite("ada", "mia", add(a1, licensing.ProductKeysReader))
		same(t, "before", h.Names("ada", licensing.UserFilter{Limit: 1}), "[Ada Lovelace bob mia]")
		h.Change("ada", licensing.PersonChange{User: bob, Name: "Zoe"})
		h.Leaves("o-ada", "ada@contoso.example", "Nora", false)
		for _, limit := range []int{1, 2, 50} {
			same(t, "after", h.Names("ada", licensing.UserFilter{Limit: limit}), "[mia Nora Zoe]")
		}
		stale := h.Count(`
			SELECT COUNT(*)
			FROM assignments a
			JOIN users u ON u.id = a.user_id
			WHERE u.name_key <> a.name_key`)
		equal(t, "assignments with an old name", stale, 0)
	})
}

func TestR40_AFilterThatFindsNextToNobodyEndsACallAndTheCursorGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		const n = views.MaxStrides * views.PageStride
		h.crowd(n)
		f, names, calls := licensing.UserFilter{Status: licensing.StatusActive, Limit: 5}, []string{}, 0
		for more := true; more; more = f.Cursor != "" {
			p := h.List("ada", f)
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
		equal(t, "failed",
			len(h.Names("ada", licensing.UserFilter{Status: licensing.StatusFailed, Limit: 200})), n)
	})
}

// crowd adds n people who are Active on A1 and Failed on M1, and one who is Active on both, past the rules.
func (h *house) crowd(n int) {
	h.Helper()
	var queries []string
	for i := range n + 1 {
		id, email := uuid.NewString(), fmt.Sprintf("c%d@fabrikam.example", i)
		name, second := fmt.Sprintf("crowd %06d", i), `'failed', 'no'`
		if i == n {
			name, second = "zz last", `'active', NULL`
		}
		queries = append(queries, fmt.Sprintf(`
			INSERT INTO users (id, org_id, sign_in_email, sign_in_key, business_email, name, name_key, kind,
				in_tenant, registered_at, created_at)
			VALUES ('%[1]s', '%[2]s', '%[3]s', '%[3]s', '%[3]s', '%[4]s', '%[4]s', 'external', true,
				'2026-03-02T09:00:00.000000Z', '2026-03-02T09:00:00.000000Z')`, id, h.Org, email, name),
			fmt.Sprintf(`
			INSERT INTO assignments (user_id, license_id, org_id, state, reason, changed_at)
			VALUES ('%[1]s', 'A1', '%[2]s', 'active', NULL, '2026-03-02T09:00:00.000000Z'),
				('%[1]s', 'M1', '%[2]s', %[3]s, '2026-03-02T09:00:00.000000Z')`, id, h.Org, second))
	}
	h.seed(queries)
}
