package local

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vlroles/licensing"
	"vlroles/starter/command"
)

const validMarker = `{"program": "vlroles demo", "id": "5b0c1c5e-7c0f-4a51-9a0e-2f9b6a1d0001"}`

// tree makes a folder with files, by path and text, and returns its name.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// leaves are the names of all files below a folder.
func leaves(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, err = filepath.Rel(dir, name)
			out = append(out, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestADemonstrationEmptiesOnlyItsOwnFolderAndDeletesOnlyItsOwnFiles(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		taken bool
		left  []string // besides lock and marker; nil: everything
	}{
		{"an empty folder is taken", nil, true, nil},
		{"a folder with a file called environment is refused",
			map[string]string{"environment": "A=b", "vlroles.db": "", "thesis.txt": "x"}, false, nil},
		{"the folder of a dev is refused",
			map[string]string{lockName: "1", "environment": "A=b", "vlroles.db": ""}, false, nil},
		{"a marker that is empty is none", map[string]string{markerName: "", "vlroles.db": ""}, false, nil},
		{"a marker of another program is none",
			map[string]string{markerName: strings.Replace(validMarker, "vlroles", "other", 1), "vlroles.db": ""},
			false, nil},
		{"a marker without ID is none",
			map[string]string{markerName: `{"program": "vlroles demo"}`, "vlroles.db": ""}, false, nil},
		{"what a demonstration made is deleted, and nothing else",
			map[string]string{markerName: validMarker, "vlroles.db": "", "vlroles.db-wal": "", "temporal.db": "",
				"link.key": "", "webhook.key": "", "environment": "", "mails/00001.eml": "", "mails/note.txt": "",
				"thesis.txt": "x", "vlroles.db.backup": "x", "sub/vlroles.db": "x", "sub/environment": "x"}, true,
			[]string{"mails/note.txt", "sub/environment", "sub/vlroles.db", "thesis.txt", "vlroles.db.backup"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := tree(t, c.files)
			f, err := openFolder(dir, true)
			if (err == nil) != c.taken {
				t.Fatalf("it ends with %v", err)
			}
			if err == nil {
				defer f.release() //nolint:errcheck // the test ends
			}
			want := c.left
			if want == nil {
				want = slices.Sorted(maps.Keys(c.files))
			}
			if c.taken {
				want = append(slices.Clone(want), lockName, markerName)
			}
			slices.Sort(want)
			if got := slices.Sorted(slices.Values(leaves(t, dir))); !slices.Equal(got, want) {
				t.Errorf("left are %v\nexpected %v", got, want)
			}
		})
	}
}

func TestADemonstrationTakesItsFolderAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for range 2 {
		f, err := openFolder(dir, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.replace(databaseName, nil); err != nil {
			t.Fatal(err)
		}
		if err := f.release(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASymbolicLinkIsNotFollowed(t *testing.T) {
	made := map[string]string{markerName: validMarker, "vlroles.db": "x", "00001.eml": "x"}
	elsewhere := tree(t, made)
	all := slices.Sorted(maps.Keys(made))
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(elsewhere, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{link, link + "/", link + "/."} {
		f, err := openFolder(name, true)
		if err == nil {
			_ = f.release()
			t.Fatalf("%s was emptied", name)
		}
		contains(t, err.Error(), "no folder behind a symbolic link")
	}
	inside := tree(t, map[string]string{markerName: validMarker})
	for name, to := range map[string]string{
		"mails": elsewhere, "vlroles.db": filepath.Join(elsewhere, "vlroles.db"),
	} {
		if err := os.Symlink(to, filepath.Join(inside, name)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := openFolder(inside, true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.release() //nolint:errcheck // the test ends
	if got := leaves(t, inside); !slices.Equal(got, []string{markerName, lockName}) {
		t.Errorf("left are %v", got)
	}
	if got := leaves(t, elsewhere); !slices.Equal(got, all) {
		t.Errorf("left elsewhere are %v, expected %v", got, all)
	}
}

func TestTheSecondInOneFolderIsRefusedUntilTheFirstHasEnded(t *testing.T) {
	dir := t.TempDir()
	first, err := openFolder(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dir, link} {
		_, err = openFolder(name, false)
		if licensing.KindOf(err) != licensing.Conflict {
			t.Fatalf("the second ends with %v", err)
		}
		contains(t, err.Error(), "another dev or demo (process ", "stop it, or choose another folder with --dir")
	}
	if err := first.release(); err != nil {
		t.Fatal(err)
	}
	again, err := openFolder(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.release()
}

func TestWhatIsReplacedIsReplacedAsAWhole(t *testing.T) {
	dir := tree(t, map[string]string{"kept.txt": "kept", command.EnvironmentFile + ".new": "of a crash"})
	err := os.Symlink(filepath.Join(dir, "kept.txt"), filepath.Join(dir, command.EnvironmentFile))
	if err != nil {
		t.Fatal(err)
	}
	f, err := openFolder(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.release() //nolint:errcheck // the test ends
	if err := f.replace(command.EnvironmentFile, []byte("new")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{command.EnvironmentFile: "new", "kept.txt": "kept"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q %v, expected %q", name, got, err, want)
		}
	}
}
