package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"

	"vlroles/config"
	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/starter/command"
	"vlroles/store"
	"vlroles/worker/engine"
	"vlroles/workflows"
)

// StackOptions says how everything runs in one process.
type StackOptions struct {
	Dir      string // database, Temporal's file, mails, keys
	Ports    Ports
	UI       bool
	Policy   func(*licensing.Policy)
	Progress io.Writer
	Lookup   func(string) (string, bool)
	Log      *slog.Logger
}

// Ports of 127.0.0.1; 0 is a free one.
type Ports struct{ Temporal, UI, Mail, Web int }

// Stack is the whole product in one process, on real components: a Temporal server, SQLite, a mail catcher, a downstream
// system, the workers.
type Stack struct {
	options    StackOptions
	Config     config.Config
	Rows       *store.Store
	temporal   client.Client
	Client     *workflows.Client
	Temporald  *rig.Temporal
	Mailbox    *rig.Mailbox
	Downstream *downstream
	web        *http.Server
	WebURL     string
	engine     *engine.Engine
	failed     chan error
}

// StartStack starts everything, in the order in which one thing needs the other, or nothing.
func StartStack(ctx context.Context, o StackOptions) (*Stack, error) {
	s := &Stack{options: o, failed: make(chan error, 4)}
	for _, step := range []func(context.Context) error{s.startRows, s.startMailbox, s.startWeb, s.configure, s.startTemporal, s.startEngine} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

func (s *Stack) startRows(ctx context.Context) error {
	if err := os.MkdirAll(s.options.Dir, 0o700); err != nil {
		return err
	}
	rows, err := store.Open(ctx, "sqlite:"+filepath.Join(s.options.Dir, "vlroles.db"), store.Options{})
	if err != nil {
		return err
	}
	s.Rows = rows
	_, err = rows.Migrate(ctx)
	return err
}

func (s *Stack) startMailbox(context.Context) (err error) {
	s.Mailbox, err = rig.StartMailbox(s.options.Ports.Mail, filepath.Join(s.options.Dir, "mails"))
	return err
}

func (s *Stack) startWeb(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.options.Ports.Web)))
	if err != nil {
		return fmt.Errorf("serve the pages: %w", err)
	}
	s.WebURL = "http://" + l.Addr().String()
	secret, err := keepSecret(s.options.Dir, "webhook.key")
	if err != nil {
		return err
	}
	if s.Downstream, err = newDownstream(secret); err != nil {
		return err
	}
	s.web = &http.Server{Handler: s.pages(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 40 * time.Second, MaxHeaderBytes: 16 << 10}
	go func() {
		if err := s.web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	return nil
}

// configure makes the configuration from the environment, with what runs here for everything that the environment leaves
// open, and writes that down for commands in other terminals.
func (s *Stack) configure(context.Context) error {
	links, err := keepSecret(s.options.Dir, "link.key")
	if err != nil {
		return err
	}
	hook, err := keepSecret(s.options.Dir, "webhook.key")
	if err != nil {
		return err
	}
	here := map[string]string{
		"VL_DATABASE_URL":     "sqlite:" + filepath.Join(s.options.Dir, "vlroles.db"),
		"VL_SMTP_PORT":        strconv.Itoa(s.Mailbox.Port()),
		"VL_LINK_BASE_URL":    s.WebURL + "/invitations/",
		"VL_LINK_KEYS":        "dev:" + links,
		"VL_PORTAL_URL":       s.WebURL + "/",
		"VL_PROVISIONER_URL":  s.WebURL + "/downstream",
		"VL_PROVISIONER_KEYS": "dev:" + hook,
		"VL_MAIL_PER_SECOND":  "200",
		"VL_MAIL_FROM":        "vlroles@contoso.example",
		"VL_SUPPORT":          "the help desk of your organization, helpdesk@contoso.example",
	}
	s.Config, err = config.Load(config.Fallback(s.options.Lookup, here), config.All)
	if err != nil {
		return err
	}
	s.Config.StopTimeout = 10 * time.Second
	return writeEnvironment(s.options.Dir, here)
}

func (s *Stack) startTemporal(ctx context.Context) (err error) {
	s.Temporald, err = rig.StartTemporal(ctx, rig.TemporalOptions{
		Dir: s.options.Dir, Port: s.options.Ports.Temporal, UI: s.options.UI, UIPort: s.options.Ports.UI,
		Attributes: rig.Attributes(), Progress: s.options.Progress,
	})
	if err != nil {
		return err
	}
	s.Config.TemporalAddress = s.Temporald.HostPort()
	s.temporal, err = engine.Dial(ctx, s.Config, s.options.Log)
	if err != nil {
		return err
	}
	return warm(ctx, s.temporal, s.Config.TemporalNamespace)
}

// warm waits until the namespace and its search attributes can be used, which a new server takes a moment for.
func warm(ctx context.Context, t client.Client, namespace string) error {
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
	policy := s.Config.Policy()
	if s.options.Policy != nil {
		s.options.Policy(&policy)
	}
	s.engine, err = engine.New(engine.Options{
		Config: s.Config, Temporal: s.temporal, Store: s.Rows, Policy: policy, Log: s.options.Log,
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
	if s.Temporald != nil {
		s.Temporald.Stop()
	}
	if s.Mailbox != nil {
		err = errors.Join(err, s.Mailbox.Close())
	}
	if s.Rows != nil {
		err = errors.Join(err, s.Rows.Close())
	}
	return err
}
