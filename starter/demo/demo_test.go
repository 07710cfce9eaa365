package demo

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/starter/command"
)

func TestOnlyAFolderOfADemonstrationIsEmptied(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		taken bool
		left  int
	}{
		{"a folder that dev or a demonstration made is emptied",
			[]string{command.EnvironmentFile, "vlroles.db"}, true, 0},
		{"an empty folder is taken", nil, true, 0},
		{"a folder that holds other things is refused and stays", []string{"thesis.txt"}, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range c.files {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := wipe(dir); (err == nil) != c.taken {
				t.Fatal(err)
			}
			left, err := os.ReadDir(dir)
			if err != nil && !errors.Is(err, os.ErrNotExist) || len(left) != c.left {
				t.Errorf("%d files are left, expected %d (%v)", len(left), c.left, err)
			}
		})
	}
	if err := wipe(filepath.Join(t.TempDir(), "new")); err != nil {
		t.Errorf("a new folder is refused: %v", err)
	}
}

func TestTheStoryStopsAtARefusalThatIsMissingOrAnother(t *testing.T) {
	d := &story{out: io.Discard, begun: time.Now()}
	for _, c := range []struct {
		name string
		err  error
		ok   bool
	}{
		{"the refusal that was expected", licensing.Refuse(licensing.Gone, "R29", "used"), true},
		{"another refusal", licensing.Refuse(licensing.Gone, "R58", "replaced"), false},
		{"a fault", errors.New("R29"), false},
		{"no refusal", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := d.expectRefusal("kim", "selects the link again", c.err, "R29"); (err == nil) != c.ok {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}
