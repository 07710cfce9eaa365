package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
)

// contents are the rows of every table but the omitted ones, as text.
func (h *house) contents(omitted ...string) map[string]string {
	h.Helper()
	query := `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`
	if h.lite {
		query = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`
	}
	var tables []string
	h.Select(&tables, query)
	if len(tables) < 14 {
		h.Fatalf("only these tables were found: %v", tables)
	}
	out := map[string]string{}
	for _, table := range tables {
		if !slices.Contains(omitted, table) {
			out[table] = h.table(table)
		}
	}
	return out
}

// table is all rows of a table, sorted.
func (h *house) table(name string) string {
	h.Helper()
	found, err := h.reads.QueryxContext(h.Context(), `SELECT * FROM `+name)
	if err != nil {
		h.Fatal(err)
	}
	defer found.Close() //nolint:errcheck // read to the end
	var lines []string
	for found.Next() {
		values, err := found.SliceScan()
		if err != nil {
			h.Fatal(err)
		}
		for n, v := range values {
			if text, ok := v.([]byte); ok {
				values[n] = string(text)
			}
		}
		lines = append(lines, fmt.Sprintf("%q", fmt.Sprint(values...)))
	}
	if err := found.Err(); err != nil {
		h.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// unchanged expects the same rows as before in all tables but the omitted ones.
func (h *house) unchanged(what string, before map[string]string, omitted ...string) {
	h.Helper()
	for table, now := range h.contents(omitted...) {
		was, is := strings.Split(before[table], "\n"), strings.Split(now, "\n")
		gone := slices.DeleteFunc(slices.Clone(was), func(row string) bool { return slices.Contains(is, row) })
		fresh := slices.DeleteFunc(is, func(row string) bool { return slices.Contains(was, row) })
		if now != before[table] {
			h.Errorf("%s: %s had the rows %v and has %v", what, table, gone, fresh)
		}
	}
}

// lastAudit reads the newest lines of the audit, the newest first.
func (h *house) lastAudit(most int) (out []auditRow) {
	h.Helper()
	h.Select(&out, `
		SELECT at, org_id, principal, actor, named, action, outcome, user_id, license_id, request_id, rule, before, after, detail
		FROM audit
		ORDER BY id DESC
		LIMIT ?`, most)
	return out
}

// principals are those who act by a request; a person does by all others (L04).
var principals = map[licensing.AuditAction]licensing.PrincipalKind{
	licensing.AuditApply: licensing.ByPartner, licensing.AuditPutAgreement: licensing.ByPartner,
	licensing.AuditChangeContact: licensing.ByPartner, licensing.AuditDirectory: licensing.ByDirectory,
	licensing.AuditAppoint: licensing.BySupport, licensing.AuditErase: licensing.BySupport,
}

// isRefused expects one line of the audit more than there were, which tells of the refusal as a whole.
func (h *house) isRefused(lines int, want auditRow) {
	h.Helper()
	equal(h.TB, "audit lines", h.Count(`SELECT COUNT(*) FROM audit`), lines+1)
	want.Principal = cmp.Or(principals[want.Action], licensing.ByPerson)
	want.At, want.OrgID, want.Outcome, want.Detail = ts(h.Now), h.Org, "refused", `{"v":1}`
	same(h.TB, "the audit line", h.lastAudit(1)[0], want)
}

// ordered is one kind of request in the tests of the envelope.
type ordered struct {
	action licensing.AuditAction
	make   func(h *house) any // in a new house: a request that is carried out
	bad    func(h *house) any // one that is refused as a whole
	kind   licensing.Kind
	rule   string
}

func kimInvited(by string) func(h *house) any {
	return func(h *house) any {
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		h.Now = h.Now.Add(time.Hour) // past the cool-down
		return h.Command(by, kim)
	}
}

func kimRegistered(by string) func(h *house) any {
	return func(h *house) any {
		return h.Command(by, h.Member("ada", "kim", add(a1, licensing.BenefitsReader)))
	}
}

func accepting(generation int) func(h *house) any {
	return func(h *house) any {
		run := h.Invitation(h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))).Run
		return licensing.Registration{Request: newRequest(), Invitation: run.Invitation, Generation: generation,
			Identity: licensing.Identity{Email: "kim@fabrikam.example"}}
	}
}

func overHanded(by string) func(h *house) any {
	return func(h *house) any {
		out := h.handOver("ada", ext("sam"), a1)
		h.Joins("sam")
		return licensing.HandOverCommand{Request: newRequest(), Org: h.Org, HandOver: out.View.ID, By: h.ID(by)}
	}
}

func preferring(who string) func(h *house) any {
	return func(h *house) any {
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "heir")))
		h.Puts(agreement("P2", "P1", contact(licensing.PrimaryContact, "below")))
		h.Joins("heir")
		return licensing.PreferenceChange{Request: newRequest(), Org: h.Org, User: h.ID(who), License: "P1",
			Inherit: true}
	}
}

// The requests, by the method of Store that carries them out.
var orderedRequests = map[string]ordered{
	"Save": {licensing.AuditSave, func(h *house) any {
		return licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"), People: []licensing.PersonChange{
			ext("kim", add(a1, licensing.BenefitsReader), add(a2, licensing.BenefitsReader)),
			ext("lee", add(m1, licensing.Administrator)),
		}}
	}, func(h *house) any {
		kim := h.Invite("ada", "kim", add(a1, licensing.Administrator))
		return licensing.Save{ID: newRequest(), Org: h.Org, Admin: kim, People: []licensing.PersonChange{
			ext("lee", add(a1, licensing.BenefitsReader))}}
	}, licensing.NotFound, "R43"},
	"Register": {licensing.AuditRegister, accepting(1), accepting(2), licensing.Gone, "R58"},
	"Resend":   {licensing.AuditResend, kimInvited("ada"), kimInvited("grace"), licensing.NotFound, "R43"},
	"Reset":    {licensing.AuditReset, kimInvited("ada"), kimRegistered("ada"), licensing.Conflict, "R62"},
	"Cancel":   {licensing.AuditCancel, kimInvited("ada"), kimRegistered("ada"), licensing.Conflict, "R62"},
	"Delete":   {licensing.AuditDelete, kimRegistered("ada"), kimInvited("grace"), licensing.NotFound, "R43"},
	"Recheck": {licensing.AuditRecheck, func(h *house) any {
		leo := h.colleague()
		h.Leaves("o-leo", "leo@contoso.example", "Leo Internal", true)
		h.Leaves("o-leo", "leo@contoso.example", "Leo Internal", false)
		return h.Command("ada", leo)
	}, func(h *house) any { return h.Command("ada", h.colleague()) }, licensing.Conflict, "R57"},
	"Apply": {licensing.AuditApply, func(h *house) any {
		return licensing.Intake{ID: newRequest(), Org: h.Org, Name: "Contoso Ltd",
			Domains:   []string{"contoso.test"},
			Directory: []licensing.DirectoryPerson{left(leo)}, Agreements: []licensing.ContractAgreement{
				agreement("N1", "", contact(licensing.PrimaryContact, "kim"))}}
	}, func(h *house) any {
		emptyHouse(h.TB, h.Store).TakeIn(licensing.Intake{Name: "Fabrikam", Domains: []string{"fabrikam.example"}})
		return licensing.Intake{ID: newRequest(), Org: h.Org, Name: "Changed",
			Domains: []string{"new.example", "fabrikam.example"}}
	}, licensing.Conflict, "R63"},
	"PutAgreement": {licensing.AuditPutAgreement, func(h *house) any {
		return licensing.AgreementPut{ID: newRequest(), Org: h.Org, Agreement: agreement("N1", "",
			contact(licensing.PrimaryContact, "kim"), contact(licensing.BillToContact, "lee"))}
	}, func(h *house) any {
		return licensing.AgreementPut{ID: newRequest(), Org: h.Org, Agreement: agreement("N1", "",
			contact(licensing.BillToContact, "lee"))}
	}, licensing.Invalid, "R25"},
	"ChangeContact": {licensing.AuditChangeContact, func(h *house) any {
		h.Puts(agreement("N1", "", contact(licensing.PrimaryContact, "kim")))
		return licensing.ContactChange{ID: newRequest(), Org: h.Org,
			Contact: contact(licensing.PrimaryContact, "lee"),
			From:    "kim@fabrikam.example"}
	}, func(h *house) any {
		return licensing.ContactChange{ID: newRequest(), Org: h.Org,
			Contact:  contact(licensing.PrimaryContact, "lee"),
			Licenses: []licensing.LicenseID{a1, "NONE"}}
	}, licensing.NotFound, "R08"},
	"Directory": {licensing.AuditDirectory, func(h *house) any {
		return licensing.DirectoryChange{ID: newRequest(), Org: h.Org, People: []licensing.DirectoryPerson{
			left(licensing.DirectoryPerson{ObjectID: "o-grace", Email: "grace@contoso.example", Name: "Grace Hopper"}),
			{ObjectID: "o-new", Email: "new@contoso.example", Name: "New"}}}
	}, func(h *house) any {
		// an id that is the engine's own
		return licensing.DirectoryChange{ID: derive(newRequest(), 1), Org: h.Org,
			People: []licensing.DirectoryPerson{{ObjectID: "o-new", Email: "new@contoso.example", Name: "New"}}}
	}, licensing.Invalid, "L06"},
	"Erase": {licensing.AuditErase, func(h *house) any {
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		h.Deletes("ada", kim)
		h.mailsArrive()
		return licensing.Erasure{ID: newRequest(), Org: h.Org, User: kim, Reason: "case 4711"}
	}, func(h *house) any {
		return licensing.Erasure{ID: newRequest(), Org: h.Org, User: h.ID("ada"), Reason: "case 4711"}
	}, licensing.Conflict, "L10"},
	"Appoint": {licensing.AuditAppoint, func(h *house) any {
		h.Leaves("o-ada", "ada@contoso.example", "Ada Lovelace", true)
		return licensing.Appointment{ID: newRequest(), Org: h.Org, License: a1, Person: ext("kim"),
			Reason: "case 4711"}
	}, func(h *house) any {
		return licensing.Appointment{ID: newRequest(), Org: h.Org, License: a1, Person: ext("kim"),
			Reason: "case 4711"}
	}, licensing.Conflict, "R05"},
	"SetPreference": {licensing.AuditPreference, preferring("heir@fabrikam.example"), preferring("ada"),
		licensing.NotFound, "R43"},
	"StartHandOver": {licensing.AuditHandOver, func(h *house) any {
		return licensing.HandOver{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"), Successor: ext("sam"),
			Licenses: []licensing.LicenseID{a1, m1, a2}}
	}, func(h *house) any {
		kim := h.Invite("ada", "kim", add(a1, licensing.Administrator))
		return licensing.HandOver{ID: newRequest(), Org: h.Org, Admin: kim, Successor: ext("sam"),
			Licenses: []licensing.LicenseID{a1}}
	}, licensing.NotFound, "R43"},
	"AgreeHandOver": {licensing.AuditAgreeHandOver, overHanded("sam@fabrikam.example"), overHanded("ada"),
		licensing.NotFound, "R43"},
	"CancelHandOver": {licensing.AuditCancelHandOver, overHanded("ada"), overHanded("grace"),
		licensing.NotFound, "R43"},
}

// part returns a pointer to the first of the fields that a request has, nil for none.
func part[T any](request any, names ...string) *T {
	v := reflect.ValueOf(request).Elem()
	for _, name := range names {
		if f := v.FieldByName(name); f.IsValid() {
			if p, ok := f.Addr().Interface().(*T); ok {
				return p
			}
		}
	}
	return nil
}

// altered is a copy of the request that the change has been made to.
func altered(request any, change func(pointer any)) any {
	p := reflect.New(reflect.TypeOf(request))
	p.Elem().Set(reflect.ValueOf(request))
	change(p.Interface())
	return p.Elem().Interface()
}

func requestOf(p any) *licensing.RequestID { return part[licensing.RequestID](p, "ID", "Request") }

// callerOf is who asks; nil where it is a partner, a directory, support, or who holds a link.
func callerOf(p any) *licensing.UserID {
	if c, ok := p.(*licensing.PreferenceChange); ok {
		return &c.User
	}
	return part[licensing.UserID](p, "Admin", "By")
}

func requestIn(in any) (id licensing.RequestID) {
	altered(in, func(p any) { id = *requestOf(p) })
	return id
}

func callerIn(in any) (by licensing.UserID) {
	altered(in, func(p any) {
		if c := callerOf(p); c != nil {
			by = *c
		}
	})
	return by
}

// licenseIn is the License ID that a request is about, where it is about one.
func licenseIn(in any) (l licensing.LicenseID) {
	if callerIn(in) != "" { // a person's refusal is written on no License ID (L03)
		return ""
	}
	altered(in, func(p any) {
		if a, ok := p.(*licensing.AgreementPut); ok {
			l = a.Agreement.License
		} else if f := part[licensing.LicenseID](p, "License"); f != nil {
			l = *f
		}
	})
	return l
}

// otherwise asks something else under the same id.
func otherwise(p any) {
	switch c := p.(type) {
	case *licensing.Registration:
		c.Identity.Name = "Somebody"
	case *licensing.Command:
		c.User = c.By
	case *licensing.HandOverCommand:
		c.HandOver = c.Request
	case *licensing.Intake:
		c.Name += " again"
	case *licensing.DirectoryChange:
		c.People = c.People[:1]
	case *licensing.Appointment:
		c.Reason += " again"
	case *licensing.Erasure:
		c.Reason += " again"
	case *licensing.PreferenceChange:
		c.Inherit = !c.Inherit
	default:
		*part[time.Duration](p, "InviteFor") = 48 * time.Hour
	}
}

// carry has the store carry a request out at the house's time.
func (h *house) carry(method string, in any) (answer string, err error) {
	h.Helper()
	m := reflect.ValueOf(h.atTime(h.Now)).MethodByName(method)
	out := m.Call([]reflect.Value{reflect.ValueOf(h.Context()), reflect.ValueOf(in)})
	err, _ = out[1].Interface().(error)
	text, bad := json.Marshal(out[0].Interface())
	if bad != nil {
		h.Fatal(bad)
	}
	if err != nil && !out[0].IsZero() {
		h.Errorf("%s answers %s beside the error %v", method, text, err)
	}
	return string(text), err
}

func TestL06_TheTableHasEveryRequestOfTheStore(t *testing.T) {
	found := 0
	for m := range reflect.TypeFor[*Store]().Methods() {
		if m.Name == "Verify" || m.Type.NumIn() != 3 || m.Type.In(2).Kind() != reflect.Struct {
			continue
		}
		if requestOf(reflect.New(m.Type.In(2)).Interface()) == nil {
			continue
		}
		found++
		if orderedRequests[m.Name].make == nil {
			t.Errorf("Store.%s carries out a request and stands in no test of the envelope", m.Name)
		}
	}
	if found != len(orderedRequests) {
		t.Errorf("the store carries out %d requests, in the table are %d", found, len(orderedRequests))
	}
}

// eachRequest runs a test for every request on both databases.
func eachRequest(t *testing.T, test func(h *house, method string, o ordered)) {
	t.Helper()
	for method, o := range orderedRequests {
		t.Run(method, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) { test(newHouse(t, s), method, o) })
		})
	}
}

// TestL04_L06_ARequestIsCarriedOutOnce goes through what the envelope promises of a request, in one house.
func TestL04_L06_ARequestIsCarriedOutOnce(t *testing.T) {
	eachRequest(t, func(h *house, method string, o ordered) {
		in := o.make(h)
		for _, c := range []struct {
			name  string
			check func(*house, string, ordered, any)
		}{
			{"what is no id is refused and leaves no row", (*house).refusesWhatIsNoID},
			{"the same request has its answer again", (*house).answersAgain},
			{"the same id with other content, or of another caller, is a conflict", (*house).refusesOthers},
			{"every line of the audit is read back as it was written", (*house).readsAuditBack},
			{"an answer of another version is a fault that says so", (*house).refusesLaterAnswers},
		} {
			h.TB.(*testing.T).Run(c.name, func(t *testing.T) {
				sub := *h.House
				sub.TB = t
				c.check(&house{&sub, h.Store}, method, o, in)
			})
		}
	})
}

func (h *house) answersAgain(method string, _ ordered, in any) {
	first := must[string](h.TB)(h.carry(method, in))
	after := h.contents()
	lines := h.lastAudit(1)
	if len(lines) == 0 || string(lines[0].RequestID) != string(requestIn(in)) {
		h.Errorf("the newest audit line is not the request's: %+v", lines)
	}
	h.Now = h.Now.Add(time.Hour)
	equal(h.TB, "the same answer", must[string](h.TB)(h.carry(method, in)), first)
	h.unchanged("the same request", after)
}

func (h *house) refusesOthers(method string, o ordered, in any) {
	for name, change := range map[string]func(p any){
		"other content": otherwise,
		"another caller": func(p any) {
			if c := callerOf(p); c != nil {
				*c = h.ID("grace")
			} else {
				otherwise(p)
			}
		},
	} {
		lines := h.Count(`SELECT COUNT(*) FROM audit`)
		before := h.contents("audit")
		bad := altered(in, change)
		_, err := h.carry(method, bad)
		wantRefusal(h.TB, err, licensing.Conflict, "L06")
		h.unchanged(name, before, "audit")
		h.isRefused(lines, auditRow{Actor: nullString(callerIn(bad)), Action: o.action, Rule: "L06",
			RequestID: nullString(requestIn(bad)), LicenseID: nullString(licenseIn(bad))})
	}
	other := emptyHouse(h.TB, h.Store)
	other.TakeIn(licensing.Intake{Name: "Fabrikam"})
	foreign := altered(in, func(p any) {
		if org := part[licensing.OrgID](p, "Org"); org != nil {
			*org = other.Org
		} else { // a registration is of its invitation's organization
			otherwise(p)
		}
	})
	_, err := h.carry(method, foreign)
	wantRefusal(h.TB, err, licensing.Conflict, "L06")
}

// refusesWhatIsNoID expects no audit line either: a line has ids in it and nothing that somebody typed (L10).
func (h *house) refusesWhatIsNoID(method string, _ ordered, in any) {
	before := h.contents()
	setOrg := func(org licensing.OrgID) func(p any) bool {
		return func(p any) bool {
			field := part[licensing.OrgID](p, "Org")
			if field == nil || method == "Apply" { // which makes the organization
				return false
			}
			*field = org
			return true
		}
	}
	for _, c := range []struct {
		name   string
		kind   licensing.Kind
		rule   string
		change func(p any) bool
	}{
		{"the request's id is an address", licensing.Invalid, "L06", func(p any) bool {
			*requestOf(p) = "ada@contoso.example"
			return true
		}},
		{"the request's id is in capitals", licensing.Invalid, "L06", func(p any) bool {
			*requestOf(p) = "2F1C5E3A-9B7D-4C61-8E0F-A1B2C3D4E5F6"
			return true
		}},
		{"the request's id has no hyphens", licensing.Invalid, "L06", func(p any) bool {
			*requestOf(p) = "2f1c5e3a9b7d4c618e0fa1b2c3d4e5f6"
			return true
		}},
		{"there is no such organization", licensing.NotFound, "R43", setOrg(licensing.OrgID(newRequest()))},
		{"the organization is a name", licensing.NotFound, "R43", setOrg("Contoso")},
		{"the caller is an address", licensing.NotFound, "R43", func(p any) bool {
			by := callerOf(p)
			if by != nil {
				*by = "ada@contoso.example"
			}
			return by != nil
		}},
		{"the caller is in capitals", licensing.NotFound, "R43", func(p any) bool {
			by := callerOf(p)
			if by != nil && *by != "" {
				*by = licensing.UserID(strings.ToUpper(string(*by)))
				return true
			}
			return false
		}},
	} {
		applies := false
		bad := altered(in, func(p any) { applies = c.change(p) })
		if !applies {
			continue
		}
		_, err := h.carry(method, bad)
		if e := licensing.RefusalOf(err); e == nil || e.Kind != c.kind || e.Rule != c.rule {
			h.Errorf("%s: got %v, want a refusal by %s", c.name, err, c.rule)
		}
		h.unchanged(c.name, before)
	}
}

func (h *house) readsAuditBack(string, ordered, any) {
	lines := h.lastAudit(1000)
	none := must[string](h.TB)(licensing.EncodeDetail(nil))
	for _, l := range lines {
		d, err := licensing.DecodeDetail(l.Action, l.Detail)
		if err != nil {
			h.Errorf("%s: %v", l.Action, err)
		}
		again := must[string](h.TB)(licensing.EncodeDetail(d))
		if l.Detail != again && (l.Outcome != "refused" || l.Detail != none) {
			h.Errorf("%s: %s is read as %+v", l.Action, l.Detail, d)
		}
	}
	if len(lines) < 4 {
		h.Errorf("only %d lines", len(lines))
	}
}

func (h *house) refusesLaterAnswers(method string, _ ordered, in any) {
	const later = `UPDATE requests SET answer_version = answer_version + 1 WHERE id = ?`
	if _, err := h.writes.ExecContext(h.Context(), h.writes.Rebind(later), requestIn(in)); err != nil {
		h.Fatal(err)
	}
	before := h.contents()
	_, err := h.carry(method, in)
	if err == nil || licensing.RefusalOf(err) != nil || !strings.Contains(err.Error(), "version 2 is unknown") {
		h.Errorf("got %v, want a fault that names the version", err)
	}
	h.unchanged("an answer of another version", before)
	_, err = h.carry(method, altered(in, otherwise))
	wantRefusal(h.TB, err, licensing.Conflict, "L06") // whatever the version of the answer
}

func TestL06_AnIntakeAgainDoesNotTakeBackWhatALaterOneSaid(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		first := licensing.Intake{ID: newRequest(), Org: h.Org, Name: "Contoso", Domains: []string{"old.example"}}
		must[string](t)(h.carry("Apply", first))
		h.TakeIn(licensing.Intake{Name: "Contoso Ltd"})
		before := h.contents()
		must[string](t)(h.carry("Apply", first))
		h.unchanged("the first intake again", before)
	})
}

func TestL06_TheIDOfOneKindOfRequestIsNotThatOfAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		c := h.Command("ada", h.Invite("ada", "kim", add(a1, licensing.BenefitsReader)))
		methods := []string{"Reset", "Resend", "Cancel", "Recheck", "Delete"}
		h.Now = h.Now.Add(time.Hour) // past the cool-down
		must[string](t)(h.carry(methods[0], c))
		before := h.contents("audit")
		for _, m := range methods[1:] {
			_, err := h.carry(m, c)
			wantRefusal(t, err, licensing.Conflict, "L06")
		}
		h.unchanged("a reset and no more", before, "audit")
	})
}

func TestL04_ARefusalAsAWholeLeavesOneAuditLineAndNoOtherRow(t *testing.T) {
	eachRequest(t, func(h *house, method string, o ordered) {
		in := o.bad(h)
		lines := h.Count(`SELECT COUNT(*) FROM audit`)
		before := h.contents("audit")
		_, err := h.carry(method, in)
		wantRefusal(h.TB, err, o.kind, o.rule)
		h.unchanged("a refusal as a whole", before, "audit")
		h.isRefused(lines, auditRow{Actor: nullString(callerIn(in)), Action: o.action, Rule: nullString(o.rule),
			RequestID: nullString(requestIn(in)), LicenseID: nullString(licenseIn(in))})
	})
}

func TestTheEnvelopeAndTheGrantsStandOnce(t *testing.T) {
	count := map[string]int{
		"INSERT INTO grants": 0, "DELETE FROM grants": 0, "INSERT INTO requests": 0, "INSERT INTO audit": 0,
		"INSERT INTO assignments": 0, "DELETE FROM assignments": 0, "INSERT INTO organizations ": 0,
	}
	files := 0
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(os.DirFS(".."), name)
		files++
		words := strings.Join(strings.Fields(string(text)), " ")
		for statement := range count {
			count[statement] += strings.Count(words, statement)
		}
		return err
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, %v", files, err)
	}
	for statement, n := range count {
		equal(t, statement, n, 1)
	}
}
