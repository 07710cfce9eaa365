package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"vlroles/licensing"
)

// TestR35_R40_R41_R42_R43_EveryReadGivesEveryCallerWhatTheTableSays walks every read of the store that has a caller with
// every kind of caller. What a caller may not see does not leave the store: the answers are searched for names and
// License IDs that they must not hold.
func TestR35_R40_R41_R42_R43_EveryReadGivesEveryCallerWhatTheTableSays(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		other := &house{TB: t, Store: s, org: licensing.OrgID(uuid.NewString()), now: start}
		other.apply(licensing.Intake{Name: "Fabrikam", Agreements: []licensing.ContractAgreement{{License: "F1", Program: "MPSA", ProcessedAt: start,
			Administrators: []licensing.ContractAdministrator{{SignIn: "frank@other.example", Name: "Frank", Registered: start}}}}})

		// P1 above P2. Target holds roles on P2 and, out of sight, on A2.
		h.put(agreement("P1", "", contact(licensing.PrimaryContact, "parentadmin"), contact(licensing.OnlineAdministratorContact, "heir")))
		h.put(agreement("P2", "P1", contact(licensing.PrimaryContact, "direct"), contact(licensing.BillToContact, "reader")))
		h.join("parentadmin")
		h.join("direct")
		h.join("reader")
		h.save("parentadmin@fabrikam.example", ext("heir", add("P1", licensing.BenefitsReader)))
		heir := h.join("heir")
		h.prefers(heir, "P1", true)
		gone := h.member("direct@fabrikam.example", "removed", add("P2", licensing.Administrator))
		h.save("direct@fabrikam.example", edit(gone, take("P2", licensing.Administrator)))
		h.save("direct@fabrikam.example", licensing.PersonChange{SignIn: "leo@contoso.example", Access: []licensing.AccessChange{add("P2", licensing.Administrator)}})
		h.activate(h.register(h.id("leo"), "leo@contoso.example"))
		h.hears(left(leo))
		h.invite("direct@fabrikam.example", "invited", add("P2", licensing.Administrator))
		target := h.member("direct@fabrikam.example", "target", add("P2", licensing.BenefitsReader))
		h.save("grace", edit(target, add(a2, licensing.ProductKeysReader)))

		callers := map[string]struct {
			org licensing.OrgID
			id  licensing.UserID
		}{
			"a direct admin":                   {h.org, h.id("direct@fabrikam.example")},
			"an admin of the parent":           {h.org, h.id("parentadmin@fabrikam.example")},
			"an admin by inheritance":          {h.org, heir},
			"a reader of invoices":             {h.org, h.id("reader@fabrikam.example")},
			"an admin whose role was removed":  {h.org, gone},
			"an admin who left the tenant":     {h.org, h.id("leo")},
			"an admin who has not registered":  {h.org, h.id("invited@fabrikam.example")},
			"an admin of another organization": {other.org, other.id("frank@other.example")},
			"the other's admin, in our name":   {h.org, other.id("frank@other.example")},
			"nobody":                           {h.org, licensing.UserID(uuid.NewString())},
			"a partner, who is no user":        {h.org, ""},
			"the target":                       {h.org, target},
		}
		reads := []struct {
			name string
			read func(org licensing.OrgID, by licensing.UserID) (any, error)
			// who gets more than nothing: what the answer must hold. Everybody else gets an empty answer or a refusal.
			holds map[string][]string
		}{
			{"the list of P2", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.Users(t.Context(), org, by, licensing.UserFilter{License: "P2"})
			}, map[string][]string{"a direct admin": {"target", "benefits_reader"}}},
			{"the list by name", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.Users(t.Context(), org, by, licensing.UserFilter{Query: "target"})
			}, map[string][]string{"a direct admin": {"target"}}},
			{"the list by role", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.Users(t.Context(), org, by, licensing.UserFilter{Role: licensing.InvoiceReader})
			}, map[string][]string{"a direct admin": {"reader"}}},
			{"view access of the target", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.User(t.Context(), org, by, target)
			},
				map[string][]string{"a direct admin": {"target", `"hidden":1`}}},
			{"the target's history", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.History(t.Context(), org, by, target, 0)
			}, map[string][]string{"a direct admin": {"P2"}}},
			{"the roles on P2", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.RolesOn(t.Context(), org, by, "P2", h.now)
			}, map[string][]string{"a direct admin": {"target", "direct"}}},
			{"the License IDs administered", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.Agreements(t.Context(), org, by, false)
			}, map[string][]string{"a direct admin": {"P2"}, "an admin of the parent": {"P1"}, "an admin of another organization": {"F1"}}},
			{"the License IDs with those below", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.Agreements(t.Context(), org, by, true)
			}, map[string][]string{"a direct admin": {"P2"}, "an admin of the parent": {"P1", "P2"}, "an admin by inheritance": {"P2"}, "an admin of another organization": {"F1"}}},
			{"preferences", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return s.Preferences(t.Context(), org, by)
			},
				map[string][]string{"a direct admin": {"P2"}, "an admin of the parent": {"P1"}, "an admin by inheritance": {"P1"}}},
			{"hand-overs", func(org licensing.OrgID, by licensing.UserID) (any, error) { return s.HandOvers(t.Context(), org, by) },
				map[string][]string{}},
		}
		secrets := []string{"A2", "product_keys_reader", "grace", "Grace", "Ada Lovelace"}
		for _, r := range reads {
			for name, c := range callers {
				t.Run(r.name+", "+name, func(t *testing.T) {
					got, err := r.read(c.org, c.id)
					text := toJSON(t, got)
					want, may := r.holds[name]
					if !may {
						if refused(err) || err == nil && empty(text) {
							return
						}
						t.Fatalf("%v, %s", err, text)
					}
					if err != nil {
						t.Fatal(err)
					}
					for _, w := range want {
						if !strings.Contains(text, w) {
							t.Errorf("%q is missing in %s", w, text)
						}
					}
					for _, w := range secrets {
						if strings.Contains(text, w) {
							t.Errorf("%q must not be in %s", w, text)
						}
					}
				})
			}
		}
	})
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// refused says whether the error is a refusal that tells no more than that there is nothing to see.
func refused(err error) bool {
	k := licensing.KindOf(err)
	return k == licensing.NotFound || k == licensing.Forbidden
}

