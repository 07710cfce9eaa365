package smtp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/wneessen/go-mail"

	"vlroles/licensing"
)

// Password is a secret that no print shows.
type Password string

// String, GoString, LogValue and MarshalText hide the password.
func (Password) String() string               { return "[redacted]" }
func (Password) GoString() string             { return "[redacted]" }
func (Password) LogValue() slog.Value         { return slog.StringValue("[redacted]") }
func (Password) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Config says how mails leave.
type Config struct {
	Host        string
	Port        int
	User        string // "": no login
	Password    Password
	Auth        string // the mechanism of the login; "": the best that the relay offers
	TLS         string // "mandatory" (STARTTLS; the default), "implicit", "opportunistic" or "none"
	From        string
	FromName    string
	ReplyTo     string        // "": none
	HELO        string        // "": the machine's name
	Connections int           // at most; 0: 4
	IdleTimeout time.Duration // a connection is kept this long for the next mail; 0: 10 s
	Deadline    time.Duration // of one Send; 0: 60 s, below licensing.SendMailTimeout
	TLSConfig   *tls.Config   // nil: the system's authorities
}

// New checks the configuration; all its faults are in the error. Nothing is connected yet.
func New(c Config) (*Relay, error) {
	c = c.withDefaults()
	client, err := mail.NewClient(c.Host, c.options()...)
	if err := errors.Join(append(c.faults(), err)...); err != nil {
		return nil, fmt.Errorf("configure the relay: %w", err)
	}
	return &Relay{c: c, client: client, slots: make(chan struct{}, c.Connections)}, nil
}

const implicit = "implicit"

// tlsPolicies are the library's words for what comes behind the greeting; with implicit TLS it is on already.
var tlsPolicies = map[string]mail.TLSPolicy{
	"mandatory": mail.TLSMandatory, "opportunistic": mail.TLSOpportunistic, "none": mail.NoTLS,
	implicit: mail.NoTLS,
}

// options is the configuration as the library takes it.
func (c Config) options() []mail.Option {
	options := []mail.Option{
		mail.WithPort(c.Port), mail.WithTimeout(c.Deadline), mail.WithDialContextFunc(c.dial),
		mail.WithTLSPolicy(tlsPolicies[c.TLS]), mail.WithTLSConfig(c.verification()),
		mail.WithoutNoop(),     // a round trip a mail, whose answer is lost; MAIL tells the same
		mail.WithoutSMTPUTF8(), // every address is ASCII, and asking for it may bounce at a later hop
	}
	if c.HELO != "" {
		options = append(options, mail.WithHELO(c.HELO))
	}
	return options
}

// verification is how the relay's certificate is checked: against its name.
func (c Config) verification() *tls.Config {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.TLSConfig != nil {
		t = c.TLSConfig.Clone()
	}
	if t.ServerName == "" {
		t.ServerName = c.Host
	}
	return t
}

// faults are what is wrong with the configuration.
func (c Config) faults() (faults []error) {
	if _, ok := tlsPolicies[c.TLS]; !ok {
		faults = append(faults, errors.New("TLS is mandatory, implicit, opportunistic or none"))
	}
	if c.Auth != "" && !slices.ContainsFunc(mechanisms, func(m mechanism) bool { return m.name == c.Auth }) {
		faults = append(faults, errors.New("the mechanism of the login is none that we know"))
	}
	if _, err := licensing.ParseEmail(c.From); err != nil {
		faults = append(faults, fmt.Errorf("sender: %w", err))
	}
	if c.ReplyTo != "" {
		if _, err := licensing.ParseEmail(c.ReplyTo); err != nil {
			faults = append(faults, fmt.Errorf("reply-to: %w", err))
		}
	}
	if c.User != "" && c.TLS == "none" && !isLoopback(c.Host) {
		faults = append(faults,
			errors.New("a password is not sent in clear text to another machine: use TLS"))
	}
	return faults
}

func (c Config) withDefaults() Config {
	if c.TLS == "" {
		c.TLS = "mandatory"
	}
	if c.Connections <= 0 {
		c.Connections = 4
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = 10 * time.Second
	}
	if c.Deadline <= 0 {
		c.Deadline = 60 * time.Second
	}
	return c
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
