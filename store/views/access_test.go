package views_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/views"
)

func TestR02_WithoutAnActiveGrantAPersonCanDoNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, p := range licensing.Permissions() {
			h.Denied(h.ID("grace"), a1, p, "R02")
			h.Denied(licensing.UserID(uuid.NewString()), a1, p, "R02")
			h.Denied("no id", a1, p, "R02")
			h.Denied(h.ID("ada"), "NONE", p, "R02")
			h.Denied(h.ID("ada"), "no license", p, "R02")
		}
		other := licensing.OrgID(uuid.NewString())
		a := must[licensing.Answer](t)(h.Access(t.Context(), other, h.ID("ada"), a1, licensing.ViewOrders))
		equal(t, "allowed in another organization", a.Allowed, false)
	})
}

func TestR01_AnActiveGrantAllowsWhatItsRoleDoesAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Member("ada", "bob", add(a1, licensing.ProductKeysReader, licensing.InvoiceReader))
		for _, p := range licensing.Permissions() {
			want := licensing.ProductKeysReader.Permits(p) || licensing.InvoiceReader.Permits(p)
			equal(t, string(p), h.May(bob, a1, p).Allowed, want)
			equal(t, string(p)+" elsewhere", h.May(bob, m1, p).Allowed, false)
		}
		a := h.May(h.ID("ada"), a1, licensing.ManageAssignments)
		equal(t, "through", a.Role, licensing.Administrator)
		equal(t, "origin", a.Origin, licensing.ByContract)
	})
}

func TestR71_AddedRolesWaitAndRemovedRolesEndAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.Denied(bob, a1, licensing.ViewProductKeys, "R23")
		r := h.Registers(bob, "bob@fabrikam.example")
		h.Denied(bob, a1, licensing.ViewProductKeys, "R53")
		h.Activates(r)
		equal(t, "active", h.May(bob, a1, licensing.ViewProductKeys).Allowed, true)
		swap := add(a1, licensing.BenefitsReader)
		swap.Remove = []licensing.Role{licensing.ProductKeysReader}
		h.Change("ada", edit(bob, swap))
		h.Denied(bob, a1, licensing.ManageBenefits, "R53")
		h.Denied(bob, a1, licensing.ViewProductKeys, "R02")
	})
}

func TestR84_AccessEndsAsSoonAsAPersonLeavesTheTenant(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		equal(t, "before", h.May(h.ID("ada"), a1, licensing.ViewOrders).Allowed, true)
		h.Leaves("o-ada", "ada@contoso.example", "Ada Lovelace", true)
		h.Denied(h.ID("ada"), a1, licensing.ViewOrders, "R84")
		sv := licensing.Save{ID: licensing.RequestID(uuid.NewString()), Org: h.Org, Admin: h.ID("ada"),
			People: []licensing.PersonChange{ext("bob", add(a1, licensing.BenefitsReader))}}
		_, err := h.at(h.Now).Save(t.Context(), sv)
		wantRefusal(t, err, licensing.NotFound, "R43")
	})
}

func TestR35_TheInvitationPageNamesNobodyAndAnEndedInvitationShowsNoRoles(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Invite("ada", "bob", add(a1, licensing.ProductKeysReader))
		id := h.Invitation(bob).Run.Invitation
		page := must[licensing.InvitationView](t)(h.InvitationPage(t.Context(), id))
		equal(t, "organization", page.Organization, "Contoso")
		equal(t, "state", page.State, licensing.InvitationOpen)
		same(t, "expires", page.ExpiresAt, start.Add(30*day))
		same(t, "access", page.Access[0].Roles, "[product_keys_reader]")
		h.Registers(bob, "bob@fabrikam.example")
		page = must[licensing.InvitationView](t)(h.InvitationPage(t.Context(), id))
		equal(t, "state", page.State, licensing.InvitationAccepted)
		equal(t, "roles", len(page.Access), 0)
		for _, unknown := range []licensing.InvitationID{"x", licensing.InvitationID(uuid.NewString())} {
			_, err := h.InvitationPage(t.Context(), unknown)
			wantRefusal(t, err, licensing.NotFound, "R28")
		}
	})
}

