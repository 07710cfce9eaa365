// Package rig starts the real components that demo, development, tests and benchmarks stand on: a Temporal server, a
// PostgreSQL server, a mail catcher. Everything listens on 127.0.0.1 and ends with the process that started it.
package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	tlog "go.temporal.io/sdk/log"
	"log/slog"
)

// TemporalOptions says how the development server runs.
type TemporalOptions struct {
	Dir        string            // keeps its database there, in temporal.db; "": in memory
	Port       int               // 0: a free one
	UI         bool              // with its web UI
	UIPort     int               // 0: a free one
	Attributes map[string]string // search attributes to register: name → Keyword, Datetime …
	Progress   io.Writer         // is told while the server is being built; nil: nobody
}

// Temporal is a running development server.
type Temporal struct {
	o      TemporalOptions
	binary string
	ui     int
	mu     sync.Mutex
	proc   *process
	log    bytes.Buffer
}

// TemporalBinary returns the path of the server, which is built from the project's tools at the first call on a machine.
// That takes minutes, and progress is told so.
func TemporalBinary(ctx context.Context, progress io.Writer) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=tools.mod", "-n", "temporal")
	cmd.Dir = filepath.Dir(strings.TrimSpace(string(root)))
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	stop := announce(progress)
	err = cmd.Run()
	stop()
	if err != nil {
		return "", fmt.Errorf("build the Temporal server: %w\n%s", err, fault.Bytes())
	}
	return strings.TrimSpace(out.String()), nil
}

// announce tells progress that a build is going on, once it is clear that it is one.
func announce(w io.Writer) (stop func()) {
	if w == nil {
		return func() {}
	}
	begun, done, told := time.Now(), make(chan struct{}), make(chan bool)
	go func() {
		said := false
		tick := time.NewTimer(6 * time.Second)
		for {
			select {
			case <-done:
				told <- said
				return
			case <-tick.C:
				if !said {
					fmt.Fprintln(w, "Building the Temporal server from its Go module: the first time this takes three to five minutes on two cores, later it is there at once.")
				} else {
					fmt.Fprintf(w, "… still building, %s\n", time.Since(begun).Round(time.Second))
				}
				said = true
				tick.Reset(20 * time.Second)
			}
		}
	}()
	return func() {
		close(done)
		if <-told {
			fmt.Fprintf(w, "The Temporal server was built in %s.\n", time.Since(begun).Round(time.Second))
		}
	}
}

// StartTemporal starts a server and returns when it answers.
func StartTemporal(ctx context.Context, o TemporalOptions) (*Temporal, error) {
	binary, err := TemporalBinary(ctx, o.Progress)
	if err != nil {
		return nil, err
	}
	t := &Temporal{o: o, binary: binary, ui: o.UIPort}
	if t.o.Port == 0 {
		if t.o.Port, err = FreePort(); err != nil {
			return nil, err
		}
	}
	if o.UI && t.ui == 0 {
		if t.ui, err = FreePort(); err != nil {
			return nil, err
		}
	}
	return t, t.Start(ctx)
}

// Start runs the server, for the first time or once more after Stop or Kill, on the same port and file.
func (t *Temporal) Start(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	args := []string{"server", "start-dev", "--ip", "127.0.0.1", "--port", strconv.Itoa(t.o.Port), "--log-level", "error",
		"--dynamic-config-value", "matching.enableFairness=true", "--dynamic-config-value", "matching.useNewMatcher=true",
		"--dynamic-config-value", "frontend.enableUpdateWorkflowExecutionAsyncAccepted=true"}
	if t.o.UI {
		args = append(args, "--ui-ip", "127.0.0.1", "--ui-port", strconv.Itoa(t.ui))
	} else {
		args = append(args, "--headless")
	}
	if t.o.Dir != "" {
		args = append(args, "--db-filename", filepath.Join(t.o.Dir, "temporal.db"),
			"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
	}
	for name, kind := range t.o.Attributes {
		args = append(args, "--search-attribute", name+"="+kind)
	}
	cmd := exec.Command(t.binary, args...)
	cmd.Stdout, cmd.Stderr = &t.log, &t.log
	p, err := start(cmd)
	if err != nil {
		return fmt.Errorf("start the Temporal server: %w", err)
	}
	t.proc = p
	if err := t.answers(ctx); err != nil {
		p.stop(syscall.SIGKILL)
		return fmt.Errorf("start the Temporal server: %w\n%s", err, t.log.Bytes())
	}
	return nil
}

func (t *Temporal) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		err := t.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-t.proc.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (t *Temporal) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{HostPort: t.HostPort(), Logger: Quiet()})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}

// HostPort is where clients connect.
func (t *Temporal) HostPort() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(t.o.Port)) }

// UI is the address of the web UI, "" where there is none.
func (t *Temporal) UI() string {
	if !t.o.UI {
		return ""
	}
	return "http://127.0.0.1:" + strconv.Itoa(t.ui)
}

// Stop ends the server as an operator would; Kill as a power cut would. Start brings it back.
func (t *Temporal) Stop() { t.end(syscall.SIGTERM) }

// Kill ends the server without a warning.
func (t *Temporal) Kill() { t.end(syscall.SIGKILL) }

func (t *Temporal) end(s syscall.Signal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.proc != nil {
		t.proc.stop(s)
		t.proc = nil
	}
}

// Attributes are the search attributes of the product with their types.
func Attributes() map[string]string {
	return map[string]string{"VlOrganization": "Keyword", "VlRequest": "Keyword", "VlUser": "Keyword", "VlStatus": "Keyword", "VlDueAt": "Datetime"}
}

var shared = sync.OnceValues(func() (*Temporal, error) {
	t, err := StartTemporal(context.Background(), TemporalOptions{Attributes: Attributes(), Progress: os.Stderr})
	if err == nil {
		atExit(t.Kill)
	}
	return t, err
})

// SharedTemporal returns the in-memory server that all tests of the process share. It ends in [Main].
func SharedTemporal(t testing.TB) *Temporal {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Dial connects to the server and closes with the test.
func (t *Temporal) Dial(tb testing.TB) client.Client {
	tb.Helper()
	c, err := client.Dial(client.Options{HostPort: t.HostPort(), Logger: Quiet()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

// Quiet is a logger for the SDK that says nothing.
func Quiet() tlog.Logger { return tlog.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// FreePort returns a port of 127.0.0.1 on which nothing listens now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return l.Addr().(*net.TCPAddr).Port, nil
}

// process is a child that dies with us: the kernel kills it when the thread that started it ends, so that thread lives on.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func start(cmd *exec.Cmd) (*process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	cmd.SysProcAttr.Setpgid = true // a Ctrl-C at the terminal is for us to handle
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended doesn't matter: it was told to, or nobody can do anything about it
			close(p.done)
		}
	}()
	return p, <-started
}

// stop signals the process and waits; after 20 s it is killed.
func (p *process) stop(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended already
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

var exits struct {
	sync.Mutex
	list []func()
}

func atExit(f func()) {
	exits.Lock()
	defer exits.Unlock()
	exits.list = append(exits.list, f)
}

// Main runs a package's tests and ends what they shared: func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }.
func Main(m *testing.M) int {
	defer func() {
		exits.Lock()
		defer exits.Unlock()
		for _, f := range exits.list {
			f()
		}
	}()
	return m.Run()
}
