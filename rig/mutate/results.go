package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// result is what became of a mutant.
type result struct {
	Name    string  `json:"name"`
	File    string  `json:"file"`  // what the mutated file was
	House   string  `json:"house"` // what all files, those of tests included, were
	Fate    string  `json:"fate"`
	By      string  `json:"by,omitempty"` // the test that noticed
	Seconds float64 `json:"seconds"`
}

// results keeps what became of the mutants, a line each; the last line of a name holds.
type results struct {
	mu     sync.Mutex
	f      *os.File
	house  string
	byName map[string]result
}

// openResults reads what earlier runs have found.
func openResults(path string, fresh bool) (*results, error) {
	house, err := houseHash()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	how := os.O_CREATE | os.O_RDWR | os.O_APPEND
	if fresh {
		how |= os.O_TRUNC
	}
	f, err := os.OpenFile(path, how, 0o644)
	if err != nil {
		return nil, err
	}
	r := &results{f: f, house: house, byName: map[string]result{}}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var one result
		if json.Unmarshal(lines.Bytes(), &one) == nil { // the last line of a run that was ended may be half
			r.byName[one.Name] = one
		}
	}
	return r, lines.Err()
}

func (r *results) close() { _ = r.f.Close() } // each line is written at once

// knows says whether a mutant needs no trying: it was killed as its file is now, or it survived and nothing has
// changed since.
func (r *results) knows(m mutant) bool {
	one, found := r.byName[m.Name]
	if !found || one.File != fileHash(m.File) {
		return false
	}
	return one.Fate != survived || one.House == r.house
}

func (r *results) add(m mutant, one result) {
	one.Name, one.File, one.House = m.Name, fileHash(m.File), r.house
	line, err := json.Marshal(one)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byName[m.Name] = one
	if err == nil {
		_, err = r.f.Write(append(line, '\n'))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate: the result can't be kept:", err)
	}
}

func fileHash(path string) string {
	h := sha256.New()
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close() //nolint:errcheck // it was only read
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// houseHash changes with every file that a mutant may meet.
func houseHash() (string, error) {
	var files []string
	for _, folder := range []string{"licensing", "store"} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".sql")) {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	if len(files) == 0 {
		return "", errors.New("there is nothing to mutate here: run it in the module's folder")
	}
	slices.Sort(files)
	h := sha256.New()
	for _, f := range files {
		_, _ = fmt.Fprintln(h, f, fileHash(f)) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
