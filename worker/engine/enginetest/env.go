// Package enginetest sets an engine up on real components for tests and benchmarks: a Temporal server of its
// own, a database, a mail catcher, and an organization whose admin can begin to assign roles.
package enginetest

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"vlroles/commands"
	"vlroles/config"
	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/store"
	"vlroles/store/views"
	"vlroles/worker/engine"
	"vlroles/workflows"
)

// Options say how an Env differs from the usual: SQLite, Temporal in memory, propagation of half a second.
type Options struct {
	Postgres    bool
	Database    string // the address of an empty database, instead of one that New makes
	OnFile      bool   // Temporal keeps its state over Stop and Start
	Idle        bool   // no engine yet
	Provisioner string
	Policy      func(*licensing.Policy)
	Config      func(*config.Config)
	Patience    time.Duration
}

// Env is what New set up. Everything ends with the test.
type Env struct {
	TB       testing.TB
	Options  Options
	Temporal *rig.Temporal
	Client   client.Client
	Rows     *store.Store
	Views    *views.Views
	Database string
	Mailbox  *rig.Mailbox
	Config   config.Config
	Policy   licensing.Policy
	Engine   *engine.Engine
	Flows    *commands.Client
	Org      licensing.OrgID
	Admin    licensing.UserID
}

// Secret is a key of 32 bytes for tests.
var Secret = base64.StdEncoding.EncodeToString([]byte("a test's key is no secret at all"))

// New sets an Env up.
func New(tb testing.TB, o Options) *Env {
	tb.Helper()
	s := &Env{TB: tb, Options: o, Org: licensing.OrgID(uuid.NewString())}
	s.address()
	var err error
	if s.Mailbox, err = rig.StartMailbox(0, ""); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Mailbox.Close() })
	t := rig.TemporalOptions{
		Attributes: workflows.AttributeTypes(), Progress: os.Stderr,
		// timers are rounded up to it; 1 s
		DynamicConfig: map[string]string{"history.timerProcessorMaxTimeShift": `"10ms"`},
	}
	if o.OnFile {
		t.Dir = tb.TempDir()
	}
	if s.Temporal, err = rig.StartTemporal(context.Background(), t); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Temporal.Kill)
	s.Client = s.Temporal.Dial(tb)
	s.configure()
	s.database()
	s.organization()
	if !o.Idle {
		s.Start()
	}
	return s
}

func (s *Env) address() {
	s.Database = "sqlite:" + filepath.Join(s.TB.TempDir(), "vlroles.db")
	switch {
	case s.Options.Database != "":
		s.Database = s.Options.Database
	case s.Options.Postgres:
		s.Database = rig.PostgresURL(s.TB)
	}
}

func (s *Env) configure() {
	values := map[string]string{
		"VL_DATABASE_URL": s.Database, "VL_SMTP_PORT": strconv.Itoa(s.Mailbox.Port()),
		"VL_LINK_KEYS":       "t:" + Secret,
		"VL_MAIL_PER_SECOND": "1000", "VL_MAIL_FROM": "vlroles@contoso.example",
		"TEMPORAL_ADDRESS": s.Temporal.HostPort(),
	}
	if s.Options.Provisioner != "" {
		values["VL_PROVISIONER_URL"], values["VL_PROVISIONER_KEYS"] = s.Options.Provisioner, "t:"+Secret
	}
	var err error
	s.Config, err = config.Load(func(name string) (string, bool) { v, ok := values[name]; return v, ok },
		config.All)
	if err != nil {
		s.TB.Fatal(err)
	}
	s.Config.StopTimeout = 10 * time.Second
	if s.Options.Config != nil {
		s.Options.Config(&s.Config)
	}
	s.Policy = s.Config.Policy()
	s.Policy.Propagation, s.Policy.Processing, s.Policy.ResendEvery = 500*time.Millisecond, time.Second, 0
	s.Policy.InviteMin = time.Second
	s.Policy.Mails = licensing.MailLimits{} // a day of mails passes in seconds here
	if s.Options.Policy != nil {
		s.Options.Policy(&s.Policy)
	}
}

