package licensing

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// details are what a line with the action says, a value for each field of it.
var details = map[AuditAction][]Detail{
	AuditSave: {
		RolesChanged{Added: []Role{Administrator}, Removed: []Role{InvoiceReader}, Outcome: Invited},
		RolesChanged{Removed: []Role{BenefitsReader}, Outcome: Changed},
		RolesChanged{},
	},
	AuditContract: {RolesChanged{Added: []Role{Administrator}, Outcome: Assigned, AtOnce: true, Back: true},
		RolesChanged{Refused: 3}},
	AuditForward:          {RolesChanged{Added: []Role{InvoiceReader}, Outcome: Assigned, Other: "u-2"}},
	AuditDelete:           {RolesChanged{Removed: []Role{Administrator, BenefitsReader}, Outcome: Changed}},
	AuditCancel:           {RolesChanged{Removed: []Role{BenefitsReader}, Outcome: Changed}},
	AuditAppoint:          {RolesChanged{Added: []Role{Administrator}, Outcome: Invited, Reason: "case 4711"}},
	AuditHandOver:         {RolesChanged{Removed: []Role{Administrator}, Outcome: Changed}},
	AuditFail:             {FailureNoted{Reason: "the downstream system answered 409"}},
	AuditInvitationFailed: {FailureNoted{Reason: "ended from outside"}},
	AuditMailRefused:      {FailureNoted{Reason: `550 "no such user"`}},
	AuditMailGivenUp:      {FailureNoted{Reason: "not delivered within a day"}},
	AuditResend:           {GenerationOpened{Generation: 1}},
	AuditReset:            {GenerationOpened{Generation: 7}},
	AuditAgreement: {
		AgreementChanged{New: true, Parent: "P-1"}, AgreementChanged{Inactive: true}, AgreementChanged{},
	},
	AuditContactNamed:   {ContactChanged{Kind: PrimaryContact}},
	AuditContactFormer:  {ContactChanged{Kind: OnlineAdministratorContact, Ended: true}},
	AuditPreference:     {PreferenceChanged{Inherit: true}, PreferenceChanged{}},
	AuditAgreeHandOver:  {HandOverChanged{Successor: "u-2", State: HandOverAgreed}},
	AuditErase:          {RolesChanged{Removed: []Role{BenefitsReader}, Reason: "case 1"}},
	AuditCancelHandOver: {HandOverChanged{Successor: "u-2", State: HandOverCancelled}},
	AuditDoneHandOver:   {HandOverChanged{Successor: "u-2", State: HandOverDone}},
	AuditExpireHandOver: {HandOverChanged{Successor: "u-2", State: HandOverExpired}},
}

// withoutDetail are the actions whose lines say everything in their columns.
var withoutDetail = []AuditAction{
	AuditRegister, AuditActivate, AuditUpdateUser, AuditExpire, AuditRemoveHandOver, AuditApply,
	AuditPutAgreement,
	AuditChangeContact, AuditOrphaned, AuditDirectory, AuditDirectoryLeft, AuditDirectoryReturned,
	AuditDirectoryFound,
	AuditDirectoryAddress, AuditRecheck,
}

// auditActions returns the values of all constants of type AuditAction.
func auditActions(t *testing.T) (out []AuditAction) {
	t.Helper()
	declared(t, "audit.go", gotoken.CONST, func(v *ast.ValueSpec) bool {
		if name, ok := v.Type.(*ast.Ident); !ok || name.Name != "AuditAction" {
			return false
		}
		text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, AuditAction(text))
		return true
	})
	return out
}

func TestL04_EveryAuditActionHasADetailOrIsListedAsWithoutOne(t *testing.T) {
	all := auditActions(t)
	if len(all) < 30 {
		t.Fatalf("only %d actions were found", len(all))
	}
	for n, a := range all {
		if slices.Contains(all[:n], a) {
			t.Errorf("%s is declared twice", a)
		}
		d, err := DecodeDetail(a, `{"v":1}`)
		switch {
		case err != nil:
			t.Errorf("%s: %v", a, err)
		case (d == nil) == (details[a] != nil):
			t.Errorf("%s is read as %T, and the table has %v", a, d, details[a])
		case (d == nil) != slices.Contains(withoutDetail, a):
			t.Errorf("%s is read as %T: is it listed as without detail?", a, d)
		}
	}
	if got := len(details) + len(withoutDetail); got != len(all) {
		t.Errorf("%d actions are listed, and there are %d", got, len(all))
	}
}

func TestL04_ADetailIsReadAsItWasWritten(t *testing.T) {
	for a, all := range details {
		for _, d := range all {
			text, err := EncodeDetail(d)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := DecodeDetail(a, text); err != nil || !reflect.DeepEqual(got, d) {
				t.Errorf("%s: %+v is written as %s and read as %+v, %v", a, d, text, got, err)
			}
		}
	}
}

// Every field of every detail is set in one of the samples, so that a field that is not written is noticed.
func TestL04_EveryFieldOfEveryDetailIsCovered(t *testing.T) {
	set := map[string]bool{}
	seen := map[string]reflect.Type{}
	for _, all := range details {
		for _, d := range all {
			v := reflect.ValueOf(d)
			seen[v.Type().Name()] = v.Type()
			for n := range v.NumField() {
				name := v.Type().Name() + "." + v.Type().Field(n).Name
				set[name] = set[name] || !v.Field(n).IsZero()
			}
		}
	}
	for name, covered := range set {
		if !covered {
			t.Errorf("%s is set nowhere", name)
		}
	}
	file, err := parser.ParseFile(gotoken.NewFileSet(), "audit.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "isDetail" {
			found++
			if name := f.Recv.List[0].Type.(*ast.Ident).Name; seen[name] == nil {
				t.Errorf("%s has no sample", name)
			}
		}
	}
	if found < 7 {
		t.Errorf("only %d details were found", found)
	}
}

func TestL04_ADetailThatThisProgramDoesNotKnowIsAFault(t *testing.T) {
	for a := range details {
		for name, c := range map[string]struct{ text, want string }{
			"a later version":   {`{"v":2,"d":{}}`, "version 2 is unknown"},
			"without a version": {`{"added":["administrator"]}`, "version 0 is unknown"},
			"no JSON":           {`added`, "read audit detail"},
			"another type":      {`{"v":1,"d":"administrator"}`, "read audit detail"},
		} {
			d, err := DecodeDetail(a, c.text)
			if err == nil || d != nil || !strings.Contains(err.Error(), c.want) || KindOf(err) != "" {
				t.Errorf("%s, %s: got %+v, %v", a, name, d, err)
			}
		}
	}
	for _, a := range append(slices.Clone(withoutDetail), "an action of a later program") {
		if d, err := DecodeDetail(a, `{"v":2}`); err != nil || d != nil {
			t.Errorf("%s: got %+v, %v", a, d, err)
		}
	}
}

func TestL04_ALineWithoutDetailSaysItsVersionAlone(t *testing.T) {
	if text, err := EncodeDetail(nil); err != nil || text != `{"v":1}` {
		t.Errorf("got %s, %v", text, err)
	}
}
