package templates

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vlroles/licensing"
)

// tableOfMails returns the kinds of the table.
func tableOfMails() (out []string) {
	for _, k := range Kinds() {
		out = append(out, string(k.Kind))
	}
	return out
}

func TestEveryKindOfMailThatLicensingHasIsInTheTableOnce(t *testing.T) {
	want, got := mailKinds(t), tableOfMails()
	for _, k := range want {
		if !slices.Contains(got, k) {
			t.Errorf("licensing has the kind %q: give it an entry in templates/kinds.go", k)
		}
	}
	slices.Sort(got)
	if len(slices.Compact(slices.Clone(got))) != len(got) || len(got) != len(want) {
		t.Errorf("the table has %q, licensing %q", got, want)
	}
}

// mailKinds returns the values of licensing's constants of the type MailKind.
func mailKinds(t *testing.T) (out []string) {
	t.Helper()
	for _, name := range glob(t, "../licensing/*.go") {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "MailKind" {
				return true
			}
			for _, v := range spec.Values {
				value, err := strconv.Unquote(v.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, value)
			}
			return true
		})
	}
	if len(out) == 0 {
		t.Fatal("licensing has no kind of mail: the test looks in the wrong place")
	}
	return out
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no file is called %s: %v", pattern, err)
	}
	return names
}

// mailCheck finds the kinds that a schema allows in the table of mails: the list
// of kinds that names the welcome mail.
var mailCheck = regexp.MustCompile(`CHECK \(kind IN \(([^)]*'welcome'[^)]*)\)\)`)

func TestTheSchemaOfEachDatabaseAllowsTheKindsOfTheTable(t *testing.T) {
	want := tableOfMails()
	slices.Sort(want)
	for _, database := range []string{"postgres", "sqlite"} {
		t.Run(database, func(t *testing.T) {
			var got []string
			// in order: the newest list holds
			for _, name := range glob(t, "../store/migrations/"+database+"/*.sql") {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range mailCheck.FindAllStringSubmatch(string(text), -1) {
					got = strings.Split(strings.NewReplacer("'", "", " ", "", "\n", "").Replace(m[1]), ",")
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("the schema allows mails of the kinds\n%q, the table of mails has\n%q", got, want)
			}
		})
	}
}

func TestEveryKindSaysWhyToWhomWhereAndByWhichRunItIsSent(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(string(k.Kind), func(t *testing.T) {
			for field, value := range map[string]string{
				"Rule": licensing.RuleText(k.Rule), "Subject": k.Subject, "Reader": k.Reader,
				"Address": k.Address,
				"Runs":    strings.Join(k.Runs, ""), "Sample.To": string(k.Sample.To),
				"Sample.Name": k.Sample.Name,
			} {
				if value == "" {
					t.Errorf("%s is missing", field)
				}
			}
			if k.Sample.Kind != k.Kind {
				t.Errorf("the sample is of the kind %q", k.Sample.Kind)
			}
		})
	}
}

func TestEveryTemplateAndGoldenFileBelongsToAKind(t *testing.T) {
	var templates, golden []string
	for _, k := range Kinds() {
		for _, name := range append([]string{string(k.Kind)}, k.shared...) {
			templates = append(templates, name+".html", name+".txt")
		}
		golden = append(golden, string(k.Kind)+".html", string(k.Kind)+".txt")
	}
	templates = append(templates, "base.html", "base.txt", "mail.css")
	golden = append(golden, "confirmation-120.txt")
	for folder, known := range map[string][]string{"mail": templates, "testdata": golden} {
		for _, name := range glob(t, folder+"/*.*") {
			if !slices.Contains(known, filepath.Base(name)) {
				t.Errorf("%s belongs to no kind of mail", name)
			}
		}
	}
}

// TestTheListOfMailsSaysWhatTheTableSays keeps docs/mails.md, which -update writes.
func TestTheListOfMailsSaysWhatTheTableSays(t *testing.T) {
	var b strings.Builder
	b.WriteString("# The mails\n\n" +
		"Written from the table in `templates/kinds.go` by `go test ./templates -update`: don't edit.\n" +
		"What each mail says is in `templates/testdata`, as text and as HTML. " +
		"[How to add one](adding.md#a-mail).\n\n" +
		"| kind | subject | to | at | rule | sent by |\n|---|---|---|---|---|---|\n")
	for _, k := range Kinds() {
		runs := "`" + strings.Join(k.Runs, "`, `") + "`"
		fmt.Fprintf(&b, "| [%s](../templates/testdata/%[1]s.txt) | %s | %s | %s | %s | %s |\n",
			k.Kind, sampleOf(k.Kind).mail(t).Subject, k.Reader, k.Address, k.Rule, runs)
	}
	golden(t, "../../docs/mails.md", b.String())
}
