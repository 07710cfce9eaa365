// Package local runs the whole product in one process on this machine, on real components: a Temporal server,
// SQLite, a mail catcher with an inbox page, a downstream system, the workers. The commands dev and demo
// stand on it.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"

	"vlroles/commands"
	"vlroles/config"
	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/starter/command"
	"vlroles/store"
	"vlroles/store/views"
	"vlroles/worker/engine"
	"vlroles/workflows"
)

// Options says how everything runs.
type Options struct {
	Dir      string // folder of the database, Temporal's file, the mails and the keys
	Ports    Ports
	Fresh    bool                        // begin with nothing: what an earlier demonstration left is deleted
	UI       bool                        // run Temporal's UI too
	Policy   func(*licensing.Policy)     // changes what the configuration says; nil: nothing
	Progress io.Writer                   // is told while the Temporal server is built; nil: nobody
	Lookup   func(string) (string, bool) // reads an environment variable
	Log      *slog.Logger
}

// Ports of 127.0.0.1; 0 is a free one.
type Ports struct{ Temporal, UI, Mail, Web int }

// Stack is everything that runs.
type Stack struct {
	Config      config.Config
	Environment map[string]string // how other processes reach it
	Views       *views.Views
	Client      *commands.Client
	Temporal    *rig.Temporal
	Mailbox     *rig.Mailbox
	Downstream  *Downstream
	WebURL      string

	options  Options
	folder   *folder
	rows     *store.Store
	temporal client.Client
	web      *http.Server
	engine   *engine.Engine
	failed   chan error // what ended by itself, and why
}

// Start starts everything, each part after those that it needs, or nothing.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{options: o, failed: make(chan error, 4)}
	for _, step := range []func(context.Context) error{
		s.openFolder, s.startMailbox, s.startWeb, s.configure, s.startRows, s.startTemporal, s.startEngine,
		s.writeEnvironment,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

func (s *Stack) path(name string) string { return filepath.Join(s.options.Dir, name) }

func (s *Stack) databaseURL() string { return "sqlite:" + s.path(databaseName) }

func (s *Stack) openFolder(context.Context) (err error) {
	s.folder, err = openFolder(s.options.Dir, s.options.Fresh)
	return err
}

func (s *Stack) startRows(ctx context.Context) error {
	rows, err := store.Open(ctx, s.databaseURL(), store.Options{Policy: s.policy()})
	if err != nil {
		return err
	}
	s.rows, s.Views = rows, views.New(rows.Reader())
	_, err = rows.Migrate(ctx)
	return err
}

// policy is the configuration's with the short periods that were asked for.
func (s *Stack) policy() licensing.Policy {
	p := s.Config.Policy()
	if s.options.Policy != nil {
		s.options.Policy(&p)
	}
	return p
}

func (s *Stack) startMailbox(context.Context) (err error) {
	s.Mailbox, err = rig.StartMailbox(s.options.Ports.Mail, s.path(mailsName))
	return err
}

func (s *Stack) startWeb(ctx context.Context) error {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.options.Ports.Web))
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("serve the pages: %w", err)
	}
	s.WebURL = "http://" + l.Addr().String()
	secret, err := readOrMakeSecret(s.path(webhookKeyName))
	if err != nil {
		return err
	}
	if s.Downstream, err = newDownstream(secret); err != nil {
		return err
	}
	s.web = &http.Server{
		Handler:           s.pages(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      40 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	go func() {
		if err := s.web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	return nil
}

func (s *Stack) startTemporal(ctx context.Context) (err error) {
	s.Temporal, err = rig.StartTemporal(ctx, rig.TemporalOptions{
		Dir: s.options.Dir, Port: s.options.Ports.Temporal, UI: s.options.UI, UIPort: s.options.Ports.UI,
		Attributes: workflows.AttributeTypes(), Progress: s.options.Progress,
	})
	if err != nil {
		return err
	}
	if err := s.folder.keepPrivate(); err != nil { // the server has made its file for everybody to read
		return err
	}
	s.Config.TemporalAddress = s.Temporal.HostPort()
	s.temporal, err = engine.Dial(ctx, s.Config, s.options.Log)
	if err != nil {
		return err
	}
	return waitForNamespace(ctx, s.temporal, s.Config.TemporalNamespace)
}

// waitForNamespace waits until the namespace and its search attributes can be used, for which a new server
// needs a moment.
func waitForNamespace(ctx context.Context, t client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		_, err := command.AddAttributes(ctx, t, namespace)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Stack) startEngine(context.Context) (err error) {
	s.engine, err = engine.New(engine.Options{
		Config: s.Config, Temporal: s.temporal, Store: s.rows, Policy: s.policy(), Log: s.options.Log,
		OnFailure: func(err error) { s.failed <- err },
	})
	if err != nil {
		return err
	}
	s.Client = s.engine.Client()
	return s.engine.Start()
}

// Stop ends everything that was started, in the other order.
func (s *Stack) Stop() error {
	var err error
	if s.engine != nil {
		err = errors.Join(err, s.engine.Stop())
	}
	if s.web != nil {
		err = errors.Join(err, s.web.Close())
	}
	if s.temporal != nil {
		s.temporal.Close()
	}
	if s.Temporal != nil {
		s.Temporal.Stop()
	}
	if s.Mailbox != nil {
		err = errors.Join(err, s.Mailbox.Close())
	}
	if s.rows != nil {
		err = errors.Join(err, s.rows.Close())
	}
	if s.folder != nil {
		err = errors.Join(err, s.folder.release())
	}
	return err
}
