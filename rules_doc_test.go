package vlroles_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vlroles/licensing"
)

const (
	rulesDoc   = "docs/rules.md"
	rulesWrite = "go test . -run RulesTable -write" // make rules
)

var write = flag.Bool("write", false, "write "+rulesDoc+" anew")

func TestRulesTableSaysWhatTheCodeSays(t *testing.T) {
	want := rulesTable(traceRules(t))
	if *write {
		if err := os.WriteFile(rulesDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(rulesDoc)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the code says: run %s", rulesDoc, rulesWrite)
	}
}

func TestEveryRuleHasATestThatCarriesItsID(t *testing.T) {
	traces := traceRules(t)
	for _, r := range licensing.Rules() {
		if len(traces[r.ID].tests) == 0 {
			t.Errorf("%s has no test that carries its id: %s", r.ID, r.Text)
		}
	}
}

// foreign are hosts that the product must not know: it interoperates with a process, and calls none of its
// owner's services.
var foreign = regexp.MustCompile(
	`(?i)\b([a-z0-9-]+\.)*(microsoft|microsoftonline|office365?|windows|azure|live)\.(com|net)\b`)

// written are the endings of the files in which such a host could stand.
var written = []string{".go", ".sql", ".yml", ".yaml", ".html", ".txt", ".css"}

func TestR04_NoCallToMicrosoftIsAssumedAnywhere(t *testing.T) {
	for _, c := range []struct {
		text  string
		found bool
	}{
		{"https://graph.microsoft.com/v1.0/users", true},
		{"login.microsoftonline.com", true},
		{"https://login.example.com/", false},
		{"Microsoft admin center", false},
	} {
		if foreign.MatchString(c.text) != c.found {
			t.Fatalf("%q: %v", c.text, !c.found)
		}
	}
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && file != ".":
			return fs.SkipDir
		case file == "config/values.go": // refuses a sender of that domain (R73)
			return nil
		case d.IsDir() || strings.HasSuffix(file, "_test.go") || !slices.Contains(written, path.Ext(file)):
			return nil
		}
		text, err := os.ReadFile(file)
		if host := foreign.Find(text); host != nil {
			t.Errorf("%s names %s", file, host)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARuleIsDecidedByOneOrTwo(t *testing.T) {
	of := func(what sort, name string,
		rules int) decider {
		return decider{name: name, rules: rules, sort: what}
	}
	for _, c := range []struct {
		name string
		in   []decider
		want string
	}{
		{"nothing", nil, ""},
		{"those that decide most rules",
			[]decider{of(function, "a", 1), of(function, "b", 9), of(function, "c", 2)}, "b c"},
		{"by name where they decide as many", []decider{of(function, "b", 1), of(function, "a", 1)}, "a b"},
		{"a helper only where no function is exported",
			[]decider{of(helper, "h", 5), of(function, "f", 1)}, "f"},
		{"a type only where there is no function", []decider{of(typ, "t", 5), of(helper, "h", 1)}, "h"},
		{"a type", []decider{of(typ, "t", 1)}, "t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range deciding(c.in) {
				got = append(got, d.name)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestEveryIDThatATestCarriesIsARule(t *testing.T) {
	for id, tr := range traceRules(t) {
		if licensing.RuleText(id) == "" && len(tr.tests) > 0 {
			t.Errorf("%s is no rule: %s", id, strings.Join(tr.tests, ", "))
		}
	}
}

func TestTheRulesThatATestCarries(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"one rule", "TestR33_TheLastAdminStays", "R33"},
		{"several rules", "TestR28_R29_WhoMayRegister", "R28 R29"},
		{"a fuzz test", "FuzzR66_Addresses", "R66"},
		{"a rule at the end", "TestAddresses_R66", "R66"},
		{"a law", "TestR33_L04_TheAuditNamesThePrincipal", "R33 L04"},
		{"three digits are no rule", "TestR330_Nothing", ""},
		{"a word that begins like a rule is none", "TestR33TheLastAdminStays", ""},
		{"a benchmark is no test", "BenchmarkR40_TheList", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(carried(c.in), " "); got != c.want {
				t.Errorf("%s carries %q, not %q", c.in, got, c.want)
			}
		})
	}
}

func TestTheRulesThatATextNames(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"one rule", "the last admin stays (R33)", "R33"},
		{"several rules", "R28, R29", "R28 R29"},
		{"a range names what is between", "a closed set (R11–R13)", "R11 R12 R13"},
		{"a long range says what a text is about", "one transaction (R05–R76)", ""},
		{"a law", "no address is an identity (L05)", "L05"},
		{"three digits are no rule", "R330", ""},
		{"the name of a test is no rule", "see TestR33_TheLastAdminStays", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(named(c.in), " "); got != c.want {
				t.Errorf("%q names %q, not %q", c.in, got, c.want)
			}
		})
	}
}

