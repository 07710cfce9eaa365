package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"vlroles/activities"
	"vlroles/config"
	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/store"
	"vlroles/store/views"
	"vlroles/worker/engine"
)

// stackOptions says how everything runs in one process.
type stackOptions struct {
	dir      string // database, Temporal's file, mails, keys
	ports    ports
	ui       bool
	policy   func(*licensing.Policy)
	progress io.Writer
	lookup   func(string) (string, bool)
	log      *slog.Logger
}

// ports of 127.0.0.1; 0 is a free one.
type ports struct{ temporal, ui, mail, web int }

// stack is the whole product in one process, on real components: a Temporal server, SQLite, a mail catcher, a downstream
// system, the workers.
type stack struct {
	session
	options    stackOptions
	temporald  *rig.Temporal
	mailbox    *rig.Mailbox
	downstream *downstream
	web        *http.Server
	webURL     string
	engine     *engine.Engine
	failed     chan error
}

// startStack starts everything, in the order in which one thing needs the other, or nothing.
func startStack(ctx context.Context, o stackOptions) (*stack, error) {
	s := &stack{options: o, failed: make(chan error, 4)}
	for _, step := range []func(context.Context) error{
		s.makeFolder, s.startMailbox, s.startWeb, s.configure, s.startRows, s.startTemporal, s.startEngine,
	} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.stop())
		}
	}
	return s, nil
}

func (s *stack) makeFolder(context.Context) error { return os.MkdirAll(s.options.dir, 0o700) }

func (s *stack) startMailbox(context.Context) (err error) {
	s.mailbox, err = rig.StartMailbox(s.options.ports.mail, filepath.Join(s.options.dir, "mails"))
	return err
}

func (s *stack) startWeb(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.options.ports.web)))
	if err != nil {
		return fmt.Errorf("serve the pages: %w", err)
	}
	s.webURL = "http://" + l.Addr().String()
	secret, err := keepSecret(s.options.dir, "webhook.key")
	if err != nil {
		return err
	}
	if s.downstream, err = newDownstream(secret); err != nil {
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
func (s *stack) configure(context.Context) error {
	links, err := keepSecret(s.options.dir, "link.key")
	if err != nil {
		return err
	}
	hook, err := keepSecret(s.options.dir, "webhook.key")
	if err != nil {
		return err
	}
	here := map[string]string{
		"VL_DATABASE_URL":     "sqlite:" + filepath.Join(s.options.dir, "vlroles.db"),
		"VL_SMTP_PORT":        strconv.Itoa(s.mailbox.Port()),
		"VL_LINK_BASE_URL":    s.webURL + "/invitations/",
		"VL_LINK_KEYS":        "dev:" + links,
		"VL_PORTAL_URL":       s.webURL + "/",
		"VL_PROVISIONER_URL":  s.webURL + "/downstream",
		"VL_PROVISIONER_KEYS": "dev:" + hook,
		"VL_MAIL_PER_SECOND":  "200",
		"VL_MAIL_FROM":        "vlroles@contoso.example",
		"VL_SUPPORT":          "the help desk of your organization, helpdesk@contoso.example",
	}
	s.config, err = config.Load(config.Fallback(s.options.lookup, here), config.All)
	if err != nil {
		return err
	}
	s.config.StopTimeout = 10 * time.Second
	return writeEnvironment(s.options.dir, here)
}

func (s *stack) startRows(ctx context.Context) error {
	rows, err := store.Open(ctx, "sqlite:"+filepath.Join(s.options.dir, "vlroles.db"), store.Options{Policy: s.policy()})
	if err != nil {
		return err
	}
	s.rows, s.views = rows, views.New(rows.Reader())
	_, err = rows.Migrate(ctx)
	return err
}

// policy is the configuration's with the short periods that were asked for.
func (s *stack) policy() licensing.Policy {
	p := s.config.Policy()
	if s.options.policy != nil {
		s.options.policy(&p)
	}
	return p
}

func (s *stack) startTemporal(ctx context.Context) (err error) {
	s.temporald, err = rig.StartTemporal(ctx, rig.TemporalOptions{
		Dir: s.options.dir, Port: s.options.ports.temporal, UI: s.options.ui, UIPort: s.options.ports.ui,
		Attributes: rig.Attributes(), Progress: s.options.progress,
	})
	if err != nil {
		return err
	}
	s.config.TemporalAddress = s.temporald.HostPort()
	s.temporal, err = engine.Dial(ctx, s.config, s.options.log)
	if err != nil {
		return err
	}
	return warm(ctx, s.temporal, s.config.TemporalNamespace)
}

// warm waits until the namespace and its search attributes can be used, which a new server takes a moment for.
func warm(ctx context.Context, t client.Client, namespace string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		_, err := addAttributes(ctx, t, namespace)
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

func (s *stack) startEngine(context.Context) (err error) {
	s.engine, err = engine.New(engine.Options{
		Config: s.config, Temporal: s.temporal, Store: s.rows, Policy: s.policy(), Log: s.options.log,
		OnFailure: func(err error) { s.failed <- err },
	})
	if err != nil {
		return err
	}
	s.client = s.engine.Client()
	return s.engine.Start()
}

// stop ends everything that was started, in the other order.
func (s *stack) stop() error {
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
	if s.temporald != nil {
		s.temporald.Stop()
	}
	if s.mailbox != nil {
		err = errors.Join(err, s.mailbox.Close())
	}
	if s.rows != nil {
		err = errors.Join(err, s.rows.Close())
	}
	return err
}

// keepSecret reads the secret that a file of the folder keeps, base64 of 32 bytes, and makes it the first time.
func keepSecret(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	secret := make([]byte, 32)
	rand.Read(secret) //nolint:errcheck // never fails
	enc := base64.StdEncoding.EncodeToString(secret)
	return enc, os.WriteFile(path, []byte(enc+"\n"), 0o600)
}

// environmentFile is where a running dev writes what other terminals need to find it.
const environmentFile = "environment"

func writeEnvironment(dir string, values map[string]string) error {
	var b strings.Builder
	for _, name := range []string{"VL_DATABASE_URL", "VL_LINK_BASE_URL", "VL_LINK_KEYS", "VL_PORTAL_URL", "VL_PROVISIONER_URL", "VL_SUPPORT"} {
		fmt.Fprintf(&b, "%s=%s\n", name, values[name])
	}
	return os.WriteFile(filepath.Join(dir, environmentFile), []byte(b.String()), 0o600)
}

// besideDev lets commands find what dev runs in the folder, unless the environment names a database of its own.
func besideDev(lookup func(string) (string, bool), dir string) func(string) (string, bool) {
	if v, ok := lookup("VL_DATABASE_URL"); ok && v != "" {
		return lookup
	}
	text, err := os.ReadFile(filepath.Join(dir, environmentFile))
	if err != nil {
		return lookup
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[name] = value
		}
	}
	return config.Fallback(lookup, values)
}

// downstreamKeys reads the secret that the downstream system shares with us.
func downstreamKeys(secret string) ([]activities.WebhookKey, error) {
	raw, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	k, err := activities.NewWebhookKey("dev", raw)
	return []activities.WebhookKey{k}, err
}
