package vlroles_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"vlroles/licensing"
	"vlroles/workflows"
)

var (
	workflowFunction = regexp.MustCompile(`(?m)^func ([A-Z]\w+)\(ctx workflow\.Context, `)
	tableName        = regexp.MustCompile(`\b[a-z_]{4,}\b`)

	glossaryLine   = regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \| ([^|]+) \| [^|]+ \|$`)
	licensingName  = regexp.MustCompile("`licensing\\.(\\w+)`")
	glossaryTable  = regexp.MustCompile("table `(\\w+)`")
	glossaryColumn = regexp.MustCompile("column `(\\w+)\\.(\\w+)`")
	glossaryHolder = regexp.MustCompile("`(licensing|workflows)\\.\\w+`|(table|column) `|`store/\\w+\\.go`")
)

func TestTheGlossaryNamesWhatThereIs(t *testing.T) {
	lines := glossary(t)
	names, schema := declarations(t, "licensing"), read(t, "store/migrations/postgres/*.sql")
	for _, line := range lines {
		word, holder := line[1], line[2]
		if !glossaryHolder.MatchString(holder) {
			t.Errorf("%s: nothing checks what holds it: %s", word, holder)
		}
		for _, m := range licensingName.FindAllStringSubmatch(holder, -1) {
			if !slices.Contains(names, m[1]) {
				t.Errorf("%s: there is no licensing.%s", word, m[1])
			}
		}
		for _, m := range glossaryTable.FindAllStringSubmatch(holder, -1) {
			if tableOf(schema, m[1]) == "" {
				t.Errorf("%s: there is no table %s", word, m[1])
			}
		}
		for _, m := range glossaryColumn.FindAllStringSubmatch(holder, -1) {
			if !strings.Contains(tableOf(schema, m[1]), "\n    "+m[2]+" ") {
				t.Errorf("%s: there is no column %s.%s", word, m[1], m[2])
			}
		}
	}
}

func TestTheGlossaryIsInTheOrderOfTheAlphabetAndHasEachWordOnce(t *testing.T) {
	last := ""
	for _, line := range glossary(t) {
		word := strings.ToLower(line[1])
		if word <= last {
			t.Errorf("%q stands after %q", word, last)
		}
		last = word
	}
}

func TestTheTableOfWorkflowsHasEveryWorkflowWithItsIDAndItsUpdates(t *testing.T) {
	text := read(t, "docs/how-it-works.md")
	var all []string
	for _, w := range workflows.All() {
		name := nameOf(w)
		all = append(all, name)
		if !strings.Contains(text, "\n| `"+name+"` | `") {
			t.Errorf("%s is not in the table of workflows", name)
		}
	}
	code := read(t, "workflows/*.go")
	for _, m := range workflowFunction.FindAllStringSubmatch(code, -1) {
		if !slices.Contains(all, m[1]) {
			t.Errorf("%s is a workflow that workflows.All doesn't name: no worker would run it", m[1])
		}
	}
	for what, pattern := range map[string]string{
		"id": `return "(\w+/)"`, "update": `(?m)^\t\w+Update += "(\w+)"`,
	} {
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(code, -1)
		if len(found) < 7 {
			t.Errorf("%d times %s were found in the code", len(found), what)
		}
		for _, m := range found {
			if !regexp.MustCompile("(?m)^\\| `.*`" + m[1] + ".*\\|$").MatchString(text) {
				t.Errorf("the %s %s is not in the table of workflows", what, m[1])
			}
		}
	}
}

func TestEveryWorkflowHasAHistoryThatIsReplayed(t *testing.T) {
	histories := read(t, "workflows/testdata/histories/*.json")
	for _, w := range workflows.All() {
		name := nameOf(w)
		if name == "CompareDirectories" {
			continue // starts CompareDirectory for each organization, and is run to its end by TestR84_AScheduled…
		}
		kept := regexp.MustCompile(`"workflowType":\s*\{\s*"name":\s*"` + name + `"`)
		if !kept.MatchString(histories) {
			t.Errorf("no history of %s is kept: call kept in a test of a path, then run make history", name)
		}
	}
}