func TestHistoryTellsWhoDidWhatOnTheLicenseIDsThatIAdminister(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		bob := h.Member("ada", "bob", add(a1, licensing.ProductKeysReader))
		h.Change("grace", ext("bob", add(a2, licensing.BenefitsReader)))
		all := h.history("ada", bob, views.Page{Limit: 0})
		var text []string
		for _, l := range all {
			equal(t, "License ID", l.License, a1)
			text = append(text, l.Actor+": "+string(l.Action))
		}
		if len(text) < 3 || text[1] != "bob: register" || text[len(text)-1] != ": activate" {
			t.Errorf("got %q", text)
		}
		equal(t, "who invited", all[0].Actor, "Ada Lovelace")
		newest := h.history("ada", bob, views.Page{Limit: 1})
		equal(t, "the newest line", newest[0].Action, "activate")
		equal(t, "who invited, by id", all[0].ActorID, h.ID("ada"))
		var pages []licensing.HistoryLine
		for before := int64(0); ; before = pages[0].ID {
			page := h.history("ada", bob, views.Page{Limit: 2, Before: before})
			if len(page) == 0 {
				break
			}
			pages = append(page, pages...)
		}
		same(t, "page by page", pages, all)
		h.Change("ada", edit(bob, take(a1, licensing.ProductKeysReader)))
		same(t, "behind the oldest line of one who left the list",
			h.history("ada", bob, views.Page{Limit: 2, Before: all[0].ID}), "[]")
		_, err := h.History(t.Context(), h.Org, h.ID("ada"), h.ID("grace"), views.Page{Limit: 0})
		wantRefusal(t, err, licensing.NotFound, "R43")
	})
}

func TestOrganizationsAndAgreementsAreFound(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for _, key := range []string{string(h.Org), "contoso.example", " CONTOSO.example"} {
			equal(t, key, must[licensing.OrgID](t)(h.OrganizationOf(t.Context(), key)), h.Org)
		}
		_, err := h.OrganizationOf(t.Context(), "fabrikam.example")
		wantRefusal(t, err, licensing.NotFound, "")
		all := must[[]licensing.Organization](t)(h.Organizations(t.Context()))
		same(t, "all", all, []licensing.Organization{{ID: h.Org, Name: "Contoso"}})
		h.Member("grace", "second", add(b1, licensing.Administrator))
		list := must[[]licensing.AgreementLine](t)(h.Agreements(t.Context(), h.Org, h.ID("grace"), false))
		same(t, "License IDs", []licensing.LicenseID{list[0].License, list[1].License}, "[A2 B1]")
		equal(t, "parent", list[1].Parent, m1)
		equal(t, "active admins (R33)", list[1].Admins, 2)
		equal(t, "program", list[1].Program, "Enterprise Agreement")
		same(t, "processed", list[0].ProcessedAt, start.Add(-30*day))
		_, err = h.UserBySignIn(t.Context(), "x", "ada@contoso.example")
		wantRefusal(t, err, licensing.NotFound, "R43")
	})
}

func TestR68_TheLicenseIDsThatIAdministerAreListedAndThoseBelowWhenAskedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		for inherited, want := range map[bool][]string{
			false: {"A1", "M1"}, true: {"A1", "B1 inherited", "M1"},
		} {
			var got []string
			all, err := h.Agreements(t.Context(), h.Org, h.ID("ada"), inherited)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range all {
				name := string(a.License)
				if a.Inherited {
					name += " inherited"
				}
				got = append(got, name)
			}
			same(t, "with those below: "+fmt.Sprint(inherited), got, want)
		}
	})
}
