package rig

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// PostgresPool hands out databases that one test after the other uses, which saves making one each. Set the
// fields before the first use.
type PostgresPool struct {
	Prepare func(address string) error // makes a new, empty database ready
	Empty   func(address string) error // brings a used one back to where Prepare left it

	mu   sync.Mutex
	free []string // addresses
}

// URL returns the address of a prepared database that the test has for itself. The server is that of
// PostgresURL, and where there is none the test ends likewise. A database is dropped, not used again, where
// the test has failed or Empty does.
func (p *PostgresPool) URL(t testing.TB) string {
	t.Helper()
	server := postgresServer(t)
	address, err := p.take(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() || p.Empty(address) != nil {
			_ = dropDatabase(server, address) // at the latest it goes at the process's exit
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.free = append(p.free, address)
	})
	return address
}

func (p *PostgresPool) take(server string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		address := p.free[n-1]
		p.free = p.free[:n-1]
		return address, nil
	}
	address, err := createDatabase(server)
	if err != nil {
		return "", err
	}
	atExit(func() { _ = dropDatabase(server, address) }) // with a server of ours it is gone by then
	return address, p.Prepare(address)
}

// createDatabase makes a database of a new name and returns its address.
func createDatabase(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("VL_TEST_POSTGRES is not an address") // the error would tell the password
	}
	name := "vl_" + uuid.NewString()[:8]
	u.Path = "/" + name
	return u.String(), administer(context.Background(), server, "CREATE DATABASE "+pq.QuoteIdentifier(name))
}

func dropDatabase(server, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	drop := "DROP DATABASE IF EXISTS " + pq.QuoteIdentifier(u.Path[1:]) + " WITH (FORCE)"
	return administer(context.Background(), server, drop)
}
