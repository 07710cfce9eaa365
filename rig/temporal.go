package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
)

// TemporalOptions says how the development server runs.
type TemporalOptions struct {
	Binary        string            // the server to run; "": the project's own, see TemporalBinary
	Dir           string            // keeps its database there, in temporal.db; "": in memory
	Port          int               // 0: a free one
	UI            bool              // with its web UI
	UIPort        int               // 0: a free one
	Attributes    map[string]string // search attributes to register: name → Keyword, Datetime …
	DynamicConfig map[string]string // settings of the server on top of ours: name → value in JSON
	// the server's errors are appended to it; "": they are told if it doesn't start
	LogFile  string
	Progress io.Writer // is told while the server is being built; nil: nobody
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

// TemporalBinary returns the path of the server, which is built from the project's tools at the
// first call on a machine. That takes minutes, and progress is told so; nil tells nobody. The
// working directory must be within the module.
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
					fmt.Fprintln(w,
						"Building the Temporal server from its Go module: "+
							"the first time this takes three to five minutes on two cores, "+
							"later it is there at once.")
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
	t := &Temporal{o: o, binary: o.Binary, ui: o.UIPort}
	var err error
	if t.binary == "" {
		if t.binary, err = TemporalBinary(ctx, o.Progress); err != nil {
			return nil, err
		}
	}
	if o.UI && t.ui == 0 {
		if t.ui, err = FreePort(); err != nil {
			return nil, err
		}
	}
	err = onFreePort(o.Port, func(port int) error {
		t.o.Port = port
		return t.Start(ctx)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Start runs the server once more after Stop or Kill, on the same port and file, and returns when it answers.
func (t *Temporal) Start(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.proc != nil && !t.proc.ended() {
		return errors.New("start the Temporal server: it is running")
	}
	cmd := exec.Command(t.binary, t.arguments()...)
	t.log.Reset()
	cmd.Stdout, cmd.Stderr = &t.log, &t.log
	if t.o.LogFile != "" {
		f, err := os.OpenFile(t.o.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("start the Temporal server: %w", err)
		}
		defer f.Close() //nolint:errcheck // the server has its own handle
		cmd.Stdout, cmd.Stderr = f, f
	}
	p, err := start(cmd)
	if err != nil {
		return fmt.Errorf("start the Temporal server: %w", err)
	}
	t.proc = p
	if err := t.answers(ctx); err != nil {
		p.stop(os.Kill)
		return fmt.Errorf("start the Temporal server: %w\n%s", err, t.log.Bytes())
	}
	return nil
}

// arguments are the server's command line.
func (t *Temporal) arguments() []string {
	args := []string{"server", "start-dev", "--ip", "127.0.0.1", "--port", strconv.Itoa(t.o.Port),
		"--log-level", "error"}
	if t.o.UI {
		args = append(args, "--ui-ip", "127.0.0.1", "--ui-port", strconv.Itoa(t.ui))
	} else {
		args = append(args, "--headless")
	}
	if t.o.Dir != "" {
		args = append(args, "--db-filename", filepath.Join(t.o.Dir, "temporal.db"),
			"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
	}
	settings := map[string]string{
		"matching.enableFairness":                             "true",
		"matching.useNewMatcher":                              "true",
		"frontend.enableUpdateWorkflowExecutionAsyncAccepted": "true",
	}
	maps.Copy(settings, t.o.DynamicConfig)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "--dynamic-config-value", name+"="+settings[name])
	}
	for _, name := range slices.Sorted(maps.Keys(t.o.Attributes)) {
		args = append(args, "--search-attribute", name+"="+t.o.Attributes[name])
	}
	return args
}

// answers waits for the server's health, at most a minute.
func (t *Temporal) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := t.ping(ctx)
		if t.proc.ended() {
			return errEndedAtOnce // and whoever answered has the port that we wanted
		}
		if err == nil {
			return nil
		}
		select {
		case <-t.proc.done:
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
func (t *Temporal) Kill() { t.end(os.Kill) }

func (t *Temporal) end(s os.Signal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.proc != nil {
		t.proc.stop(s)
		t.proc = nil
	}
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