// trace is where a rule is found.
type trace struct {
	deciders []decider // of licensing, whose doc comments name it
	folders  []string  // with code or comments that name it, without licensing where there are deciders
	tests    []string  // that carry its id
}

// decider is a function of licensing that decides rules, or a type that holds one.
type decider struct {
	name, file string
	rules      int // how many rules its doc comment names
	sort       sort
}

// sort is what a decider is. The first one says best where a rule is decided.
type sort int

const (
	function sort = iota
	helper        // an unexported function
	typ
)

// traceRules reads the module's Go and SQL files.
func traceRules(t *testing.T) map[string]trace {
	t.Helper()
	traces := map[string]trace{}
	for _, name := range sources(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if path.Ext(name) == ".sql" {
			addFolder(traces, name, named(string(text)))
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text,
			parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			addTests(traces, path.Dir(name), file)
		} else {
			addFolder(traces, name, namedInGo(file))
		}
		if path.Dir(name) == "licensing" && !strings.HasSuffix(name, "_test.go") {
			addDeciders(traces, name, file)
		}
	}
	return traces
}

// sources returns the files in which rules are looked for, in the order in which people should look.
func sources(t *testing.T) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !d.IsDir() && name != "licensing/rules.go" &&
			(path.Ext(name) == ".go" || path.Ext(name) == ".sql") {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out, func(a,
		b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	return out
}

// rank puts the rules' own package first and those that pass its decisions on last.
func rank(name string) int {
	order := []string{"licensing", "store", "workflows", "activities", "templates", "starter"}
	folder, _, _ := strings.Cut(name, "/")
	if i := slices.Index(order, folder); i >= 0 {
		return i
	}
	return len(order)
}

func addFolder(traces map[string]trace, name string, ids []string) {
	folder, _, _ := strings.Cut(name, "/")
	for _, id := range ids {
		tr := traces[id]
		if !slices.Contains(tr.folders, folder) {
			tr.folders = append(tr.folders, folder)
		}
		traces[id] = tr
	}
}

// addDeciders notes the functions and types whose doc comments name rules.
func addDeciders(traces map[string]trace, name string, file *ast.File) {
	for _, d := range file.Decls {
		who, doc, what := declared(d)
		ids := slices.Compact(slices.Sorted(slices.Values(named(doc))))
		for _, id := range ids {
			tr := traces[id]
			tr.deciders = append(tr.deciders, decider{name: who, file: name, rules: len(ids), sort: what})
			traces[id] = tr
		}
	}
}

// declared returns the name and the doc comment of a function, a method or a type, "" for anything else.
func declared(d ast.Decl) (name, doc string, what sort) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		what = helper
		if d.Name.IsExported() {
			what = function
		}
		return receiver(d) + d.Name.Name, d.Doc.Text(), what
	case *ast.GenDecl:
		if s, ok := d.Specs[0].(*ast.TypeSpec); ok {
			return s.Name.Name, d.Doc.Text(), typ
		}
	}
	return "", "", typ
}

// receiver returns the type of a method with a dot, "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	t := f.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name + "."
	}
	return ""
}

// deciding returns the one or two that decide a rule: of the best sort there is, and those that decide most
// rules first.
func deciding(in []decider) []decider {
	if len(in) == 0 {
		return nil
	}
	out := slices.SortedFunc(slices.Values(in), func(a, b decider) int {
		return cmp.Or(cmp.Compare(a.sort, b.sort), cmp.Compare(b.rules, a.rules), cmp.Compare(a.name, b.name))
	})
	best := out[0].sort
	out = slices.DeleteFunc(out, func(d decider) bool { return d.sort != best })
	return out[:min(2, len(out))]
}

