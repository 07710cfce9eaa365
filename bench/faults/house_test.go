//go:build faults

package faults

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/sdk/client"

	"vlroles/commands"
	"vlroles/rig"
	"vlroles/store"
	"vlroles/store/views"
	"vlroles/worker/engine/enginetest"
	"vlroles/workflows"
)

// house is an engine whose workers are processes of their own. Between them, the callers and the servers stand
// proxies; the Env itself goes past them, since it is the judge.
type house struct {
	*enginetest.Env
	postgres             *rig.Postgres
	database, runs, mail *rig.Proxy
	callers              *commands.Client
	binary               string

	mu      sync.Mutex
	workers []*exec.Cmd
}

func newHouse(t *testing.T, workers int) *house {
	t.Helper()
	h := &house{postgres: rig.PostgresFor(t, rig.PostgresOptions{}), binary: filepath.Join(t.TempDir(), "worker")}
	h.Env = enginetest.New(t, enginetest.Options{Idle: true, OnFile: true, Database: h.postgres.URL("postgres")})
	h.database = proxy(t, fmt.Sprintf("127.0.0.1:%d", h.postgres.Port()))
	h.runs, h.mail = proxy(t, h.Temporal.HostPort()), proxy(t, h.Mailbox.Addr())
	build := exec.CommandContext(t.Context(), "go", "build", "-o", h.binary, "vlroles/worker")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the worker: %v\n%s", err, out)
	}
	h.client(t)
	h.workers = make([]*exec.Cmd, workers)
	for n := range workers {
		h.start(t, n)
	}
	t.Cleanup(func() {
		for n := range workers {
			h.kill(n)
		}
	})
	return h
}

func proxy(t *testing.T, target string) *rig.Proxy {
	t.Helper()
	p, err := rig.StartProxy(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// address is the database's behind its proxy.
func (h *house) address() string {
	return strings.Replace(h.Database, ":"+strconv.Itoa(h.postgres.Port())+"/",
		":"+strconv.Itoa(h.database.Port())+"/", 1)
}

// client is what the callers hold: it meets the proxies, too.
func (h *house) client(t *testing.T) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: h.runs.Addr(), Logger: rig.Quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s, err := store.Open(context.Background(), h.address(), store.Options{Policy: h.Policy})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	h.callers = &commands.Client{Temporal: c, Rows: views.New(s.Reader()), Log: slog.New(slog.DiscardHandler),
		Settings: workflows.Settings{}}
}

// start runs the n-th worker.
func (h *house) start(t *testing.T, n int) {
	cmd := exec.Command(h.binary)
	cmd.Env = append(os.Environ(),
		"VL_DATABASE_URL="+h.address(), "TEMPORAL_ADDRESS="+h.runs.Addr(),
		"VL_SMTP_PORT="+strconv.Itoa(h.mail.Port()), "VL_LINK_KEYS=t:"+enginetest.Secret,
		"VL_MAIL_FROM=vlroles@contoso.example", "VL_MAIL_PER_SECOND=1000",
		"VL_PROPAGATION=1s", "VL_PROCESSING=1s", "VL_RESEND_EVERY=0s",
		"VL_HTTP_LISTEN=127.0.0.1:0", "VL_LOG_LEVEL=error",
	)
	if *told {
		cmd.Stderr = os.Stderr
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := cmd.Start(); err != nil {
		t.Errorf("start a worker: %v", err)
		return
	}
	h.workers[n] = cmd
}

// kill ends the n-th worker without a warning.
func (h *house) kill(n int) {
	h.mu.Lock()
	cmd := h.workers[n]
	h.workers[n] = nil
	h.mu.Unlock()
	if cmd != nil {
		_ = cmd.Process.Kill() // it may have ended by itself: its servers were away
		_ = cmd.Wait()
	}
}
