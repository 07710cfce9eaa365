// Package config reads the configuration of every process from environment variables, and is the
// only code that does. One table ([Describe]) says for each variable its name, default, meaning
// and reader; a fault names the variable and the rule that its value breaks, never the value,
// and all faults are reported together.
package config

import (
	"io"
	"log/slog"
	"os"
	"time"

	"vlroles/licensing"
)

// Process says who reads a variable. Values combine: Worker|Portal is both in one process.
type Process uint8

// The processes.
const (
	Commands Process = 1 << iota // the command line: migrate, start, steer, apply
	Portal                       // the HTTP API and pages
	Worker                       // workflows and activities
	All      = Commands | Portal | Worker
)

// TLSMode says how mails travel to the relay.
type TLSMode string

// The modes.
const (
	TLSMandatory     TLSMode = "mandatory"     // STARTTLS, or the mail stays here
	TLSImplicit      TLSMode = "implicit"      // TLS from the first byte on, as on port 465
	TLSOpportunistic TLSMode = "opportunistic" // STARTTLS where the relay offers it
	TLSNone          TLSMode = "none"          // clear text
)

// Key is a named secret that signs; of several the first signs and all verify.
type Key struct {
	ID     string
	Secret Secret // the raw bytes
}

// Config is everything that can be configured. The variable that sets a field, its default and its bounds
// stand in the table of [Describe]; what a process doesn't read keeps its default.
type Config struct {
	// Connections to other machines that needn't be verified by TLS.
	AllowUnverified []Connection

	// The database.
	Database      Secret // "postgres://…" or "sqlite:path"; secret since it may hold a password
	DatabaseConns int    // open connections at most

	// Temporal.
	TemporalAddress   string // host:port
	TemporalNamespace string
	TemporalAPIKey    Secret
	TemporalTLS       bool
	TemporalCA        string // PEM files; "": the system's authorities, no client certificate
	TemporalCert      string
	TemporalKey       string

	// The mail relay.
	SMTPHost        string
	SMTPPort        int
	SMTPTLS         TLSMode
	SMTPCA          string // a PEM file; "": the system's authorities
	SMTPUser        string // "": no login
	SMTPPassword    Secret
	SMTPAuth        string          // the mechanism of the login; "": the best that the relay offers
	SMTPConnections int             // open connections at most
	MailFrom        licensing.Email // its domain is the part of a Message-ID behind the @
	MailFromName    string
	MailReplyTo     licensing.Email // "": none
	MailPerSecond   float64         // of the whole deployment, kept by the Temporal server

	// Links and what mails say.
	LinkBase  string // an invitation's link is this with the token behind it
	LinkKeys  licensing.LinkKeys
	PortalURL string // where mails send people who have a profile
	Support   string // whom to ask, as people read it

	// Periods (R53, R56, R58, R60, R61).
	Propagation time.Duration
	Processing  time.Duration
	InviteFor   time.Duration
	RemindAhead time.Duration // 0: no reminder
	ResendEvery time.Duration
	MailLimits  licensing.MailLimits // L07

	// How long personal data is kept that nothing needs any more (L10).
	KeepMails  time.Duration
	KeepPeople time.Duration

	// The downstream system that is told before roles become effective.
	ProvisionerURL     string // "": none; without a slash at its end
	ProvisionerKeys    []Key
	ProvisionerTimeout time.Duration // of one attempt

	DirectoryURL   string // "": directories change by events alone; without a slash at its end
	DirectoryToken Secret
	DirectoryEvery time.Duration // between two comparisons with the tenants; 0: none

	// The process.
	HTTPListen    string // the worker's /readyz
	LogLevel      slog.Level
	LogFormat     string // "text" or "json"
	ActivitySlots int
	WorkflowCache int
	StopTimeout   time.Duration // how long running activities may go on when the worker is told to stop
}

// Load reads what the process needs through lookup, which answers like [os.LookupEnv]; an
// empty value counts as not set. A secret NAME may instead come from the file that NAME_FILE
// names. The error is of type [Faults].
func Load(lookup func(string) (string, bool), who Process) (Config, error) {
	var c Config
	l := loader{lookup: lookup, who: who, given: map[string]bool{}, bad: map[string]bool{}}
	l.read(c.table())
	l.check(&c)
	if len(l.faults) > 0 {
		return Config{}, l.faults
	}
	return c, nil
}

// Environment looks a variable up in the process's environment.
func Environment(name string) (string, bool) { return os.LookupEnv(name) }

// FromEnvironment is [Load] from the process's environment.
func FromEnvironment(who Process) (Config, error) { return Load(Environment, who) }

// Fallback answers from values what lookup doesn't know: how `dev` and `demo` bring keys and addresses of
// their own and still let the environment say otherwise. A secret that lookup has as NAME_FILE is known.
func Fallback(lookup func(string) (string, bool), values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, ok := lookup(name); ok && v != "" {
			return v, true
		}
		if f, ok := lookup(name + fileSuffix); ok && f != "" {
			return "", false
		}
		v, ok := values[name]
		return v, ok
	}
}

// Policy returns the periods and whom to ask, for the rules.
func (c Config) Policy() licensing.Policy {
	p := licensing.DefaultPolicy()
	p.Propagation = c.Propagation
	p.Processing = c.Processing
	p.InviteFor = c.InviteFor
	p.RemindAhead = c.RemindAhead
	p.ResendEvery = c.ResendEvery
	p.Mails = c.MailLimits
	p.KeepMails, p.KeepPeople = c.KeepMails, c.KeepPeople
	p.Support = c.Support
	p.LinkKey = c.LinkKeys.Current()
	return p
}

// NewLogger returns the one logger of a process, for us and for the SDK.
func NewLogger(c Config, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
