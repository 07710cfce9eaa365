package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func names(t *testing.T, path, text string) []string {
	t.Helper()
	all, err := mutantsIn(path, text)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range all {
		out = append(out, strings.TrimPrefix(m.Name, path+" f "))
	}
	return out
}

func TestEachPredicateOfAQueryIsDroppedByItself(t *testing.T) {
	got := names(t, "store/a.go", "package store\nfunc f() { q(`"+`
		SELECT a.x, CASE WHEN a.x = 1 AND a.y THEN 1 END
		FROM a
		JOIN b ON b.id = a.id AND b.state = 'open'
		LEFT JOIN c ON true
		WHERE a.org_id = ? AND a.n BETWEEN ? AND ? AND (a.u IN (?) OR NOT (a.v = ? AND a.w))
			AND EXISTS (SELECT 1 FROM d WHERE d.id = a.id)
		ORDER BY a.x`+"`) }")
	want := []string{
		"drop b.id = a.id", "drop b.state = 'open'",
		"drop a.org_id = ?", "drop a.n BETWEEN ? AND ?", "drop (a.u IN (?) OR NOT (a.v = ? AND a.w))",
		"never a.u IN (?)", "never NOT (a.v = ? AND a.w)", "drop a.v = ?", "drop a.w",
		"drop EXISTS (SELECT 1 FROM d WHERE d.id = a.id)", "drop d.id = a.id",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAPieceOfAConditionIsReadAsOne(t *testing.T) {
	got := names(t, "store/a.go", "package store\nconst f = ` AND u.in_tenant AND u.org_id = ?`\n"+
		"const g = `INSERT INTO a (b) VALUES (?) ON CONFLICT (b) DO NOTHING`")
	if want := []string{"drop u.in_tenant", "drop u.org_id = ?"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestThePlaceholderOfADroppedPredicateStays(t *testing.T) {
	all := predicates("DELETE FROM a WHERE b = ? AND c = ?")
	if len(all) != 2 || all[1].with != "(c = ? OR 1 = 1)" {
		t.Errorf("got %+v", all)
	}
}

func TestConditionsAreNegatedMovedByOneAndDropped(t *testing.T) {
	got := names(t, "licensing/a.go", `package licensing
func f() {
	if a(x) {
	}
	switch {
	case b || !c:
	}
	_ = n < 3 && t.Before(u)
}`)
	want := []string{
		"not: if a(x)", "not: case b || !c", "without b in: b || !c", "without !c in: b || !c", "without ! !c",
		"without n < 3 in: n < 3 && t.Before(u)", "without t.Before(u) in: n < 3 && t.Before(u)",
		"<= in: n < 3", ">= in: n < 3", "the instant itself: t.Before(u)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAGuardOfLicensingIsDroppedAndAPlainErrorIsNot(t *testing.T) {
	got := names(t, "store/a.go", `package store
func f() error {
	if err := g(); err != nil || h {
		return err
	}
	if err := licensing.MayAct(ok); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	return licensing.MayInvite(p)
}`)
	want := []string{
		"without h in: err != nil || h", "not asked: err := licensing.MayAct(ok)",
		"nobody asks licensing.MayAct(ok)", "nobody asks licensing.MayInvite(p)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestASurvivorIsLeftOutForAReasonAlone(t *testing.T) {
	known, err := parseEquivalents(strings.NewReader("# one row\n# alone\na b\nc d\n\n"))
	if err != nil || len(known) != 2 || known["c d"] != "one row alone" {
		t.Errorf("got %v, %v", known, err)
	}
	if _, err := parseEquivalents(strings.NewReader("# why\na\n\nb\n")); err == nil {
		t.Error("a name without a reason passes")
	}
}

// A mutant that no test notices is told from one that a test does, on a module of its own.
func TestAMutantIsKilledByTheTestThatNoticesIt(t *testing.T) {
	dir := t.TempDir()
	for path, text := range map[string]string{
		"go.mod": "module vlroles\n",
		"licensing/a.go": "package licensing\n\nfunc Yes(n int) bool { return n > 3 && n != 7 }\n\n" +
			"func No(b bool) int {\n\tif b {\n\t\treturn 1\n\t}\n\treturn 2\n}\n",
		"licensing/a_test.go": "package licensing\n\nimport \"testing\"\n\nfunc TestYes(t *testing.T) {\n" +
			"\tif !Yes(4) || Yes(3) || Yes(2) || Yes(7) {\n\t\tt.Error()\n\t}\n\tNo(true)\n}\n",
		"store/a.go": "package store\n", "store/rows/a.go": "package rows\n", "store/views/a.go": "package views\n",
		"rig/mutate/equivalent.txt": "",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bin := filepath.Join(dir, "mutate")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, again := range []string{", 6 to try", ", 1 to try"} { // what survived is tried again after a change
		cmd := exec.CommandContext(t.Context(), bin)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "survived: licensing/a.go:6\n") ||
			strings.Count(string(out), "survived: ") != 1 || !strings.Contains(string(out), again) {
			t.Fatalf("%v, want %q\n%s", err, again, out)
		}
		test := filepath.Join(dir, "licensing", "b_test.go")
		if err := os.WriteFile(test, []byte("package licensing\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