// The picture of the schema has a line for each table: its primary key, and the tables that it refers to.
func TestThePictureOfTheSchemaIsTheSchema(t *testing.T) {
	text, references := read(t, "docs/how-it-works.md"), regexp.MustCompile(`REFERENCES (\w+)`)
	for _, database := range []string{"postgres", "sqlite"} {
		schema := read(t, "store/migrations/"+database+"/*.sql")
		tables := regexp.MustCompile(`CREATE TABLE (\w+) \(`).FindAllStringSubmatch(schema, -1)
		if len(tables) < 10 {
			t.Fatalf("%s: %d tables", database, len(tables))
		}
		for _, m := range tables {
			line := regexp.MustCompile(`(?m)^[│├└─ ]*` + m[1] + ` \(([\w, ]+)\)(.*)$`).FindStringSubmatch(text)
			if line == nil {
				t.Errorf("%s: %s is not in the picture", database, m[1])
				continue
			}
			table := tableOf(schema, m[1])
			if key := primaryKey(table); line[1] != key {
				t.Errorf("%s: the key of %s is (%s), the picture says (%s)", database, m[1], key, line[1])
			}
			var want []string
			for _, r := range references.FindAllStringSubmatch(table, -1) {
				want = append(want, r[1])
			}
			got := tableName.FindAllString(strings.ReplaceAll(line[2], "(its parent)", ""), -1)
			slices.Sort(want)
			slices.Sort(got)
			if want = slices.Compact(want); !slices.Equal(got, want) {
				t.Errorf("%s: %s refers to %v, the picture says %v", database, m[1], want, got)
			}
		}
	}
}

// primaryKey returns the columns of a table's primary key.
func primaryKey(table string) string {
	if m := regexp.MustCompile(`(?m)^ +PRIMARY KEY \(([^)]+)\)`).FindStringSubmatch(table); m != nil {
		return m[1]
	}
	if m := regexp.MustCompile(`(?m)^ +(\w+) .*PRIMARY KEY`).FindStringSubmatch(table); m != nil {
		return m[1]
	}
	return ""
}

func TestTheOrderOfTheFilesOfStoreNamesEveryFile(t *testing.T) {
	_, text, _ := strings.Cut(read(t, "docs/how-it-works.md"), "## The files of store")
	parts := strings.Split(text, "```")
	if len(parts) < 3 {
		t.Fatal("there is no list of the files of store")
	}
	files, err := filepath.Glob("store/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	words := strings.Fields(parts[1])
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".go")
		if !strings.HasSuffix(name, "_test") && !slices.Contains(words, name) {
			t.Errorf("%s has no place in the order of the files of store", f)
		}
	}
}

var (
	quoted   = regexp.MustCompile("`([^`\n]+)`")
	testName = regexp.MustCompile(`^Test\w+$`)
	filePath = regexp.MustCompile(`^[\w./-]+/([\w.-]+\.(go|md|sql|yml|yaml))?$`)
	goName   = regexp.MustCompile(
		`^(licensing|workflows|commands|activities|store|views|templates)\.([A-Z]\w*)(\.(\w+))?$`)
)

// What a text quotes as a test, a file or a name of Go is there. What a text about adding things only
// imagines is called frozen or R93.
func TestWhatTheDocsQuoteIsThere(t *testing.T) {
	tests := read(t, "*_test.go") + read(t, "*/*_test.go") + read(t, "*/*/*_test.go")
	for _, doc := range []string{
		"README.md", "CHANGELOG.md", "docs/how-it-works.md", "docs/adding.md", "docs/glossary.md",
	} {
		for _, m := range quoted.FindAllStringSubmatch(read(t, doc), -1) {
			name := m[1]
			switch {
			case strings.Contains(name, "frozen") || strings.Contains(name, "R93") || strings.Contains(name, "<"):
			case testName.MatchString(name):
				if !strings.Contains(tests, "func "+name+"(") {
					t.Errorf("%s: there is no test %s", doc, name)
				}
			case goName.MatchString(name):
				if !hasName(t, goName.FindStringSubmatch(name)) {
					t.Errorf("%s: there is no %s", doc, name)
				}
			case filePath.MatchString(name):
				if _, err := os.Stat(name); err != nil && !isElsewhere(name) {
					t.Errorf("%s: there is no %s", doc, name)
				}
			}
		}
	}
}

