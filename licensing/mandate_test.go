package licensing

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"slices"
	"strings"
	"testing"
)

// mandates says of every mandate what follows from it. A rule is that of a refusal, "" where the change is
// taken.
var mandates = []struct {
	name     string
	mandate  Mandate
	action   AuditAction
	origin   Origin // of Administrator
	billing  Origin // of Invoice Reader
	rules    string // of a change that is invited, joined, assigned, changed
	locked   string // while an assignment is in progress
	billTo   string // to take Bill To's Invoice Reader
	unknown  string // to give to somebody whom the directory doesn't know
	confirms bool
}{
	{"SaveMandate", SaveMandate, AuditSave, ByAdmin, ByAdmin, "R73 R62 R62 R71", "R52", "R18",
		"R57", true},
	{"ContractMandate", ContractMandate, AuditContract, ByContract, ByBillTo, "R73 R62 R62 R71",
		"", "", "", false},
	{"ImportMandate", ImportMandate, AuditContract, ByContract, ByBillTo, "R73 R62 R62 R71",
		"", "", "", false},
	{"ForwardMandate", ForwardMandate, AuditForward, ByContract, ByBillTo, "R28 R28 R28 R28",
		"", "", "R57", false},
	{"RegisterMandate", RegisterMandate, AuditRegister, ByAdmin, ByAdmin, "R23 R23 R23 R23",
		"R52", "R18", "R57", false},
	{"DeleteMandate", DeleteMandate, AuditDelete, ByAdmin, ByAdmin, "R80 R80 R80 R80", "", "",
		"R57", false},
	{"CancelMandate", CancelMandate, AuditCancel, ByAdmin, ByAdmin, "R82 R82 R82 R82", "", "",
		"R57", false},
	{"EraseMandate", EraseMandate, AuditErase, ByAdmin, ByAdmin, "L10 L10 L10 L10", "", "",
		"R57", false},
	{"AppointmentMandate", AppointmentMandate, AuditAppoint, ByAdmin, ByAdmin, "R33 R33 R33 R33",
		"R52", "R18", "R57", false},
	{"HandOverMandate", HandOverMandate, AuditHandOver, ByAdmin, ByAdmin, "R30 R30 R30 R30",
		"R52", "R18", "R57", true},
	{"TakeOverMandate", TakeOverMandate, AuditHandOver, ByAdmin, ByAdmin, "R31 R31 R31 R31",
		"R52", "R18", "R57", false},
}

// under makes the facts those of a change under the mandate.
func (f Facts) under(m Mandate) Facts {
	f.Mandate, f.OwnAdmin = m, true
	return f
}

// ruleOf returns the rule of Judge's refusal, "" for none.
func ruleOf(f Facts, c AccessChange) string {
	if _, e := Judge(f, c); e != nil {
		return e.Rule
	}
	return ""
}

// declared returns the names that the file declares by the keyword, and whose value or type the test accepts.
func declared(t *testing.T, name string, keyword gotoken.Token,
	accept func(*ast.ValueSpec) bool) (out []string) {
	t.Helper()
	file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != keyword {
			continue
		}
		for _, s := range g.Specs {
			if v := s.(*ast.ValueSpec); accept(v) {
				out = append(out, v.Names[0].Name)
			}
		}
	}
	return out
}

func TestTheTableHasEveryMandate(t *testing.T) {
	all := declared(t, "mandate.go", gotoken.VAR, func(v *ast.ValueSpec) bool {
		return strings.HasSuffix(v.Names[0].Name, "Mandate")
	})
	var tabled []string
	for _, c := range mandates {
		tabled = append(tabled, c.name)
	}
	if !slices.Equal(all, tabled) || len(all) < 10 {
		t.Errorf("declared are %v, in the table %v", all, tabled)
	}
}

func TestR03_R18_R28_R62_R71_R73_WhatFollowsFromAMandate(t *testing.T) {
	for _, c := range mandates {
		t.Run(c.name, func(t *testing.T) {
			m := c.mandate
			if m.Action != c.action || m.Confirms != c.confirms {
				t.Errorf("action %s, confirms %v", m.Action, m.Confirms)
			}
			for r, want := range map[Role]Origin{Administrator: c.origin, BenefitsReader: c.origin,
				InvoiceReader: c.billing} {
				if got := m.Origin(r); got != want {
					t.Errorf("%s is given with origin %s, want %s", r, got, want)
				}
			}
			var rules []string
			for _, o := range []Outcome{Invited, Joined, Assigned, Changed} {
				rules = append(rules, m.Explains(o))
			}
			if got := strings.Join(rules, " "); got != c.rules {
				t.Errorf("explained by %s, want %s", got, c.rules)
			}
		})
	}
}

