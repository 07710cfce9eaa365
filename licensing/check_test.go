package licensing

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
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
	good := PersonChange{SignIn: "ada@contoso.example", Name: "Ada", Access: []AccessChange{add(BenefitsReader)}}
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
		{"a person by sign-in e-mail is taken", with(func(*PersonChange) {}), "", ""},
		{"a person by id is taken", with(func(p *PersonChange) { p.User, p.SignIn = "u-1", "" }), "", ""},
		{"a person by id with a new name alone is taken", []PersonChange{{User: "u-1", Name: "Ada"}}, "", ""},
		{"a person by id with nothing is refused", []PersonChange{{User: "u-1"}}, "R08", "people[0].access"},
		{"a new person with nothing is refused", []PersonChange{{SignIn: good.SignIn, Name: "Ada"}}, "R08", "people[0].access"},
		{"nobody is refused", nil, "R70", "people"},
		{"501 people are refused", many(501, func(i int) PersonChange { return good }), "R70", "people"},
		{"id and e-mail both are refused", with(func(p *PersonChange) { p.User = "u-1" }), "R66", "people[0].sign_in_email"},
		{"neither is refused", with(func(p *PersonChange) { p.SignIn = "" }), "R66", "people[0].sign_in_email"},
		{"a bad sign-in e-mail is refused", with(func(p *PersonChange) { p.SignIn = "ada" }), "R66", "people[0].sign_in_email"},
		{"a bad business e-mail is refused", with(func(p *PersonChange) { p.Business = "ada" }), "R66", "people[0].business_email"},
		{"a business e-mail that differs is taken", with(func(p *PersonChange) { p.Business = "office@fabrikam.example" }), "", ""},
		{"the same business e-mail for two is taken", append(with(func(p *PersonChange) { p.Business = "o@c.example" }),
			PersonChange{SignIn: "bob@contoso.example", Business: "o@c.example", Access: good.Access}), "", ""},
		{"the same person twice is refused, whatever the case", append(with(func(*PersonChange) {}),
			PersonChange{SignIn: "ADA@contoso.example", Access: good.Access}), "R66", "people[1]"},
		{"a bad name is refused", with(func(p *PersonChange) { p.Name = "A\nB" }), "R44", "people[0].name"},
		{"201 License IDs are refused", with(func(p *PersonChange) { p.Access = many(201, license) }), "R08", "people[0].access"},
		{"a bad License ID is refused", with(func(p *PersonChange) { p.Access[0].License = "L 1" }), "R08", "people[0].access[0].license_id"},
		{"a License ID twice is refused", with(func(p *PersonChange) {
			p.Access = []AccessChange{license(1), {License: "l1", Add: []Role{BenefitsReader}}}
		}), "R08", "people[0].access[1]"},
		{"an unknown role is refused", with(func(p *PersonChange) { p.Access[0].Add = []Role{BenefitsReader, "owner"} }), "R10", "people[0].access[0].add[1]"},
		{"an unknown role to remove is refused", with(func(p *PersonChange) { p.Access[0].Remove = []Role{"owner"} }), "R10", "people[0].access[0].remove[0]"},
		{"eight roles are refused", with(func(p *PersonChange) { p.Access[0].Add = many(8, func(int) Role { return BenefitsReader }) }), "R10", "people[0].access[0].add"},
		{"no role is refused", with(func(p *PersonChange) { p.Access[0].Add = nil }), "R10", "people[0].access[0].add"},
		{"a role in both lists is refused, under any name", with(func(p *PersonChange) { p.Access[0].Remove = []Role{"Software Assurance Manager"} }), "R70", "people[0].access[0].add"},
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
	in := Save{People: []PersonChange{{SignIn: " Ada@contoso.example ", Name: " Ada ", Access: []AccessChange{{
		License: " a-1 ", Add: []Role{"Download", "benefits reader", "product_download_manager"}, Remove: []Role{"Online-Services-Manager"},
	}}}}}
	out, err := in.Check(DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	p := out.People[0]
	if a := p.Access[0]; p.SignIn != "Ada@contoso.example" || p.Name != "Ada" || a.License != "A-1" ||
		!slices.Equal(a.Add, []Role{ProductDownloadManager, BenefitsReader}) || !slices.Equal(a.Remove, []Role{OnlineServicesManager}) {
		t.Errorf("got %+v", p)
	}
	if was := in.People[0]; was.SignIn != " Ada@contoso.example " || was.Access[0].License != " a-1 " || was.Access[0].Add[0] != "Download" {
		t.Errorf("the caller's save was changed: %+v", was)
	}
}