// isElsewhere says whether a text names a folder by its last part, or says itself that it is not there yet.
func isElsewhere(name string) bool {
	return slices.Contains([]string{
		"portal/", "smtp/", "webhook/", "scim/", "command/", "local/", "demo/", "vlroles/",
	}, name)
}

// hasName says whether package m[1] declares m[2], and with m[4] a method or field of that name.
func hasName(t *testing.T, m []string) bool {
	folder := map[string]string{"views": "store/views"}[m[1]]
	if folder == "" {
		folder = m[1]
	}
	if !slices.Contains(declarations(t, folder), m[2]) {
		return false
	}
	member := regexp.MustCompile(`(?m)^func \(\w+ \*?` + m[2] + `\) ` + m[4] + `\(|^\t` + m[4] + `\s`)
	return m[4] == "" || member.MatchString(read(t, folder+"/*.go"))
}

// nameOf returns the name of a function.
func nameOf(f any) string {
	full := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	return full[strings.LastIndex(full, ".")+1:]
}

func TestR10_TheSchemaKnowsEachRole(t *testing.T) {
	for _, database := range []string{"postgres", "sqlite"} {
		grants := tableOf(read(t, "store/migrations/"+database+"/*.sql"), "grants")
		for _, r := range licensing.Roles() {
			if !strings.Contains(grants, "'"+string(r.Role)+"'") {
				t.Errorf("%s: the table of grants doesn't take %s", database, r.Role)
			}
		}
	}
}

func TestMakeHelpSaysWhatEachTargetDoes(t *testing.T) {
	text := read(t, "Makefile")
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(text)
	if phony == nil {
		t.Fatal("the Makefile lists no targets")
	}
	for _, target := range strings.Fields(phony[1]) {
		help := regexp.MustCompile(`(?m)^` + target + `:.*## (.*)$`).FindStringSubmatch(text)
		if help == nil {
			t.Errorf("%s has no help", target)
		} else if width := len("  ") + 15 + len(help[1]); width > 100 {
			t.Errorf("the help of %s has %d columns", target, width)
		}
	}
}

// glossary returns the lines of the glossary's table: the whole line, the word, and what holds it.
func glossary(t *testing.T) [][]string {
	t.Helper()
	text := read(t, "docs/glossary.md")
	_, text, _ = strings.Cut(text, "\n|---|---|---|---|\n")
	lines := glossaryLine.FindAllStringSubmatch(text, -1)
	if len(lines) == 0 || len(lines) != strings.Count(text, "\n") {
		t.Fatalf("%d of %d lines have a word, a meaning, what holds it and what it is not", len(lines),
			strings.Count(text, "\n"))
	}
	return lines
}

// tableOf returns what makes a table, "" where there is none.
func tableOf(schema, table string) string {
	_, text, found := strings.Cut(schema, "CREATE TABLE "+table+" (")
	if !found {
		return ""
	}
	text, _, _ = strings.Cut(text, "\n);")
	return text
}

// read returns the text of the files that match.
func read(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	var b strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// declarations returns the exported names of a package's types, functions and constants.
func declarations(t *testing.T, folder string) []string {
	t.Helper()
	files, err := fs.Glob(os.DirFS(folder), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, name), nil,
			parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			out = append(out, declaredNames(d)...)
		}
	}
	return out
}

func declaredNames(d ast.Decl) []string {
	if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
		return []string{f.Name.Name}
	}
	g, ok := d.(*ast.GenDecl)
	if !ok {
		return nil
	}
	var out []string
	for _, s := range g.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			out = append(out, s.Name.Name)
		case *ast.ValueSpec:
			for _, n := range s.Names {
				out = append(out, n.Name)
			}
		}
	}
	return out
}
