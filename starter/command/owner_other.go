//go:build !unix

package command

import (
	"io/fs"
	"os"
)

// CheckOwner says why a file or folder can't be trusted. Here that is known of none that exists.
func CheckOwner(name string) error {
	_, err := os.Stat(name)
	return err
}

func checkOwner(string, fs.FileInfo) error { return nil }
