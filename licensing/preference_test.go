package licensing

import "testing"

func TestR08_R90_APreferenceIsOfOneAgreement(t *testing.T) {
	c, err := PreferenceChange{License: " a-1 ", Inherit: true}.Check()
	if err != nil || c.License != "A-1" || !c.Inherit {
		t.Errorf("got %+v, %v", c, err)
	}
	_, err = PreferenceChange{License: "a 1"}.Check()
	if e := refusal(t, err, Invalid, "R08"); e.Field != "license_id" {
		t.Errorf("field %q", e.Field)
	}
}

func TestR80_R88_R90_WhoMaySetAPreference(t *testing.T) {
	naming := func(change func(*Naming)) Naming {
		n := Naming{License: licenseA, As: []ContactKind{OnlineAdministratorContact}, Umbrella: true}
		change(&n)
		return n
	}
	same := func(*Naming) {}
	leaf := func(n *Naming) { n.Umbrella = false }
	deleted := func(n *Naming) { n.Deleted = true }
	for _, c := range []struct {
		name    string
		p       Person
		n       Naming
		inherit bool
		rule    string
	}{
		{"a contact opts in", registered, naming(same), true, ""},
		{"a contact opts out", registered, naming(same), false, ""},
		{"who has not registered", unregistered, naming(same), true, "R90"},
		{"who left", absent, naming(same), true, "R90"},
		{"whom the contract doesn't name", registered, naming(func(n *Naming) { n.As = nil }), true, "R90"},
		{"the Bill To contact", registered,
			naming(func(n *Naming) { n.As = []ContactKind{BillToContact} }), true, "R90"},
		{"on a leaf there is nothing to inherit", registered, naming(leaf), true, "R88"},
		{"one opts out of what became a leaf", registered, naming(leaf), false, ""},
		{"who was deleted", registered, naming(deleted), true, "R80"},
		{"who was deleted stays out", registered, naming(deleted), false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := MaySetPreference(c.p, c.n, c.inherit)
			if e := RefusalOf(err); (err != nil) != (c.rule != "") || e != nil && e.Rule != c.rule {
				t.Errorf("got %v", err)
			}
		})
	}
	for program, below := range map[string]int{"MBSA": 0, " mbsa ": 0, "MPSA": 1} {
		if !Umbrella(program, below) {
			t.Errorf("%q with %d below", program, below)
		}
	}
	if Umbrella("MPSA", 0) {
		t.Error("a leaf")
	}
}
