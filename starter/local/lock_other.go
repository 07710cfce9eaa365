//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package local

import (
	"errors"
	"os"
)

// errLocked says that another process has the lock.
var errLocked = errors.New("locked")

// lockFile locks nothing here: this system has no lock that ends with the process and is the same everywhere.
// Two dev in one folder are noticed by their ports alone.
func lockFile(*os.File) error { return nil }
