package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Fault is a variable and the rule that it breaks.
type Fault struct {
	Variable string
	Rule     string
}

// Faults is the error of [Load]: everything that is wrong, in the order of [Describe].
type Faults []Fault

// Error returns a line per fault. It holds no value of a variable.
func (f Faults) Error() string {
	var b strings.Builder
	b.WriteString("read configuration: correct these variables:")
	for _, one := range f {
		b.WriteString("\n  " + one.Variable + ": " + one.Rule)
	}
	return b.String()
}

const (
	fileSuffix = "_FILE"
	maxFile    = 64 << 10

	unnamed = "localhost.localdomain" // the domain of a sender that nobody has named
)

type loader struct {
	lookup func(string) (string, bool)
	who    Process
	given  map[string]bool // read from outside
	bad    map[string]bool // at fault already
	faults Faults
}

func (l *loader) fault(name, rule string) {
	l.bad[name] = true
	l.faults = append(l.faults, Fault{name, rule})
}

func (l *loader) read(table []entry) {
	for _, e := range table {
		value := e.Default
		if e.For&l.who != 0 {
			outside, err := l.find(e.Variable)
			if err != nil {
				l.fault(e.Name, err.Error())
				continue
			}
			if outside != "" {
				value, l.given[e.Name] = outside, true
			}
		}
		if value == "" {
			continue
		}
		if err := e.read(value); err != nil {
			l.fault(e.Name, err.Error())
		}
	}
}

// find returns a variable's value, "" for none: its own, or for a secret that of its file.
func (l *loader) find(v Variable) (string, error) {
	own, _ := l.lookup(v.Name)
	if !v.Secret {
		return own, nil
	}
	path, _ := l.lookup(v.Name + fileSuffix)
	switch {
	case path == "":
		return own, nil
	case own != "":
		return "", fmt.Errorf("is given twice: by itself and by %s%s", v.Name, fileSuffix)
	}
	value, err := fileText(path)
	if err != nil {
		return "", fmt.Errorf("%s%s: %w", v.Name, fileSuffix, err)
	}
	return value, nil
}

// fileText reads a small regular file without its last line break. Errors don't name it: a secret may
// have been written where its path belongs.
func fileText(path string) (_ string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", nameless(err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return "", fmt.Errorf("the file must be a regular one of at most %d bytes", maxFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", nameless(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return "", nameless(err)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if text == "" {
		return "", errors.New("the file is empty")
	}
	return text, nil
}

func nameless(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("the file can't be read: %w", p.Err)
	}
	return errors.New("the file can't be read")
}

// rule is something that holds between variables. It is asked where none of them is at fault by itself.
type rule struct {
	about  []string // the first is named
	broken bool
	says   string
}

// check fills in what follows from other variables and judges what holds between them.
func (l *loader) check(c *Config) {
	l.secure(c)
	if c.SMTPPort == 0 {
		c.SMTPPort = defaultPort(c)
	}
	rules := l.rules(c)
	for _, n := range c.connections() {
		rules = append(rules, n.rule(c.AllowUnverified))
	}
	for _, r := range rules {
		if r.broken && !slices.ContainsFunc(r.about, func(n string) bool { return l.bad[n] }) {
			l.fault(r.about[0], r.says)
		}
	}
	l.sort(c.table())
}

// rules are what holds between variables, but for the rule of all connections.
func (l *loader) rules(c *Config) []rule {
	far := !isLoopback(c.SMTPHost)
	return []rule{
		{[]string{"TEMPORAL_TLS_KEY", "TEMPORAL_TLS_CERT"}, (c.TemporalCert == "") != (c.TemporalKey == ""),
			"the client certificate and its key go together: " +
				"set TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY, or neither"},
		{[]string{"TEMPORAL_TLS", "TEMPORAL_TLS_CA", "TEMPORAL_TLS_CERT"},
			!c.TemporalTLS && c.TemporalCA+c.TemporalCert != "",
			"must not be false where a certificate file is given"},
		{[]string{"TEMPORAL_TLS", "TEMPORAL_API_KEY", "TEMPORAL_ADDRESS"},
			!c.TemporalTLS && !c.TemporalAPIKey.Empty() && !c.temporalIsNear(),
			"must not be false where an API key is given: it would travel in clear text"},
		{[]string{"VL_SMTP_TLS", "VL_SMTP_CA"}, c.SMTPTLS == TLSNone && c.SMTPCA != "",
			"must not be none where VL_SMTP_CA is given"},
		{[]string{"VL_SMTP_TLS", "VL_SMTP_HOST", "VL_SMTP_PASSWORD"},
			far && !c.SMTPTLS.verified() && !c.SMTPPassword.Empty(),
			"must be mandatory or implicit where a password is given: it would travel in clear text"},
		{[]string{"VL_SMTP_PASSWORD", "VL_SMTP_USER"}, (c.SMTPUser == "") != c.SMTPPassword.Empty(),
			"login and password go together: set VL_SMTP_USER and VL_SMTP_PASSWORD, or neither"},
		{[]string{"VL_SMTP_AUTH", "VL_SMTP_USER"}, c.SMTPAuth != "" && c.SMTPUser == "",
			"names how to log in, and nobody does: set VL_SMTP_USER and VL_SMTP_PASSWORD too"},
		{[]string{"VL_MAIL_FROM", "VL_SMTP_HOST"}, far && c.MailFrom.Domain() == unnamed,
			"name the sender's address: no relay but one on this machine takes mail from localhost"},
		{[]string{"VL_LINK_KEYS"}, l.who&(Worker|Portal) != 0 && c.LinkKeys.Current() == "",
			"is needed: id:base64 with at least 32 random bytes, " +
				"such as k1: and the output of `openssl rand -base64 32`"},
		{[]string{"VL_PROVISIONER_KEYS", "VL_PROVISIONER_URL"},
			l.who&Worker != 0 && c.ProvisionerURL != "" && len(c.ProvisionerKeys) == 0,
			"is needed with VL_PROVISIONER_URL: id:base64 with at least 32 random bytes"},
	}
}

const portImplicit = 465

// defaultPort is where a relay listens, as it is spoken to.
func defaultPort(c *Config) int {
	switch {
	case c.SMTPTLS == TLSImplicit:
		return portImplicit
	case isLoopback(c.SMTPHost):
		return 1025
	}
	return 587
}

// sort puts faults in the order of the table.
func (l *loader) sort(table []entry) {
	var sorted Faults
	for _, e := range table {
		for _, f := range l.faults {
			if f.Variable == e.Name {
				sorted = append(sorted, f)
			}
		}
	}
	l.faults = sorted
}