func TestR18_R52_R57_HowFarAMandateReaches(t *testing.T) {
	locked := settled(BenefitsReader).but(func(f *Facts) { f.Assignment, f.DueAt = AssignmentPropagating, noon })
	billTo := settled(InvoiceReader).but(func(f *Facts) { f.Held[0].Origin = ByBillTo })
	unknown := settled().but(func(f *Facts) { f.Person = absent })
	for _, c := range mandates {
		t.Run(c.name, func(t *testing.T) {
			for name, v := range map[string]struct {
				f    Facts
				c    AccessChange
				want string
			}{
				"while an assignment is in progress":         {locked, remove(BenefitsReader), c.locked},
				"to take Bill To's Invoice Reader":           {billTo, remove(InvoiceReader), c.billTo},
				"to give to whom the directory doesn't know": {unknown, add(BenefitsReader), c.unknown},
				"to take from whom the directory doesn't know": {settled(BenefitsReader).but(left),
					remove(BenefitsReader), ""},
				"to give to a registered person of the tenant":   {settled(), add(BenefitsReader), ""},
				"to invite a person who has not registered":      {invited(InvitationNone), add(ProductKeysReader), ""},
				"to take an Invoice Reader that an admin gave":   {settled(InvoiceReader), remove(InvoiceReader), ""},
				"to take an Administrator who is one of several": {settled(Administrator), remove(Administrator), ""},
			} {
				if got := ruleOf(v.f.under(c.mandate), v.c); got != v.want {
					t.Errorf("%s: got rule %q, want %q", name, got, v.want)
				}
			}
		})
	}
}

// left takes the person out of the tenant.
func left(f *Facts) { f.Person = absent }

func TestR05_R19_R31_R33_R43_R87_R92_NoMandateGetsPastWhatHoldsForAll(t *testing.T) {
	own := func(_ Facts, _ AccessChange, j Judgement) *Error {
		if slices.Contains(j.Add, BenefitsReader) {
			return Refuse(Conflict, "R15", "the deployment gives nobody Benefits Reader")
		}
		return nil
	}
	inherits := settled().but(func(f *Facts) { f.AdminAbove, f.Above = true, "P-1" })
	cases := map[string]struct {
		f    Facts
		c    AccessChange
		want string
	}{
		"where it doesn't hold": {settled().but(func(f *Facts) { f.Administers = false }),
			add(BenefitsReader), "R43"},
		"on no agreement": {settled().but(func(f *Facts) { f.Agreement = nil }),
			add(BenefitsReader), "R43"},
		"Invoice Reader beside Administrator": {settled(Administrator), add(InvoiceReader), "R19"},
		"both at once":                        {settled(), add(Administrator, InvoiceReader), "R19"},
		"one's own Administrator": {settled(Administrator).but(func(f *Facts) { f.Self = true }),
			remove(Administrator), "R31"},
		"the last active admin": {settled(Administrator).but(func(f *Facts) { f.OtherAdmins = 0 }),
			remove(Administrator), "R33"},
		"what is inherited":             {inherits, remove(Administrator), "R87"},
		"Invoice Reader beside an heir": {inherits, add(InvoiceReader), "R92"},
		"a rule of the deployment": {settled().but(func(f *Facts) { f.Policy.Rules = []AddRule{own} }),
			add(ProductKeysReader, BenefitsReader), "R15"},
	}
	for _, m := range mandates {
		t.Run(m.name, func(t *testing.T) {
			for name, c := range cases {
				f := c.f.under(m.mandate)
				f.Mandate.HandsOver = m.mandate.HandsOver && !f.Self // R30 comes first: see the next test
				if got := ruleOf(f, c.c); got != c.want {
					t.Errorf("%s: got rule %q, want %q", name, got, c.want)
				}
			}
		})
	}
}

