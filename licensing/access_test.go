package licensing

import (
	"reflect"
	"slices"
	"testing"
)

func TestR07_ATenantRoleIsNoInput(t *testing.T) {
	t.Run("somebody of the tenant without a VL role may nothing", func(t *testing.T) {
		for _, p := range Permissions() {
			if a := MayDo(true, AccessFacts{Person: registered}, p, licenseA); a.Allowed || a.Rule != "R02" {
				t.Errorf("%s: %+v", p, a)
			}
		}
	})
	// What decides is these fields; a tenant's role among them would show here.
	for typ, want := range map[reflect.Type][]string{
		reflect.TypeFor[AccessFacts](): {"Person", "Held", "Above", "Suspended", "Failed", "Reason", "Reference"},
		reflect.TypeFor[Person]():      {"Kind", "Present", "RegisteredAt"},
		reflect.TypeFor[Grant]():       {"Role", "Origin", "Effective", "Suspended", "Contract"},
	} {
		t.Run(typ.Name()+" has no tenant role", func(t *testing.T) {
			var got []string
			for f := range typ.Fields() {
				got = append(got, f.Name)
			}
			if !slices.Equal(got, want) {
				t.Errorf("it has %v", got)
			}
		})
	}
	for _, s := range []string{"Global Administrator", "Company Administrator", "Billing Administrator"} {
		_, err := ParseRole(s)
		refusal(t, err, Invalid, "R10")
	}
}

func TestR02_R23_R71_R84_TheAccessCheck(t *testing.T) {
	facts := func(p Person, g ...Grant) AccessFacts { return AccessFacts{Person: p, Held: g} }
	inherited := []Grant{{Role: Administrator, Origin: Inherited, Effective: true}}
	for _, c := range []struct {
		name  string
		known bool
		f     AccessFacts
		p     Permission
		rule  string // "": allowed
	}{
		{"R01: an effective role permits what it permits", true, facts(registered, held(BenefitsReader)...),
			ManageBenefits, ""},
		{"R01: an external person's role too", true, facts(outsider, held(BenefitsReader)...),
			ManageBenefits, ""},
		{"R01: an inherited Administrator too", true, facts(registered, inherited...), ViewContractKeys, ""},
		{"R20: one of several roles is enough", true,
			facts(registered, append(waiting(Administrator), held(InvoiceReader)...)...), ViewContracts, ""},
		{"R02: somebody unknown may nothing", false, facts(registered, held(BenefitsReader)...),
			ManageBenefits, "R02"},
		{"R02: without a role nothing is permitted", true, facts(registered), ViewContracts, "R02"},
		{"R02: another role's permission is denied", true, facts(registered, held(BenefitsReader)...),
			DownloadSoftware, "R02"},
		{"R11: an administrator sees no invoices", true, facts(registered, held(Administrator)...),
			ListInvoices, "R02"},
		{"R01: a permission that doesn't exist is denied", true, facts(registered, held(Administrator)...),
			"everything", "R02"},
		{"R71: an added role waits", true, facts(registered, waiting(BenefitsReader)...),
			ManageBenefits, "R53"},
		{"R71: a removed role is denied at once", true, facts(registered, held(ProductKeysReader)...),
			ManageBenefits, "R02"},
		{"R23: before registering nothing is permitted", true, facts(unregistered, held(BenefitsReader)...),
			ManageBenefits, "R23"},
		{"R84: who left the tenant may nothing", true, facts(absent, held(Administrator)...),
			ManageAssignments, "R84"},
		{"R84: whose kind is not known must be in the tenant", true,
			facts(Person{RegisteredAt: noon}, held(Administrator)...), ManageAssignments, "R84"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := MayDo(c.known, c.f, c.p, licenseA)
			if a.Allowed != (c.rule == "") || c.rule != "" && a.Rule != c.rule || a.Why == "" {
				t.Errorf("got %+v", a)
			}
			if !a.Allowed && (a.Role != "" || a.Origin != "") {
				t.Errorf("a denial tells of the role: %+v", a)
			}
			if a.Allowed && (!a.Role.Permits(c.p) || a.Origin == "") {
				t.Errorf("allowed by %+v", a)
			}
		})
	}
}

func TestR88_R92_InheritedAdministratorPermitsWhatAdministratorDoesUnlessInvoiceReaderIsHeld(t *testing.T) {
	registered := Person{Kind: External, RegisteredAt: noon}
	for _, c := range []struct {
		name    string
		facts   AccessFacts
		p       Permission
		allowed bool
	}{
		{"opted in above", AccessFacts{Person: registered, Above: "P1"}, ViewOrders, true},
		{"not opted in", AccessFacts{Person: registered}, ViewOrders, false},
		{"invoices are not Administrator's", AccessFacts{Person: registered, Above: "P1"},
			ListInvoices, false},
		{"beside another role", AccessFacts{Person: registered, Above: "P1", Held: held(BenefitsReader)},
			ManageAssignments, true},
		{"beside Invoice Reader", AccessFacts{Person: registered, Above: "P1", Held: held(InvoiceReader)},
			ViewOrders, false},
		{"who has left the tenant",
			AccessFacts{Person: Person{Kind: Internal, RegisteredAt: noon}, Above: "P1"}, ViewOrders, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := MayDo(true, c.facts, c.p, licenseA); a.Allowed != c.allowed ||
				a.Allowed && a.Origin == Inherited && a.Above != "P1" {
				t.Errorf("%+v", a)
			}
		})
	}
}