func TestR25_R44_R61_TheFormOfAnIntake(t *testing.T) {
	good := func() Intake {
		return Intake{
			Name: " Contoso ", Domains: []string{" Contoso.Example "}, InviteFor: 0,
			Directory: []DirectoryPerson{{ObjectID: "o-1", Email: " ada@contoso.example", Name: "Ada\nL"}},
			Agreements: []ContractAgreement{{License: "a-1", Program: "MBSA", Parent: "p-1", ProcessedAt: noon,
				Administrators: []ContractAdministrator{{SignIn: "ada@contoso.example ", Name: " Ada "}}}},
		}
	}
	in := good()
	out, err := in.Check(DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	if a := out.Agreements[0]; out.Name != "Contoso" || out.Domains[0] != "contoso.example" || out.Directory[0].Name != "Ada L" || a.License != "A-1" ||
		a.Parent != "P-1" || a.Administrators[0].SignIn != "ada@contoso.example" || a.Administrators[0].Name != "Ada" {
		t.Errorf("got %+v", out)
	}
	if a := in.Agreements[0]; in.Domains[0] != " Contoso.Example " || in.Directory[0].Name != "Ada\nL" || a.License != "a-1" || a.Administrators[0].Name != " Ada " {
		t.Errorf("the caller's intake was changed: %+v", in)
	}
	for _, c := range []struct {
		name        string
		change      func(*Intake)
		rule, field string
	}{
		{"an organization without a name is refused", func(i *Intake) { i.Name = " " }, "R44", "name"},
		{"a domain with an @ is refused", func(i *Intake) { i.Domains[0] = "a@b.example" }, "R63", "domains[0]"},
		{"a domain without a dot is refused", func(i *Intake) { i.Domains[0] = "contoso" }, "R63", "domains[0]"},
		{"101 domains are refused", func(i *Intake) { i.Domains = many(101, func(i int) string { return "a.example" }) }, "", ""},
		{"1,001 people of the directory are refused", func(i *Intake) { i.Directory = make([]DirectoryPerson, 1001) }, "", ""},
		{"201 agreements are refused", func(i *Intake) { i.Agreements = make([]ContractAgreement, 201) }, "", ""},
		{"a time to register out of bounds is refused", func(i *Intake) { i.InviteFor = time.Hour }, "R56", "invite_for"},
		{"a person without an object id is refused", func(i *Intake) { i.Directory[0].ObjectID = "" }, "R47", "directory[0].object_id"},
		{"an object id with a blank is refused", func(i *Intake) { i.Directory[0].ObjectID = "o 1" }, "R47", "directory[0].object_id"},
		{"a person with a bad address is refused", func(i *Intake) { i.Directory[0].Email = "ada" }, "R66", "directory[0].email"},
		{"a person without a name to see is refused", func(i *Intake) { i.Directory[0].Name = "\u200b" }, "R44", "directory[0].name"},
		{"an agreement without a number is refused", func(i *Intake) { i.Agreements[0].License = "" }, "R08", "agreements[0].license_id"},
		{"a bad parent is refused", func(i *Intake) { i.Agreements[0].Parent = "p 1" }, "R08", "agreements[0].parent"},
		{"an agreement can't be its own parent, whatever the case", func(i *Intake) { i.Agreements[0].Parent = "A-1" }, "R41", "agreements[0].parent"},
		{"an agreement without a program is refused", func(i *Intake) { i.Agreements[0].Program = "" }, "", "agreements[0].program"},
		{"an agreement that was never processed is refused", func(i *Intake) { i.Agreements[0].ProcessedAt = time.Time{} }, "R61", "agreements[0].processed_at"},
		{"an administrator without an address is refused", func(i *Intake) { i.Agreements[0].Administrators[0].SignIn = "" }, "R66", "agreements[0].administrators[0].sign_in_email"},
		{"a bad business e-mail is refused", func(i *Intake) { i.Agreements[0].Administrators[0].Business = "x" }, "R66", "agreements[0].administrators[0].business_email"},
		{"an administrator without a name is refused", func(i *Intake) { i.Agreements[0].Administrators[0].Name = "" }, "R44", "agreements[0].administrators[0].name"},
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

func TestErrorsSayWhatWhereAndWhichRule(t *testing.T) {
	e := Refuse(Conflict, "R33", "License ID %s would be left", "A-1")
	deep := e.In("access[0]").In("people[3]")
	for want, err := range map[string]error{
		"License ID A-1 would be left (R33)":                      e,
		"people[3].access[0]: License ID A-1 would be left (R33)": deep,
		"people: too many": Refuse(Invalid, "", "too many").In("people"),
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	if e.Field != "" {
		t.Error("In changed the error itself")
	}
	if k := KindOf(fmt.Errorf("save: %w", deep)); k != Conflict {
		t.Errorf("kind %q", k)
	}
	if KindOf(errors.New("disk full")) != "" || KindOf(nil) != "" {
		t.Error("what is no refusal has a kind")
	}
}

func TestR54_R75_AVerdictThatWroteSomething(t *testing.T) {
	for outcome, want := range map[Outcome]bool{Invited: true, Joined: true, Assigned: true, Changed: true, Unchanged: false, Refused: false} {
		if got := (PersonVerdict{Verdicts: []Verdict{{Outcome: Refused}, {Outcome: outcome}}}).Accepted(); got != want {
			t.Errorf("%s: %t", outcome, got)
		}
	}
}

func TestTimesAsPeopleReadThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		720 * time.Hour: "30 days", 24 * time.Hour: "1 day", 36 * time.Hour: "36 hours", time.Hour: "1 hour", 45 * time.Minute: "45 minutes",
		90 * time.Second: "90 seconds", 1500 * time.Millisecond: "1 second", 20 * time.Millisecond: "20ms", 0: "0s",
	} {
		if got := Period(d); got != want {
			t.Errorf("%d reads %q, want %q", d, got, want)
		}
	}
	vienna := time.FixedZone("CET", 3600)
	if got := Clock(time.Date(2026, 11, 23, 19, 4, 0, 0, vienna)); got != "2026-11-23 18:04 UTC" {
		t.Error(got)
	}
	if got := Clock(time.Date(2026, 11, 23, 19, 4, 9, 0, vienna)); got != "2026-11-23 18:04:09 UTC" {
		t.Error(got)
	}
	if got := InvitationChange("i-1", 12); got != "i-1.12" {
		t.Error(got)
	}
}
