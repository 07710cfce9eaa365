package views_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/views"
)

// TestR35_R40_R41_R42_R43_EveryReadGivesEveryCallerWhatTheTableSays walks every read of the store that has a
// caller with every kind of caller. What a caller may not see does not leave the store: the answers are
// searched for names and License IDs that they must not hold.
func TestR35_R40_R41_R42_R43_EveryReadGivesEveryCallerWhatTheTableSays(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		other := h.other()
		f1 := agreement("F1", "")
		f1.Administrators = []licensing.ContractAdministrator{
			{SignIn: "frank@other.example", Name: "Frank", Registered: start},
		}
		other.TakeIn(licensing.Intake{Name: "Fabrikam", Agreements: []licensing.ContractAgreement{f1}})

		// P1 above P2. Target holds roles on P2 and, out of sight, on A2.
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "parentadmin"),
			contact(licensing.OnlineAdministratorContact, "heir")))
		h.Puts(agreement("P2", "P1", contact(licensing.PrimaryContact, "direct"),
			contact(licensing.BillToContact, "reader")))
		h.Joins("parentadmin")
		h.Joins("direct")
		h.Joins("reader")
		h.Change("parentadmin@fabrikam.example", ext("heir", add("P1", licensing.BenefitsReader)))
		heir := h.Joins("heir")
		h.Prefers(heir, "P1", true)
		gone := h.Member("direct@fabrikam.example", "removed", add("P2", licensing.Administrator))
		h.Change("direct@fabrikam.example", edit(gone, take("P2", licensing.Administrator)))
		h.Change("direct@fabrikam.example", internal("leo", add("P2", licensing.Administrator)))
		h.Activates(h.Registers(h.ID("leo"), "leo@contoso.example"))
		h.Hears(left(leo))
		h.Invite("direct@fabrikam.example", "invited", add("P2", licensing.Administrator))
		target := h.Member("direct@fabrikam.example", "target", add("P2", licensing.BenefitsReader))
		h.Change("grace", edit(target, add(a2, licensing.ProductKeysReader)))

		callers := map[string]struct {
			org licensing.OrgID
			id  licensing.UserID
		}{
			"a direct admin":                   {h.Org, h.ID("direct@fabrikam.example")},
			"an admin of the parent":           {h.Org, h.ID("parentadmin@fabrikam.example")},
			"an admin by inheritance":          {h.Org, heir},
			"a reader of invoices":             {h.Org, h.ID("reader@fabrikam.example")},
			"an admin whose role was removed":  {h.Org, gone},
			"an admin who left the tenant":     {h.Org, h.ID("leo")},
			"an admin who has not registered":  {h.Org, h.ID("invited@fabrikam.example")},
			"an admin of another organization": {other.Org, other.ID("frank@other.example")},
			"the other's admin, in our name":   {h.Org, other.ID("frank@other.example")},
			"nobody":                           {h.Org, licensing.UserID(uuid.NewString())},
			"a partner, who is no user":        {h.Org, ""},
			"the target":                       {h.Org, target},
		}
		reads := []struct {
			name string
			read func(org licensing.OrgID, by licensing.UserID) (any, error)
			// What the answer must hold for those who get any. Everybody else gets an empty answer or a
			// refusal.
			holds map[string][]string
		}{
			{"the list of P2", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.Users(t.Context(), org, by, licensing.UserFilter{License: "P2"})
			}, map[string][]string{"a direct admin": {"target", "benefits_reader"}}},
			{"the list by name", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.Users(t.Context(), org, by, licensing.UserFilter{Query: "target"})
			}, map[string][]string{"a direct admin": {"target"}}},
			{"the list by role", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.Users(t.Context(), org, by, licensing.UserFilter{Role: licensing.InvoiceReader})
			}, map[string][]string{"a direct admin": {"reader"}}},
			{"view access of the target", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.User(t.Context(), org, by, target)
			},
				map[string][]string{"a direct admin": {"target", `"hidden":1`}}},
			{"the target's history", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.History(t.Context(), org, by, target, views.Page{Limit: 0})
			}, map[string][]string{"a direct admin": {"P2"}}},
			{"the roles on P2", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.RolesOn(t.Context(), org, by, "P2", h.Now)
			}, map[string][]string{"a direct admin": {"target", "direct"}}},
			{"the License IDs administered", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.Agreements(t.Context(), org, by, false)
			}, map[string][]string{
				"a direct admin": {"P2"}, "an admin of the parent": {"P1"},
				"an admin of another organization": {"F1"},
			}},
			{"the License IDs with those below", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.Agreements(t.Context(), org, by, true)
			}, map[string][]string{
				"a direct admin": {"P2"}, "an admin of the parent": {"P1", "P2"},
				"an admin by inheritance": {"P2"}, "an admin of another organization": {"F1"},
			}},
			{"preferences", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.Preferences(t.Context(), org, by)
			},
				map[string][]string{
					"an admin of the parent": {"P1"}, "an admin by inheritance": {"P1"},
				}},
			{"hand-overs", func(org licensing.OrgID, by licensing.UserID) (any, error) {
				return h.HandOvers(t.Context(), org, by)
			}, map[string][]string{}},
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

// TestR35_EveryReadIsWalkedOrSaysWhyNot makes whoever adds a read decide who may see its answer.
func TestR35_EveryReadIsWalkedOrSaysWhyNot(t *testing.T) {
	kinds := map[string]string{
		"Users": "walked", "User": "walked", "History": "walked", "RolesOn": "walked", "Agreements": "walked",
		"Preferences": "walked", "HandOvers": "walked",

		"Access":         "answers yes or no to the system that asks for a person",
		"SignsIn":        "stands for the identity provider: only dev and the command line ask",
		"InvitationPage": "for whoever holds a verified link; names nobody (TestR35_TheInvitationPage…)",

		"FindUser":         "says what everybody is told of whom the caller may not see (TestR43_L03_…)",
		"Commanded":        "says what everybody is told of whom the caller may not see (TestR43_L03_…)",
		"InvitationStatus": "for the system", "InvitationStatusOf": "for the system",
		"Registered":   "for whoever made the same request",
		"UserBySignIn": "for the system: who signs in", "OrganizationOf": "for the system",
		"Organizations": "for operators", "Orphans": "for support: names no person",
		"PersonalData": "for the person, and for support who was asked to",
	}
	for m := range reflect.TypeFor[*views.Views]().Methods() {
		if kinds[m.Name] == "" {
			t.Errorf("Views.%s is new: put it into the walk, or say here why nobody sees too much", m.Name)
		}
		delete(kinds, m.Name)
	}
	for name := range kinds {
		t.Errorf("Views.%s is gone", name)
	}
}