// empty says whether an answer holds nothing of anybody.
func empty(text string) bool {
	return text == "null" || text == "[]" || text == `{"users":[]}`
}

func TestR43_WhatACallerMayNotSeeIsRefusedInTheSameWordsAsWhatThereIsNot(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.invite("ada", "kim", add(a1, licensing.BenefitsReader))
		nobody := licensing.UserID(uuid.NewString())
		for name, call := range map[string]func(u licensing.UserID) error{
			"view": func(u licensing.UserID) error { _, err := s.User(t.Context(), h.org, h.id("grace"), u); return err },
			"reset": func(u licensing.UserID) error {
				_, err := s.atTime(h.now).Reset(t.Context(), h.command("grace", u))
				return err
			},
			"delete": func(u licensing.UserID) error {
				_, err := s.atTime(h.now).Delete(t.Context(), h.command("grace", u))
				return err
			},
			"recheck": func(u licensing.UserID) error {
				_, err := s.atTime(h.now).Recheck(t.Context(), h.command("grace", u))
				return err
			},
			"edit": func(u licensing.UserID) error {
				v := h.verdict("grace", licensing.PersonChange{User: u, Name: "x", Business: "x@y.example"})
				return v.Error
			},
		} {
			t.Run(name, func(t *testing.T) {
				hidden, missing := call(kim), call(nobody)
				if licensing.KindOf(hidden) != licensing.NotFound {
					t.Fatal(hidden)
				}
				same(t, "words", fmt.Sprint(hidden), fmt.Sprint(missing))
			})
		}
	})
}

// TestR35_EveryMethodOfTheStoreIsWalkedOrSaysWhyNot makes whoever adds a read decide who may see its answer.
func TestR35_EveryMethodOfTheStoreIsWalkedOrSaysWhyNot(t *testing.T) {
	kinds := map[string]string{
		"Users": "walked", "User": "walked", "History": "walked", "HistoryBefore": "walked", "RolesOn": "walked", "Agreements": "walked",
		"Preferences": "walked", "HandOvers": "walked",

		"Access":         "answers yes or no to the system that asks for a person",
		"InvitationPage": "for whoever holds a verified link; names nobody (TestR35_TheInvitationPageNamesNobody…)",
		"Verify":         "judged as the save that it stands for",

		"Standing": "for the system", "Registered": "for whoever made the same request", "StandingOf": "for the system", "Work": "for the system", "Effective": "for the downstream system",
		"UserBySignIn": "for the system: who signs in", "OrganizationOf": "for the system", "Organizations": "for operators",
		"OrganizationsAfter": "for the system", "Present": "for the system", "Orphans": "for support: names no person",

		"Save": "write", "Register": "write", "Resend": "write", "Reset": "write", "Cancel": "write", "Remind": "write", "Expire": "write",
		"Break": "write", "Activate": "write", "Fail": "write", "Apply": "write", "PutAgreement": "write", "ChangeContact": "write",
		"Directory": "write", "Recheck": "write", "Delete": "write", "Seat": "write", "Prefer": "write", "StartHandOver": "write",
		"AgreeHandOver": "write", "CancelHandOver": "write", "AdvanceHandOver": "write", "FinishWork": "write",
		"ClaimMail": "write", "SettleMail": "write", "GiveUpMail": "write",

		"Ping": "no rows", "Close": "no rows", "Migrate": "no rows",
	}
	for m := range reflect.TypeFor[*Store]().Methods() {
		if kinds[m.Name] == "" {
			t.Errorf("Store.%s is new: put it into the walk, or say here why nobody sees too much by it", m.Name)
		}
		delete(kinds, m.Name)
	}
	for name := range kinds {
		t.Errorf("Store.%s is gone", name)
	}
}