func (s *Env) database() {
	var err error
	s.Rows, err = store.Open(context.Background(), s.Database, store.Options{Policy: s.Policy})
	if err != nil {
		s.TB.Fatal(err)
	}
	s.TB.Cleanup(func() { _ = s.Rows.Close() })
	s.Views = views.New(s.Rows.Reader())
	if _, err := s.Rows.Migrate(context.Background()); err != nil {
		s.TB.Fatal(err)
	}
	s.Flows = &commands.Client{Temporal: s.Client, Rows: s.Views, Log: slog.New(slog.DiscardHandler),
		Patience: s.Options.Patience, Settings: workflows.Settings{Provision: s.Options.Provisioner != ""}}
}

// organization takes in two agreements that Alex administers, E1 processed long ago and E2 just now, and ten
// people.
func (s *Env) organization() {
	now := time.Now().UTC()
	alex := []licensing.ContractAdministrator{
		{SignIn: "alex@contoso.example", Name: "Alex Wilber", Registered: now.Add(-time.Hour)},
	}
	in := licensing.Intake{
		ID: Request(), Org: s.Org, Name: "Contoso Ltd.", Domains: []string{"contoso.example"},
		Directory: []licensing.DirectoryPerson{
			{ObjectID: "alex", Email: "alex@contoso.example", Name: "Alex Wilber"},
		},
		Agreements: []licensing.ContractAgreement{
			{License: "E1", Program: "Enterprise Agreement", ProcessedAt: now.Add(-1000 * time.Hour),
				Administrators: alex},
			{License: "E2", Program: "Enterprise Agreement", ProcessedAt: now, Administrators: alex},
		},
	}
	answer, err := s.Rows.Apply(context.Background(), in)
	if err != nil {
		s.TB.Fatal(err)
	}
	s.Admin = answer.People[0].User
}

// Start runs an engine, for the first time or once more.
func (s *Env) Start() {
	s.TB.Helper()
	e, err := engine.New(engine.Options{
		Config: s.Config, Temporal: s.Client, Store: s.Rows, Policy: s.Policy, Patience: s.Options.Patience,
		Log: slog.New(slog.DiscardHandler), OnFailure: func(err error) { s.TB.Error(err) },
	})
	if err != nil {
		s.TB.Fatal(err)
	}
	if err := e.Start(); err != nil {
		s.TB.Fatal(err)
	}
	s.Engine = e
	s.TB.Cleanup(func() { _ = e.Stop() })
}

// Request is a new request id.
func Request() licensing.RequestID { return licensing.RequestID(uuid.NewString()) }

// Ctx is a context that no step of a test should need.
func (s *Env) Ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	s.TB.Cleanup(cancel)
	return ctx
}

// Person is somebody from outside with roles on License IDs.
func Person(name string, access ...licensing.AccessChange) licensing.PersonChange {
	return licensing.PersonChange{SignIn: licensing.Email(name + "@fabrikam.example"),
		Name: strings.ToUpper(name[:1]) + name[1:], Access: access}
}

// Add gives roles on a License ID; Download without any.
func Add(l licensing.LicenseID, roles ...licensing.Role) licensing.AccessChange {
	if len(roles) == 0 {
		roles = []licensing.Role{licensing.ProductDownloadManager}
	}
	return licensing.AccessChange{License: l, Add: roles}
}

// Remove clears roles on a License ID.
func Remove(l licensing.LicenseID, roles ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Remove: roles}
}

// Save saves in Alex's name, and fails the test where the request as a whole is refused.
func (s *Env) Save(people ...licensing.PersonChange) (licensing.RequestID, []licensing.PersonVerdict) {
	s.TB.Helper()
	sv := licensing.Save{ID: Request(), Org: s.Org, Admin: s.Admin, People: people}
	answer, err := s.Flows.Save(s.Ctx(), sv)
	if err != nil {
		s.TB.Fatal(err)
	}
	return sv.ID, answer.People
}

// Command acts on a user in Alex's name.
func (s *Env) Command(u licensing.UserID) licensing.Command {
	return licensing.Command{Request: Request(), Org: s.Org, User: u, By: s.Admin}
}

