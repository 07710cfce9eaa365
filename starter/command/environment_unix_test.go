//go:build unix

package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFileThatIsNotTheUsersOwnIsNotTaken(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   string
	}{
		{"others can write the file", func(dir string) error {
			return os.Chmod(filepath.Join(dir, EnvironmentFile), 0o666) //nolint:gosec // this is the case
		}, "other users can write to"},
		{"others can write the folder", func(dir string) error {
			return os.Chmod(dir, 0o777) //nolint:gosec // this is the case
		}, "other users can write to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := written(t, "VL_SUPPORT=the help desk\n")
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := besideDev(from(nil), "", dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it ends with %v, expected %q", err, c.want)
			}
		})
	}
}

func TestAFileOfAnotherUserIsNotTrusted(t *testing.T) {
	foreign := "/" // root's
	if os.Geteuid() == 0 {
		foreign = t.TempDir()
		if err := os.Chown(foreign, 1, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := CheckOwner(foreign); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("it ends with %v", err)
	}
	if err := CheckOwner(t.TempDir()); err != nil {
		t.Errorf("the user's own folder: %v", err)
	}
}
