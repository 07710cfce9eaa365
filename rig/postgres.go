package rig

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/lib/pq" // the driver that talks to the server
)

// ErrNoPostgres says that no PostgreSQL server is installed.
var ErrNoPostgres = errors.New("no PostgreSQL server was found: install one (Debian: apt-get install postgresql), or name one in VL_TEST_POSTGRES")

// Postgres is a running PostgreSQL server with a data folder of its own. It trades safety against power cuts for speed.
type Postgres struct {
	bin, dir string
	port     int
	as       *syscall.Credential
	proc     *process
	log      bytes.Buffer
}

// StartPostgres makes a database cluster in a temporary folder and starts it. It returns ErrNoPostgres where there is none.
func StartPostgres(ctx context.Context) (*Postgres, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "vlroles-postgres-")
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	p := &Postgres{bin: bin, dir: dir}
	if err := p.init(ctx); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", errors.Join(err, os.RemoveAll(dir)))
	}
	if err := p.Start(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
}

// postgresPrograms returns the folder of the newest installed server.
func postgresPrograms() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", ErrNoPostgres
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for a folder that is no version
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func (p *Postgres) init(ctx context.Context) error {
	if err := p.unprivileged(); err != nil {
		return err
	}
	var err error
	if p.port, err = FreePort(); err != nil {
		return err
	}
	cmd := p.command(ctx, "initdb", "-D", p.data(), "-U", "vl", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// unprivileged finds whom to run as, since the server refuses to run as root.
func (p *Postgres) unprivileged() error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return err
		}
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	p.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(p.dir, uid, gid)
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, program), args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	return cmd
}

// Start runs the server, for the first time or once more, on the same port and data, and returns when it answers.
func (p *Postgres) Start(ctx context.Context) error {
	cmd := p.command(context.WithoutCancel(ctx), "postgres", "-D", p.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-k", p.dir,
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	var err error
	if p.proc, err = start(cmd); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	db, err := sql.Open("postgres", p.URL("postgres"))
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	defer db.Close() //nolint:errcheck // nothing was written
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for db.PingContext(ctx) != nil {
		select {
		case <-p.proc.done:
			return fmt.Errorf("start PostgreSQL: it ended at once\n%s", p.log.Bytes())
		case <-ctx.Done():
			return fmt.Errorf("start PostgreSQL: %w", ctx.Err())
		case <-time.After(30 * time.Millisecond):
		}
	}
	return nil
}

// Stop ends the server in order; connections are cut. Start brings it back.
func (p *Postgres) Stop() { p.proc.stop(syscall.SIGINT) }

// Close ends the server and removes its data.
func (p *Postgres) Close() error {
	p.proc.stop(syscall.SIGQUIT)
	return os.RemoveAll(p.dir)
}

// URL is the address of one of the server's databases.
func (p *Postgres) URL(database string) string {
	return fmt.Sprintf("postgres://vl@127.0.0.1:%d/%s?sslmode=disable", p.port, database)
}

var sharedPostgres = sync.OnceValues(func() (string, error) {
	if named := os.Getenv("VL_TEST_POSTGRES"); named != "" {
		return named, nil
	}
	p, err := StartPostgres(context.Background())
	if err != nil {
		return "", err
	}
	atExit(func() { _ = p.Close() }) // a folder that stays behind is the system's to clean
	return p.URL("postgres"), nil
})

// PostgresURL returns the address of a fresh, empty database on a server that all tests of the process share: the one that
// VL_TEST_POSTGRES names, or one that is started. Where there is none the test is skipped, or fails if VL_TEST_FORCE is set.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server, err := sharedPostgres()
	if errors.Is(err, ErrNoPostgres) && os.Getenv("VL_TEST_FORCE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := "vl_" + uuid.NewString()[:8]
	administer(t, server, `CREATE DATABASE "`+name+`"`)
	t.Cleanup(func() { administer(t, server, `DROP DATABASE "`+name+`" WITH (FORCE)`) })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("VL_TEST_POSTGRES is not an address")
	}
	u.Path = "/" + name
	return u.String()
}

func administer(t testing.TB, server, statement string) {
	t.Helper()
	db, err := sql.Open("postgres", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the statement has answered
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}
