package rig

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lib/pq"
)

// ErrNoPostgres says that no PostgreSQL server is installed.
var ErrNoPostgres = errors.New(
	"no PostgreSQL server was found: install one (Debian: apt-get install postgresql), " +
		"or name one in VL_TEST_POSTGRES")

// PostgresOptions says how a server runs.
type PostgresOptions struct {
	// keeps its data there over the process's end; "": in a temporary folder that Close removes
	Dir  string
	Port int // 0: a free one
	// what is committed survives a power cut; false is faster and survives Stop and Start alone
	Durable bool
	TLS     *Certificate // offers TLS with it; nil: without
}

// Postgres is a running PostgreSQL server with a data folder of its own. Root runs it as another user,
// who must be able to reach the folder.
type Postgres struct {
	o        PostgresOptions
	bin, dir string
	as       *syscall.SysProcAttr
	proc     *process
	log      bytes.Buffer
}

// StartPostgres starts a server on a free port with its data in a temporary folder, made for speed and not to
// survive a power cut. It returns ErrNoPostgres where none is installed.
func StartPostgres(ctx context.Context) (*Postgres, error) {
	return StartPostgresWith(ctx, PostgresOptions{})
}

// StartPostgresWith starts a server as the options say. It returns ErrNoPostgres where none is installed.
func StartPostgresWith(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	p := &Postgres{o: o, bin: bin, dir: o.Dir}
	if err := p.folder(); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := p.init(ctx); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", errors.Join(err, p.remove()))
	}
	err = onFreePort(o.Port, func(port int) error {
		p.o.Port = port
		return p.Start(ctx)
	})
	if err != nil {
		return nil, errors.Join(err, p.remove())
	}
	return p, nil
}

const (
	postgresFolder = "vlroles-postgres-"
	claimName      = "claimed"
)

// claims holds the locks on temporary folders, by folder.
var claims sync.Map

// folder makes the folder that the server lives in. A temporary one is claimed, and
// those of killed processes are removed.
func (p *Postgres) folder() (err error) {
	if p.o.Dir != "" {
		return os.MkdirAll(p.dir, 0o700)
	}
	sweep(os.TempDir())
	if p.dir, err = os.MkdirTemp("", postgresFolder); err != nil {
		return err
	}
	return claim(p.dir)
}

// sweep removes the temporary folders of processes that were killed before they could.
func sweep(parent string) {
	found, err := filepath.Glob(filepath.Join(parent, postgresFolder+"*"))
	if err != nil {
		return
	}
	for _, dir := range found {
		if abandoned(dir) {
			_ = os.RemoveAll(dir) // another user's folder is that user's to sweep
		}
	}
}

func (p *Postgres) remove() error {
	if p.o.Dir != "" {
		return nil
	}
	if f, ok := claims.LoadAndDelete(p.dir); ok {
		defer f.(*os.File).Close() //nolint:errcheck // nothing was written
	}
	return os.RemoveAll(p.dir)
}

// postgresPrograms returns the folder of the programs of the server that is on the
// path, or of the newest installed one.
func postgresPrograms() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		path, err = filepath.EvalSymlinks(path)
		if err == nil { // initdb stands beside the program, maybe not beside a link to it
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", ErrNoPostgres
	}
	return filepath.Dir(newest(found)), nil
}

// newest returns the path of the highest version among /usr/lib/postgresql/<version>/bin/postgres.
func newest(found []string) string {
	version := func(path string) float64 {
		// 0 for a folder that is no version
		v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(path))), 64)
		return v
	}
	return slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
}

// init makes the database cluster where there is none yet.
func (p *Postgres) init(ctx context.Context) (err error) {
	if p.as, err = unprivileged(p.dir); err != nil {
		return err
	}
	if err := p.certify(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(p.data(), "PG_VERSION")); err == nil {
		return nil
	}
	cmd := p.command(ctx, "initdb", "-D", p.data(), "-U", "vl", "-A", "trust", "-E", "UTF8",
		"--no-sync", "--locale=C")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("initdb: %w: the user that PostgreSQL runs as can't reach %s", err, p.dir)
	}
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// certify writes certificate and key where the server finds them.
func (p *Postgres) certify() error {
	if p.o.TLS == nil {
		return nil
	}
	key, err := p.o.TLS.keyPEM()
	if err != nil {
		return err
	}
	for file, text := range map[string][]byte{p.certificate(): p.o.TLS.PEM, p.key(): key} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
		if _, err := unprivileged(file); err != nil {
			return err
		}
	}
	return nil
}

