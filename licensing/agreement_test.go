package licensing

import (
	"testing"
	"time"
)

func TestR25_R44_R61_TheFormOfAnIntake(t *testing.T) {
	good := func() Intake {
		return Intake{
			Name: " Contoso ", Domains: []string{" Contoso.Example "}, InviteFor: 0,
			Directory: []DirectoryPerson{{ObjectID: "o-1", Email: " ada@contoso.example", Name: "Ada\nL"}},
			Agreements: []ContractAgreement{{License: "a-1", Program: "MBSA", Parent: "p-1",
				ProcessedAt:    noon,
				Administrators: []ContractAdministrator{{SignIn: "ada@contoso.example ", Name: " Ada "}}}},
		}
	}
	in := good()
	out, err := in.Check(DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	if a := out.Agreements[0]; out.Name != "Contoso" || out.Domains[0] != "contoso.example" ||
		out.Directory[0].Name != "Ada L" || a.License != "A-1" ||
		a.Parent != "P-1" || a.Administrators[0].SignIn != "ada@contoso.example" ||
		a.Administrators[0].Name != "Ada" {
		t.Errorf("got %+v", out)
	}
	if a := in.Agreements[0]; in.Domains[0] != " Contoso.Example " || in.Directory[0].Name != "Ada\nL" ||
		a.License != "a-1" || a.Administrators[0].Name != " Ada " {
		t.Errorf("the caller's intake was changed: %+v", in)
	}
	for _, c := range []struct {
		name        string
		change      func(*Intake)
		rule, field string
	}{
		{"an organization without a name is refused", func(i *Intake) { i.Name = " " }, "R44", "name"},
		{"a domain with an @ is refused", func(i *Intake) { i.Domains[0] = "a@b.example" }, "R63",
			"domains[0]"},
		{"a domain without a dot is refused", func(i *Intake) { i.Domains[0] = "contoso" }, "R63",
			"domains[0]"},
		{"101 domains are refused",
			func(i *Intake) { i.Domains = many(101, func(i int) string { return "a.example" }) }, "", ""},
		{"1,001 people of the directory are refused",
			func(i *Intake) { i.Directory = make([]DirectoryPerson, 1001) }, "", ""},
		{"201 agreements are refused", func(i *Intake) { i.Agreements = make([]ContractAgreement, 201) },
			"", ""},
		{"a time to register out of bounds is refused", func(i *Intake) { i.InviteFor = time.Hour }, "R56",
			"invite_for"},
		{"an agreement without a number is refused", func(i *Intake) { i.Agreements[0].License = "" }, "R08",
			"agreements[0].license_id"},
		{"a bad parent is refused", func(i *Intake) { i.Agreements[0].Parent = "p 1" }, "R08",
			"agreements[0].parent"},
		{"an agreement can't be its own parent, whatever the case",
			func(i *Intake) { i.Agreements[0].Parent = "A-1" }, "R41", "agreements[0].parent"},
		{"an agreement without a program is refused", func(i *Intake) { i.Agreements[0].Program = "" }, "",
			"agreements[0].program"},
		{"an agreement that was never processed is refused",
			func(i *Intake) { i.Agreements[0].ProcessedAt = time.Time{} }, "R61",
			"agreements[0].processed_at"},
		{"an administrator without an address is refused",
			func(i *Intake) { i.Agreements[0].Administrators[0].SignIn = "" }, "R66",
			"agreements[0].administrators[0].sign_in_email"},
		{"a bad business email is refused",
			func(i *Intake) { i.Agreements[0].Administrators[0].Business = "x" },
			"R66", "agreements[0].administrators[0].business_email"},
		{"an administrator without a name is refused",
			func(i *Intake) { i.Agreements[0].Administrators[0].Name = "" }, "R44",
			"agreements[0].administrators[0].name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := good()
			c.change(&in)
			_, err := in.Check(DefaultPolicy())
			if e := refusal(t, err, Invalid, c.rule); e.Field != c.field {
				t.Errorf("field %q, want %q", e.Field, c.field)
			}
		})
	}
}
