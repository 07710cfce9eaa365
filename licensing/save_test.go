package licensing

import (
	"fmt"
	"slices"
	"testing"
)

// many repeats make for n numbers.
func many[T any](n int, make func(int) T) []T {
	var out []T
	for i := range n {
		out = append(out, make(i))
	}
	return out
}

func TestR08_R10_R66_TheFormOfASave(t *testing.T) {
	license := func(i int) AccessChange {
		return AccessChange{License: LicenseID(fmt.Sprintf("L%d", i)), Add: []Role{BenefitsReader}}
	}
	good := PersonChange{SignIn: "ada@contoso.example", Name: "Ada",
		Access: []AccessChange{add(BenefitsReader)}}
	with := func(change func(*PersonChange)) []PersonChange {
		p := good
		p.Access = slices.Clone(good.Access)
		change(&p)
		return []PersonChange{p}
	}
	for _, c := range []struct {
		name        string
		people      []PersonChange
		rule, field string // rule "": taken
	}{
		{"a person by sign-in email is taken", with(func(*PersonChange) {}), "", ""},
		{"a person by id is taken", with(func(p *PersonChange) { p.User, p.SignIn = "u-1", "" }), "", ""},
		{"a person by id with a new name alone is taken", []PersonChange{{User: "u-1", Name: "Ada"}}, "", ""},
		{"a person by id with nothing is refused", []PersonChange{{User: "u-1"}}, "R08", "people[0].access"},
		{"a new person with nothing is refused", []PersonChange{{SignIn: good.SignIn, Name: "Ada"}}, "R08",
			"people[0].access"},
		{"nobody is refused", nil, "R70", "people"},
		{"501 people are refused", many(501, func(i int) PersonChange { return good }), "R70", "people"},
		{"id and email both are refused", with(func(p *PersonChange) { p.User = "u-1" }), "R66",
			"people[0].sign_in_email"},
		{"neither is refused", with(func(p *PersonChange) { p.SignIn = "" }), "R66",
			"people[0].sign_in_email"},
		{"a bad sign-in email is refused", with(func(p *PersonChange) { p.SignIn = "ada" }), "R66",
			"people[0].sign_in_email"},
		{"a bad business email is refused", with(func(p *PersonChange) { p.Business = "ada" }), "R66",
			"people[0].business_email"},
		{"a business email that differs is taken",
			with(func(p *PersonChange) { p.Business = "office@fabrikam.example" }), "", ""},
		{"the same business email for two is taken",
			append(with(func(p *PersonChange) { p.Business = "o@c.example" }),
				PersonChange{SignIn: "bob@contoso.example", Business: "o@c.example", Access: good.Access}),
			"", ""},
		{"the same person twice is refused, whatever the case", append(with(func(*PersonChange) {}),
			PersonChange{SignIn: "ADA@contoso.example", Access: good.Access}), "R66", "people[1]"},
		{"a bad name is refused", with(func(p *PersonChange) { p.Name = "A\nB" }), "R44", "people[0].name"},
		{"201 License IDs are refused", with(func(p *PersonChange) { p.Access = many(201, license) }), "R08",
			"people[0].access"},
		{"a bad License ID is refused", with(func(p *PersonChange) { p.Access[0].License = "L 1" }), "R08",
			"people[0].access[0].license_id"},
		{"a License ID twice is refused", with(func(p *PersonChange) {
			p.Access = []AccessChange{license(1), {License: "l1", Add: []Role{BenefitsReader}}}
		}), "R08", "people[0].access[1]"},
		{"an unknown role is refused", with(func(p *PersonChange) {
			p.Access[0].Add = []Role{BenefitsReader,
				"owner"}
		}), "R10", "people[0].access[0].add[1]"},
		{"an unknown role to remove is refused",
			with(func(p *PersonChange) { p.Access[0].Remove = []Role{"owner"} }), "R10",
			"people[0].access[0].remove[0]"},
		{"eight roles are refused", with(func(p *PersonChange) {
			p.Access[0].Add = many(8,
				func(int) Role { return BenefitsReader })
		}), "R10", "people[0].access[0].add"},
		{"no role is refused", with(func(p *PersonChange) { p.Access[0].Add = nil }), "R10",
			"people[0].access[0].add"},
		{"a role in both lists is refused, under any name",
			with(func(p *PersonChange) { p.Access[0].Remove = []Role{"Software Assurance Manager"} }), "R70",
			"people[0].access[0].add"},
		{"5,001 changes are refused", many(26, func(i int) PersonChange {
			return PersonChange{User: UserID(fmt.Sprint(i)), Access: many(200, license)}
		}), "R70", "people"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Save{People: c.people}.Check(DefaultPolicy())
			if c.rule == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if e := refusal(t, err, Invalid, c.rule); e.Field != c.field {
				t.Errorf("field %q, want %q", e.Field, c.field)
			}
		})
	}
}

func TestR21_ASaveIsReadIntoItsCanonicalForm(t *testing.T) {
	in := Save{People: []PersonChange{{SignIn: " Ada@contoso.example ", Name: " Ada ",
		Access: []AccessChange{{
			License: " a-1 ", Add: []Role{"Download", "benefits reader", "product_download_manager"},
			Remove: []Role{"Online-Services-Manager"},
		}}}}}
	out, err := in.Check(DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	p := out.People[0]
	if a := p.Access[0]; p.SignIn != "Ada@contoso.example" || p.Name != "Ada" || a.License != "A-1" ||
		!slices.Equal(a.Add, []Role{ProductDownloadManager, BenefitsReader}) ||
		!slices.Equal(a.Remove, []Role{OnlineServicesManager}) {
		t.Errorf("got %+v", p)
	}
	if was := in.People[0]; was.SignIn != " Ada@contoso.example " || was.Access[0].License != " a-1 " ||
		was.Access[0].Add[0] != "Download" {
		t.Errorf("the caller's save was changed: %+v", was)
	}
}
