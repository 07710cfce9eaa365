package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/starter/command"
)

const (
	lockName   = "vlroles.lock"
	markerName = "vlroles.demo"
)

// madeHere are the files that dev and demo make in their folder, besides the lock and the marker. Emptying a
// folder deletes these, the mails, and nothing else.
var madeHere = []string{
	databaseName, databaseName + "-wal", databaseName + "-shm", databaseName + "-journal",
	databaseName + "-migrate", databaseName + "-migrate-journal",
	temporalName, temporalName + "-wal", temporalName + "-shm", temporalName + "-journal",
	linkKeyName, webhookKeyName, command.EnvironmentFile, command.EnvironmentFile + ".new",
}

const (
	databaseName   = "vlroles.db"
	temporalName   = "temporal.db"
	linkKeyName    = "link.key"
	webhookKeyName = "webhook.key"
	mailsName      = "mails"
)

// mailName matches the files in which mails are kept.
var mailName = regexp.MustCompile(`^[0-9]{5,}\.eml$`)

// folder is a folder in which dev or demo runs. Nobody else runs in it until it is released.
type folder struct {
	root *os.Root
	lock *os.File
}

// openFolder makes the folder where it is missing, and takes it. One in which something runs is refused. With
// fresh, what an earlier demonstration made there is deleted.
func openFolder(dir string, fresh bool) (*folder, error) {
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := command.CheckOwner(dir); err != nil {
		return nil, command.Usage(fmt.Errorf("--dir: %w", err))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{root: root}
	if fresh {
		err = f.mayEmpty(dir)
	}
	if err == nil {
		err = f.take(dir)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	if fresh {
		err = f.empty(dir)
	}
	if err != nil {
		return nil, errors.Join(err, f.release())
	}
	return f, nil
}

// take locks the folder, and keeps other people out of one that holds nothing else yet.
func (f *folder) take(dir string) error {
	files, err := f.names(".")
	if err != nil {
		return err
	}
	_, err = f.root.Lstat(lockName)
	ours := err == nil || len(files) == 0
	f.lock, err = f.root.OpenFile(lockName, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := lockFile(f.lock); err != nil {
		defer f.lock.Close() //nolint:errcheck // nothing was written
		if errors.Is(err, errLocked) {
			return licensing.Refuse(licensing.Conflict, "", "another dev or demo%s runs in the folder %s: "+
				"stop it, or choose another folder with --dir", f.holder(), dir)
		}
		return fmt.Errorf("lock the folder %s: %w", dir, err)
	}
	if ours {
		err = f.root.Chmod(".", 0o700)
	}
	return errors.Join(err, f.keepPrivate(), f.writeHolder())
}

// holder says which process has the lock, as far as the file tells.
func (f *folder) holder() string {
	text := make([]byte, 20)
	n, _ := f.lock.ReadAt(text, 0) // the number is a help and no more
	if number, err := strconv.Atoi(string(bytes.TrimSpace(text[:n]))); err == nil {
		return fmt.Sprintf(" (process %d)", number)
	}
	return ""
}

func (f *folder) writeHolder() error {
	if err := f.lock.Truncate(0); err != nil {
		return err
	}
	_, err := f.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// release lets others take the folder. The lock's file stays: who waits for it must meet the same one.
func (f *folder) release() error { return errors.Join(f.lock.Close(), f.root.Close()) }

func (f *folder) names(dir string) ([]fs.DirEntry, error) { return fs.ReadDir(f.root.FS(), dir) }

// marker is what demo writes into a folder that it may empty the next time.
type marker struct {
	Program string `json:"program"`
	ID      string `json:"id"`
	Says    string `json:"says"`
}

const (
	markedBy   = "vlroles demo"
	markerSays = "The next demo deletes its own files in this folder."
)

// empty deletes what an earlier demonstration made, and marks a folder that has been empty.
func (f *folder) empty(dir string) error {
	if err := f.mayEmpty(dir); err != nil {
		return err
	}
	if f.marked() {
		return f.deleteMade()
	}
	return f.mark()
}

// mayEmpty says why a demonstration doesn't begin in the folder: it is not empty and has no marker, or it is
// not the folder itself that was named.
func (f *folder) mayEmpty(dir string) error {
	info, err := os.Lstat(filepath.Clean(dir))
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return command.Usage(fmt.Errorf("--dir %s: demo empties no folder behind a symbolic link", dir))
	}
	if inside, err := f.root.Stat("."); err != nil || !os.SameFile(info, inside) {
		return errors.Join(fmt.Errorf("--dir %s: the folder was replaced meanwhile", dir), err)
	}
	files, err := f.names(".")
	if err != nil || f.marked() {
		return err
	}
	if slices.ContainsFunc(files, func(e fs.DirEntry) bool { return e.Name() != lockName }) {
		return command.Usage(fmt.Errorf("--dir %s: demo didn't make this folder, and it isn't empty; "+
			"delete it yourself, or choose an empty or a new one", dir))
	}
	return nil
}

// marked says whether a demonstration has written the marker.
func (f *folder) marked() bool {
	info, err := f.root.Lstat(markerName)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	text, err := f.root.ReadFile(markerName)
	var m marker
	return err == nil && json.Unmarshal(text, &m) == nil && m.Program == markedBy && uuid.Validate(m.ID) == nil
}

func (f *folder) mark() error {
	text, err := json.MarshalIndent(marker{Program: markedBy, ID: uuid.NewString(), Says: markerSays}, "", "  ")
	if err != nil {
		return err
	}
	return f.root.WriteFile(markerName, append(text, '\n'), 0o600)
}

// deleteMade deletes what demo made. It removes names and follows none: a symbolic link goes, what it points
// to stays.
func (f *folder) deleteMade() error {
	var err error
	for _, name := range madeHere {
		err = errors.Join(err, f.remove(name))
	}
	info, missing := f.root.Lstat(mailsName)
	switch {
	case missing != nil:
		return err
	case !info.IsDir():
		return errors.Join(err, f.remove(mailsName))
	}
	return errors.Join(err, f.deleteMails())
}

func (f *folder) deleteMails() error {
	files, err := f.names(mailsName)
	if err != nil {
		return err
	}
	for _, file := range files {
		if mailName.MatchString(file.Name()) {
			err = errors.Join(err, f.remove(path.Join(mailsName, file.Name())))
		}
	}
	return err
}

// remove removes a file, or nothing where there is none.
func (f *folder) remove(name string) error {
	err := f.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// replace writes a file so that readers see the old text or the new one, and nobody else sees it.
func (f *folder) replace(name string, text []byte) error {
	fresh := name + ".new"
	if err := f.remove(fresh); err != nil {
		return err
	}
	if err := f.root.WriteFile(fresh, text, 0o600); err != nil {
		return err
	}
	return f.root.Rename(fresh, name)
}

// keepPrivate keeps other people out of the files that are there, whoever made them: other programs, and
// earlier versions.
func (f *folder) keepPrivate() error {
	for _, name := range madeHere {
		info, err := f.root.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() == 0o600 {
			continue
		}
		if err := f.root.Chmod(name, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