var kind = regexp.MustCompile(`\.([a-z]+)[-0-9]*@`)

// Kind is what a caught mail is for, read off its Message-ID.
func Kind(m rig.Message) string {
	if found := kind.FindStringSubmatch(m.ID); found != nil {
		return found[1]
	}
	return ""
}

// Mail waits for the number-th mail of a kind to a person from outside, or to a whole address.
func (s *Env) Mail(to, kind string, number int) rig.Message {
	s.TB.Helper()
	if !strings.Contains(to, "@") {
		to += "@fabrikam.example"
	}
	seen := map[int]bool{}
	m, err := s.Mailbox.Wait(s.Ctx(), func(m rig.Message) bool {
		if m.To == to && Kind(m) == kind {
			seen[m.Number] = true
		}
		return len(seen) >= number && seen[m.Number]
	})
	if err != nil {
		s.TB.Fatalf("%s mail %d to %s: %v", kind, number, to, err)
	}
	return m
}

// Registration reads the link of a mail.
func (s *Env) Registration(m rig.Message, email licensing.Email) licensing.Registration {
	s.TB.Helper()
	for _, word := range strings.Fields(m.Text) {
		token, ok := strings.CutPrefix(word, s.Config.LinkBase)
		if !ok {
			continue
		}
		t, err := s.Config.LinkKeys.Verify(token)
		if err != nil {
			s.TB.Fatal(err)
		}
		who, err := s.Views.SignsIn(s.Ctx(), t.Invitation, email)
		if err != nil {
			s.TB.Fatal(err)
		}
		r, err := s.Config.LinkKeys.Accept(token, who, Request())
		if err != nil {
			s.TB.Fatal(err)
		}
		return r
	}
	s.TB.Fatalf("the mail has no link:\n%s", m.Text)
	return licensing.Registration{}
}

// Register accepts the first invitation mail of a person from outside.
func (s *Env) Register(name string) licensing.Registered {
	s.TB.Helper()
	out, err := s.Flows.Register(s.Ctx(),
		s.Registration(s.Mail(name, "welcome", 1), licensing.Email(name+"@fabrikam.example")))
	if err != nil {
		s.TB.Fatal(err)
	}
	return out
}

// Status is a user's status on a License ID as Alex sees it, "" for nothing.
func (s *Env) Status(u licensing.UserID, l licensing.LicenseID) licensing.Status {
	s.TB.Helper()
	v, err := s.Views.User(s.Ctx(), s.Org, s.Admin, u)
	if licensing.KindOf(err) == licensing.NotFound {
		return ""
	}
	if err != nil {
		s.TB.Fatal(err)
	}
	for _, e := range v.Access {
		if e.License == l {
			return e.Status
		}
	}
	return ""
}

// Becomes waits until a user has the status.
func (s *Env) Becomes(u licensing.UserID, l licensing.LicenseID, want licensing.Status) {
	s.TB.Helper()
	s.Until(fmt.Sprintf("status %s on %s", want, l), func() bool { return s.Status(u, l) == want })
}

// Until polls, for at most a minute.
func (s *Env) Until(what string, done func() bool) {
	s.TB.Helper()
	end := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(end) {
			s.TB.Fatalf("waited a minute for %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Closed waits until a workflow has ended and returns its history and how it ended.
func (s *Env) Closed(id string) (*historypb.History, enumspb.WorkflowExecutionStatus) {
	s.TB.Helper()
	status := enumspb.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	s.Until(id+" to end", func() bool {
		d, err := s.Client.DescribeWorkflowExecution(s.Ctx(), id, "")
		if err == nil {
			status = d.WorkflowExecutionInfo.Status
		}
		return err == nil && status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	})
	return s.History(id, ""), status
}

// History reads a run's history as it is now.
func (s *Env) History(id, run string) *historypb.History {
	s.TB.Helper()
	h := &historypb.History{}
	for it := s.Client.GetWorkflowHistory(s.Ctx(), id, run, false,
		enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			s.TB.Fatal(err)
		}
		h.Events = append(h.Events, e)
	}
	return h
}
