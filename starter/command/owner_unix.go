//go:build unix

package command

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// CheckOwner says why a file or folder can't be trusted: another user owns it, or others can write into it.
func CheckOwner(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	return checkOwner(name, info)
}

func checkOwner(name string, info fs.FileInfo) error {
	if s, ok := info.Sys().(*syscall.Stat_t); !ok || int(s.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user", name)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("other users can write to %s: run chmod go-w %s", name, name)
	}
	return nil
}