func (p *Postgres) certificate() string { return filepath.Join(p.dir, "server.crt") }
func (p *Postgres) key() string         { return filepath.Join(p.dir, "server.key") }

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, program), args...)
	cmd.Dir = p.dir
	as := *p.as
	cmd.SysProcAttr = &as
	return cmd
}

// Start runs the server once more after Stop, on the same port and data, and returns when it answers.
func (p *Postgres) Start(ctx context.Context) error {
	if p.proc != nil && !p.proc.ended() {
		return errors.New("start PostgreSQL: it is running")
	}
	args := []string{"-D", p.data(), "-h", "127.0.0.1", "-p", strconv.Itoa(p.o.Port), "-k", p.dir, "-c",
		"max_connections=200"}
	if !p.o.Durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	if p.o.TLS != nil {
		args = append(args, "-c", "ssl=on", "-c", "ssl_cert_file="+p.certificate(),
			"-c", "ssl_key_file="+p.key())
	}
	cmd := p.command(context.WithoutCancel(ctx), "postgres", args...)
	p.log.Reset()
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	var err error
	if p.proc, err = start(cmd); err != nil {
		p.proc = nil
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := p.answers(ctx); err != nil {
		p.proc.stop(syscall.SIGQUIT)
		return fmt.Errorf("start PostgreSQL: %w\n%s", err, p.log.Bytes())
	}
	return nil
}

// answers waits until the server takes a query, at most a minute.
func (p *Postgres) answers(ctx context.Context) error {
	db, err := sql.Open("postgres", p.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := db.PingContext(ctx)
		if p.proc.ended() {
			return errEndedAtOnce // and whoever answered has the port that we wanted
		}
		if err == nil {
			return nil
		}
		select {
		case <-p.proc.done:
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// Stop ends the server in order; connections are cut. Start brings it back.
func (p *Postgres) Stop() {
	if p.proc != nil {
		p.proc.stop(os.Interrupt)
	}
}

// Close ends the server and removes its data if it is in a temporary folder.
func (p *Postgres) Close() error {
	if p.o.Dir != "" {
		p.Stop() // the data is wanted again
	} else if p.proc != nil {
		p.proc.stop(syscall.SIGQUIT)
	}
	return p.remove()
}

// Port is where the server listens on 127.0.0.1.
func (p *Postgres) Port() int { return p.o.Port }

// URL is the address of one of the server's databases. "postgres" is always there.
func (p *Postgres) URL(database string) string {
	return fmt.Sprintf("postgres://vl@127.0.0.1:%d/%s?sslmode=disable", p.o.Port, database)
}

// CreateDatabase makes an empty database of this name.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) error {
	return administer(ctx, p.URL("postgres"), "CREATE DATABASE "+pq.QuoteIdentifier(name))
}

var sharedPostgres = sync.OnceValues(func() (string, error) {
	if named := os.Getenv("VL_TEST_POSTGRES"); named != "" {
		return named, nil
	}
	p, err := StartPostgres(context.Background())
	if err != nil {
		return "", err
	}
	atExit(func() { _ = p.Close() }) // a folder that stays behind is swept at the next start
	return p.URL("postgres"), nil
})

// PostgresURL returns the address of a fresh, empty database on a server that all tests of the process share:
// the one that VL_TEST_POSTGRES names, or one that is started. The database goes with the test. Where there
// is no server the test is skipped, or fails if VL_TEST_FORCE is 1.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server := postgresServer(t)
	address, err := createDatabase(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dropDatabase(server, address); err != nil {
			t.Error(err)
		}
	})
	return address
}

// postgresServer returns the address of the server that all tests of the process share.
func postgresServer(t testing.TB) string {
	t.Helper()
	server, err := sharedPostgres()
	if errors.Is(err, ErrNoPostgres) && !forced() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// PostgresFor starts a server that ends with the test. Where none is installed the test is skipped, or fails
// if VL_TEST_FORCE is 1.
func PostgresFor(t testing.TB, o PostgresOptions) *Postgres {
	t.Helper()
	p, err := StartPostgresWith(context.Background(), o)
	if errors.Is(err, ErrNoPostgres) && !forced() {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func administer(ctx context.Context, server, statement string) error {
	db, err := sql.Open("postgres", server)
	if err != nil {
		// the error would tell the password
		return errors.New("the PostgreSQL server's address can't be read")
	}
	defer db.Close() //nolint:errcheck // the statement has answered
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