func TestR30_R32_OnlyAHandOverAsksWhoseLicenseIDItIs(t *testing.T) {
	for _, m := range mandates {
		for name, c := range map[string]struct {
			own, self bool
			rule      string
		}{
			"the caller's own":                 {true, false, ""},
			"one that the caller inherits":     {false, false, "R32"},
			"to himself":                       {true, true, "R30"},
			"one that he inherits, to himself": {false, true, "R30"},
		} {
			f := settled().under(m.mandate)
			f.OwnAdmin, f.Self = c.own, c.self
			want := c.rule
			if m.name != "HandOverMandate" {
				want = ""
			}
			if got := ruleOf(f, add(Administrator)); got != want {
				t.Errorf("%s, %s: got rule %q, want %q", m.name, name, got, want)
			}
		}
	}
}

func TestR25_OnlyAFirstAdministratorWhoRegisteredElsewhereIsOneAtOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		facts  Facts
		change AccessChange
		atOnce bool
	}{
		{"nothing held, Administrator", settled(), add(Administrator), true},
		{"asking to take Invoice Reader that isn't held", settled(),
			AccessChange{License: licenseA, Add: []Role{Administrator}, Remove: []Role{InvoiceReader}}, true},
		{"somebody whom the directory doesn't know", settled().but(left), add(Administrator), true},
		{"Invoice Reader waits", settled(), add(InvoiceReader), false},
		{"more than Administrator waits", settled(), add(Administrator, BenefitsReader), false},
		{"who has another role there waits", settled(BenefitsReader), add(Administrator), false},
		{"who has not registered is invited", invited(InvitationNone).but(func(f *Facts) {
			f.Assignment, f.Held = AssignmentNone, nil
		}), add(Administrator), false},
		{"whose attempt failed waits", failed(1), add(Administrator), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, m := range mandates {
				f := c.facts.under(m.mandate)
				f.Mandate.Unknown = true // else nothing is given to somebody unknown at all
				j, err := Judge(f, c.change)
				if err != nil {
					t.Fatalf("%s: %v", m.name, err)
				}
				if want := c.atOnce && m.name == "ImportMandate"; j.AtOnce != want {
					t.Errorf("%s: at once %v, want %v", m.name, j.AtOnce, want)
				}
				if j.AtOnce && (j.Next != AssignmentActive || j.Outcome != Assigned || !j.DueAt.IsZero()) {
					t.Errorf("%s: %+v", m.name, j)
				}
			}
		})
	}
}

func TestR19_R92_OurRulesAreAskedInOrderAndThoseOfTheDeploymentAfterThem(t *testing.T) {
	var asked []string
	own := func(rule string) AddRule {
		return func(f Facts, c AccessChange, j Judgement) *Error {
			asked = append(asked, rule)
			if f.Agreement == nil || len(c.Add) != 2 || !slices.Equal(j.Add, c.Add[1:]) {
				t.Errorf("%s is asked about %+v, of which %+v is new", rule, c, j)
			}
			if rule == "R12" {
				return Refuse(Conflict, rule, "not here")
			}
			return nil
		}
	}
	f := settled(BenefitsReader).but(func(f *Facts) {
		f.Policy.Rules = []AddRule{own("R11"), own("R12"), own("R13")}
	})
	for _, c := range []struct {
		name  string
		facts Facts
		add   Role
		rule  string
		asked []string
	}{
		{"none of ours refuses", f, ProductKeysReader, "R12", []string{"R11", "R12"}},
		{"R19 comes first of all", f.but(func(f *Facts) {
			f.Held = held(BenefitsReader, Administrator)
			f.AdminAbove = true
		}), InvoiceReader, "R19", nil},
		{"R92 is next", f.but(func(f *Facts) { f.AdminAbove = true }), InvoiceReader, "R92", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked = nil
			if got := ruleOf(c.facts, add(BenefitsReader, c.add)); got != c.rule || !slices.Equal(asked, c.asked) {
				t.Errorf("refused by %q, want %q; asked were %v, want %v", got, c.rule, asked, c.asked)
			}
		})
	}
}

func TestARuleOnWhatIsAddedNeverKeepsARoleFromBeingTaken(t *testing.T) {
	never := func(_ Facts, _ AccessChange, j Judgement) *Error {
		if len(j.Add) > 0 {
			return Refuse(Conflict, "R11", "nothing is given here")
		}
		return nil
	}
	f := settled(BenefitsReader, ProductKeysReader).but(func(f *Facts) { f.Policy.Rules = []AddRule{never} })
	accepted(t, f, remove(BenefitsReader), Changed, AssignmentActive)
	accepted(t, f, add(BenefitsReader), Unchanged, AssignmentActive)
	refused(t, f, add(InvoiceReader), Conflict, "R11")
}
