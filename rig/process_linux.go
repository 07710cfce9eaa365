package rig

import (
	"os"
	"path/filepath"
	"syscall"
)

func bind(a *syscall.SysProcAttr) {
	a.Setpgid = true
	a.Pdeathsig = syscall.SIGKILL
}

// claim marks a folder as in use for as long as this process lives: the
// kernel gives the lock back however it ends.
func claim(dir string) error {
	f, err := os.CreateTemp(dir, "claim-")
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return err
	}
	claims.Store(dir, f) // a collected file would be closed
	return os.Rename(f.Name(), filepath.Join(dir, claimName))
}

// abandoned tells whether the process that claimed the folder is gone. A
// folder without a claim isn't ours to judge.
func abandoned(dir string) bool {
	f, err := os.Open(filepath.Join(dir, claimName))
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
