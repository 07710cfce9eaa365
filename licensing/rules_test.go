package licensing

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var ruleID = regexp.MustCompile(`^[RL]\d\d$`)

func TestRulesAndLawsAreListsOfSentences(t *testing.T) {
	t.Run("rules", func(t *testing.T) { areSentences(t, "R", Rules()) })
	t.Run("laws", func(t *testing.T) { areSentences(t, "L", Laws()) })
}

func areSentences(t *testing.T, letter string, list []Rule) {
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.ID
	}
	for name, broken := range map[string]func(i int, r Rule) bool{
		"an id is a letter and two digits": func(_ int, r Rule) bool {
			return !ruleID.MatchString(r.ID) || !strings.HasPrefix(r.ID, letter)
		},
		"no id stands twice": func(i int, r Rule) bool { return slices.Index(ids, r.ID) != i },
		"ids ascend":         func(i int, r Rule) bool { return i > 0 && ids[i-1] > r.ID },
		"a text is one sentence": func(_ int,
			r Rule) bool {
			return strings.Index(r.Text+" ", ". ") != len(r.Text)-1
		},
		"no two rules share a text": func(i int,
			r Rule) bool {
			return RuleText(ids[(i+1)%len(ids)]) == r.Text
		},
		"a text fits into a cell of a table": func(_ int,
			r Rule) bool {
			return strings.ContainsAny(r.Text, "|\n")
		},
		"a text is short":                     func(_ int, r Rule) bool { return len(r.Text) > 150 },
		"a rule's text is found under its id": func(_ int, r Rule) bool { return RuleText(r.ID) != r.Text },
	} {
		t.Run(name, func(t *testing.T) {
			for i, r := range list {
				if broken(i, r) {
					t.Errorf("not so: %s %q", r.ID, r.Text)
				}
			}
		})
	}
}

func TestARuleThatIsNoneHasNoText(t *testing.T) {
	for _, id := range []string{"", "R00", "R330", "r33", "33", "L00", "L330"} {
		if got := RuleText(id); got != "" {
			t.Errorf("%q means %q", id, got)
		}
	}
}

func TestACallersChangeDoesNotReachTheRules(t *testing.T) {
	Rules()[0].Text, Laws()[0].Text = "Everything is allowed.", "Everything is allowed."
	if RuleText("R01") == "Everything is allowed." || RuleText("L01") == "Everything is allowed." {
		t.Error("it does")
	}
}

func TestEveryRefusalNamesARuleThatExists(t *testing.T) {
	found := 0
	eachSource(t, func(name string, file *ast.File) {
		for _, rule := range refusals(file) {
			found++
			id, err := strconv.Unquote(rule)
			if err != nil {
				t.Errorf("%s: a refusal's rule is given as %s: write it as a string", name, rule)
			} else if id != "" && RuleText(id) == "" {
				t.Errorf("%s: a refusal names %q, which is no rule", name, id)
			}
		}
	})
	if found < 50 {
		t.Errorf("only %d refusals were found", found)
	}
}

func TestEveryRuleThatCodeNamesExists(t *testing.T) {
	eachSource(t, func(name string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != gotoken.STRING {
				return true
			}
			if id := strings.Trim(lit.Value, "`\""); ruleID.MatchString(id) && RuleText(id) == "" {
				t.Errorf("%s names %s, which is no rule", name, id)
			}
			return true
		})
	})
}

// eachSource calls f with every Go file of the module that is no test.
func eachSource(t *testing.T, f func(name string, file *ast.File)) {
	t.Helper()
	module := os.DirFS("..")
	err := fs.WalkDir(module, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(module, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err == nil {
			f(name, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// refusals returns what stands for the rule in the file's calls of Refuse: the quoted string, or "something
// else".
func refusals(file *ast.File) []string {
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || !callsRefuse(file, call) {
			return true
		}
		rule := "something else"
		if lit, ok := call.Args[1].(*ast.BasicLit); ok {
			rule = lit.Value
		}
		out = append(out, rule)
		return true
	})
	return out
}

// callsRefuse tells our Refuse from methods of that name.
func callsRefuse(file *ast.File, call *ast.CallExpr) bool {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return file.Name.Name == "licensing" && f.Name == "Refuse"
	case *ast.SelectorExpr:
		x, ok := f.X.(*ast.Ident)
		return ok && x.Name == "licensing" && f.Sel.Name == "Refuse"
	}
	return false
}
