// Worker runs the workflows and activities of vlroles: as many copies as needed, without state of their own.
//
//	worker            run until SIGTERM; then let running activities finish (a mail that is handed over)
//	worker -check     ask the worker on this machine whether it is ready; exit 0 or 1
//
// It is configured by environment variables; `starter config` lists them. GET /readyz on VL_HTTP_LISTEN
// answers 200 when the database and Temporal answer and both queues are polled, and 503 with the reasons
// otherwise; /healthz says only that the process lives.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"go.temporal.io/sdk/worker"

	"vlroles/config"
	"vlroles/store"
	"vlroles/worker/engine"
)

func main() {
	check := flag.Bool("check", false, "ask the worker on this machine whether it is ready")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := serve
	if *check {
		run = ask
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) (err error) {
	c, err := config.FromEnvironment(config.Worker)
	if err != nil {
		return err
	}
	log := config.NewLogger(c, os.Stderr)
	worker.SetStickyWorkflowCacheSize(c.WorkflowCache)
	rows, err := store.Open(ctx, c.Database.Reveal(),
		store.Options{MaxConns: c.DatabaseConns, Policy: c.Policy()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	temporal, err := engine.Dial(ctx, c, log)
	if err != nil {
		return err
	}
	defer temporal.Close()

	failed := make(chan error, 2)
	e, err := engine.New(engine.Options{
		Config: c, Temporal: temporal, Store: rows, Policy: c.Policy(), Jitter: engine.Jitter(c.Policy()),
		Log: log, OnFailure: func(err error) { failed <- err },
	})
	if err != nil {
		return err
	}
	if err := e.Start(); err != nil {
		return err
	}
	h, err := listen(c.HTTPListen, e, log)
	if err != nil {
		return errors.Join(err, e.Stop())
	}
	log.InfoContext(ctx, "worker is running", "ready", "http://"+c.HTTPListen+"/readyz")
	select {
	case <-ctx.Done():
		log.Info("worker is stopping: running activities finish first", "at_most", c.StopTimeout)
	case err = <-failed:
	}
	h.ending.Store(true)
	return errors.Join(err, e.Stop(), h.Close())
}

// health answers /readyz and /healthz.
type health struct {
	http.Server
	ending atomic.Bool
}

func listen(address string, e *engine.Engine, log *slog.Logger) (*health, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on VL_HTTP_LISTEN: %w", err)
	}
	h := &health{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		err := e.Ready(ctx)
		if h.ending.Load() {
			err = errors.New("the worker is stopping")
		}
		answer(w, err)
	})
	h.Handler = mux
	h.ReadHeaderTimeout, h.ReadTimeout, h.WriteTimeout = 5*time.Second, 5*time.Second, 10*time.Second
	h.MaxHeaderBytes = 16 << 10
	go func() {
		if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("health server ended", "error", err)
		}
	}()
	return h, nil
}

func answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "ok\n"
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = err.Error() + "\n"
	}
	_, _ = fmt.Fprint(w, text) // whoever asked may have gone
}

// ask is how a container without a shell checks its own health.
func ask(ctx context.Context) error {
	c, err := config.FromEnvironment(config.Worker)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(c.HTTPListen)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 6*time.Second)
	defer cancel()
	address := "http://" + net.JoinHostPort("127.0.0.1", port) + "/readyz"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // only the status is read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", resp.Status)
	}
	return nil
}