func addTests(traces map[string]trace, folder string, file *ast.File) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil {
			continue
		}
		for _, id := range carried(f.Name.Name) {
			tr := traces[id]
			tr.tests = append(tr.tests, folder+"."+f.Name.Name)
			traces[id] = tr
		}
	}
}

var wholeID = regexp.MustCompile(`^[RL]\d\d$`)

// carried returns the ids that stand between underscores in the name of a test.
func carried(function string) []string {
	rest, ok := strings.CutPrefix(function, "Test")
	if !ok {
		rest, ok = strings.CutPrefix(function, "Fuzz")
	}
	if !ok {
		return nil
	}
	return slices.DeleteFunc(strings.Split(rest, "_"),
		func(word string) bool { return !wholeID.MatchString(word) })
}

var quotedID = regexp.MustCompile(`"[RL]\d\d"`)

// namedInGo returns the ids in comments and strings. One in quotes in a comment shows what an id looks like.
func namedInGo(file *ast.File) []string {
	var ids []string
	for _, group := range file.Comments {
		for _, c := range group.List {
			ids = append(ids, named(quotedID.ReplaceAllString(c.Text, ""))...)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			ids = append(ids, named(lit.Value)...)
		}
		return true
	})
	return ids
}

var idOrRange = regexp.MustCompile(`\b([RL])(\d\d)(?:–[RL](\d\d))?\b`)

// named returns the ids in a text. A range of more than ten says what the text is about, not what is decided
// there.
func named(text string) []string {
	var ids []string
	for _, m := range idOrRange.FindAllStringSubmatch(text, -1) {
		first, last := number(m[2]), number(cmp.Or(m[3], m[2]))
		if last-first >= 10 {
			continue
		}
		for n := first; n <= last; n++ {
			ids = append(ids, fmt.Sprintf("%s%02d", m[1], n))
		}
	}
	return ids
}

// number reads two digits.
func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err)
	}
	return n
}

func rulesTable(traces map[string]trace) string {
	var b strings.Builder
	b.WriteString("# The rules\n\n" +
		"Written by `make rules` from the code: don't edit. The sentences stand in `licensing/rules.go`. " +
		"A rule is decided by\n" +
		"the functions of licensing whose doc comments name its id: the two that decide most, " +
		"or a type where there is no\n" +
		"function. The folders after them name it too. Its tests carry its id in their names. " +
		"— stands for none.\n\n" +
		"| rule | meaning | decided by | named in | tests |\n|---|---|---|---|---|\n")
	for _, r := range licensing.Rules() {
		b.WriteString(row(r, traces[r.ID], "—"))
	}
	b.WriteString("\n## Laws of the engine\n\n" +
		"What people take for granted of it, whatever the rules say.\n\n" +
		"| law | meaning | decided by | named in | tests |\n|---|---|---|---|---|\n")
	for _, r := range licensing.Laws() {
		b.WriteString(row(r, traces[r.ID], "no test yet"))
	}
	return b.String()
}

// row is the line of one rule.
func row(r licensing.Rule, tr trace, untested string) string {
	by := deciding(tr.deciders)
	folders := tr.folders
	if len(by) > 0 {
		folders = slices.DeleteFunc(slices.Clone(folders), func(f string) bool { return f == "licensing" })
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", r.ID, r.Text,
		cell(by, "<br>", "—", link), cell(folders, ", ", "—", plain), cell(tr.tests, "<br>", untested, code))
}

// cell joins the items, or says that there are none.
func cell[T any](items []T, between, none string, form func(T) string) string {
	if len(items) == 0 {
		return none
	}
	parts := make([]string, len(items))
	for i, item := range items {
		parts[i] = form(item)
	}
	return strings.Join(parts, between)
}

func link(d decider) string { return "[licensing." + d.name + "](../" + d.file + ")" }

func plain(folder string) string { return folder }

func code(test string) string { return "`" + test + "`" }
