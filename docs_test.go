package vlroles_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vlroles/licensing"
)

var (
	glossaryLine   = regexp.MustCompile(`(?m)^\| ([^|]+) \| [^|]+ \| ([^|]+) \| [^|]+ \|$`)
	licensingName  = regexp.MustCompile("`licensing\\.(\\w+)`")
	glossaryTable  = regexp.MustCompile("table `(\\w+)`")
	glossaryColumn = regexp.MustCompile("column `(\\w+)\\.(\\w+)`")
)

func TestTheGlossaryNamesWhatThereIs(t *testing.T) {
	lines := glossary(t)
	names, schema := declarations(t, "licensing"), read(t, "store/migrations/postgres/*.sql")
	for _, line := range lines {
		word, holder := line[1], line[2]
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
