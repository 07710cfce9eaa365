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

// foreign are hosts that the product must not know: it interoperates with a process, and calls none of its owner's services.
var foreign = regexp.MustCompile(`(?i)\b([a-z0-9-]+\.)*(microsoft|microsoftonline|office365?|windows|azure|live)\.(com|net)\b`)

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
		case d.IsDir() || strings.HasSuffix(file, "_test.go") || !slices.Contains([]string{".go", ".sql", ".yml", ".yaml", ".html", ".txt", ".css"}, path.Ext(file)):
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
	files []string // that name it
	tests []string // that carry its id
}

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
			addFile(traces, name, named(string(text)))
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			addTests(traces, path.Dir(name), file)
		} else {
			addFile(traces, name, namedInGo(file))
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
		if !d.IsDir() && name != "licensing/rules.go" && (path.Ext(name) == ".go" || path.Ext(name) == ".sql") {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
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

func addFile(traces map[string]trace, name string, ids []string) {
	for _, id := range ids {
		tr := traces[id]
		if !slices.Contains(tr.files, name) {
			tr.files = append(tr.files, name)
		}
		traces[id] = tr
	}
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

var wholeID = regexp.MustCompile(`^R\d\d$`)

// carried returns the ids that stand between underscores in the name of a test.
func carried(function string) []string {
	rest, ok := strings.CutPrefix(function, "Test")
	if !ok {
		rest, ok = strings.CutPrefix(function, "Fuzz")
	}
	if !ok {
		return nil
	}
	return slices.DeleteFunc(strings.Split(rest, "_"), func(word string) bool { return !wholeID.MatchString(word) })
}

var quotedID = regexp.MustCompile(`"R\d\d"`)

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

var idOrRange = regexp.MustCompile(`\bR(\d\d)(?:–R(\d\d))?\b`)

// named returns the ids in a text. A range of more than ten says what the text is about, not what is decided there.
func named(text string) []string {
	var ids []string
	for _, m := range idOrRange.FindAllStringSubmatch(text, -1) {
		first, last := number(m[1]), number(cmp.Or(m[2], m[1]))
		if last-first >= 10 {
			continue
		}
		for n := first; n <= last; n++ {
			ids = append(ids, fmt.Sprintf("R%02d", n))
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
		"Written by `make rules` from the code: don't edit. A rule's sentence stands in `licensing/rules.go`. It is decided in the files\n" +
		"whose code or comments name its id, the rules' own package first; its tests carry the id in their name. — stands for none.\n\n" +
		"| rule | meaning | decided in | tests |\n|---|---|---|---|\n")
	for _, r := range licensing.Rules() {
		tr := traces[r.ID]
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.ID, r.Text, cell(tr.files, link), cell(tr.tests, code))
	}
	return b.String()
}

// cell is a line for each item, or a dash.
func cell(items []string, form func(string) string) string {
	if len(items) == 0 {
		return "—"
	}
	lines := make([]string, len(items))
	for i, item := range items {
		lines[i] = form(item)
	}
	return strings.Join(lines, "<br>")
}

func link(file string) string { return "[" + file + "](../" + file + ")" }

func code(test string) string { return "`" + test + "`" }
