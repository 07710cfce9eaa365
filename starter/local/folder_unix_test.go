//go:build unix

package local

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAFolderThatDevMakesIsItsOwnersAloneWhateverTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022} {
		dir := filepath.Join(t.TempDir(), "dev")
		old := syscall.Umask(umask)
		f, err := openFolder(dir, true)
		if err == nil {
			err = f.replace("environment", nil)
		}
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		defer f.release() //nolint:errcheck // the test ends
		checkModes(t, dir)
	}
}

func TestFilesOfAnEarlierVersionAreClosedToOthers(t *testing.T) {
	dir := tree(t, map[string]string{"vlroles.db": "", "vlroles.db-wal": "", "environment": ""})
	for _, name := range leaves(t, dir) {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil { //nolint:gosec // this is the case
			t.Fatal(err)
		}
	}
	f, err := openFolder(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.release()                            //nolint:errcheck // the test ends
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder
		t.Fatal(err)
	}
	checkModes(t, dir)
}

func TestAFolderThatWasOpenIsClosedWhereItHoldsOurThingsOnly(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  fs.FileMode
	}{
		{"an empty one", nil, 0o700},
		{"one of dev", map[string]string{lockName: ""}, 0o700},
		{"one with other things stays as it is", map[string]string{"thesis.txt": ""}, 0o755},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := tree(t, c.files)
			if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // this is the case
				t.Fatal(err)
			}
			f, err := openFolder(dir, false)
			if err != nil {
				t.Fatal(err)
			}
			defer f.release() //nolint:errcheck // the test ends
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != c.want {
				t.Errorf("it has mode %v %v, expected %o", info.Mode(), err, c.want)
			}
		})
	}
}

func TestAFolderIntoWhichOthersWriteIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil { //nolint:gosec // this is the case
		t.Fatal(err)
	}
	_, err := openFolder(dir, false)
	if err == nil {
		t.Fatal("it was taken")
	}
	contains(t, err.Error(), "other users can write to", "chmod go-w")
}

func TestEverythingThatRunsKeepsItsFilesToItsOwner(t *testing.T) {
	checkModes(t, stack(t).options.Dir)
}

// checkModes fails the test where a folder or file can be read by anybody but its owner.
func checkModes(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
