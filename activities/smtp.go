package activities

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"vlroles/licensing"
)

// Letter is one mail to one person, rendered.
type Letter struct {
	ID         string // the Message-ID without <>, fixed by what the mail is
	To, ToName string
	Subject    string
	Text, HTML string
}

// Verdict says what an attempt to send came to.
type Verdict string

// The verdicts.
const (
	Delivered     Verdict = "delivered"     // the relay took it
	Refused       Verdict = "refused"       // it never will: the address or the content
	Deferred      Verdict = "deferred"      // not now
	Misconfigured Verdict = "misconfigured" // it refuses us: login, certificate, sender. Every mail waits until this is mended
	Unknown       Verdict = "unknown"       // the connection broke behind the final dot: taken or not
)

// Answer is what the relay said.
type Answer struct {
	Verdict Verdict
	Code    int    // its reply code, 0 for none
	Text    string // one line without addresses
}

// SendError is an attempt that should be made again. It holds no address.
type SendError struct {
	Answer
	RetryAfter time.Duration // what is worth waiting; 0: the usual backoff
}

// Error says the verdict and the server's answer.
func (e *SendError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("send mail: %s: %d %s", e.Verdict, e.Code, e.Text))
}

// Password is a secret that no print shows.
type Password string

// String, GoString, LogValue and MarshalText hide the password.
func (Password) String() string               { return "[redacted]" }
func (Password) GoString() string             { return "[redacted]" }
func (Password) LogValue() slog.Value         { return slog.StringValue("[redacted]") }
func (Password) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// SMTPConfig says how mails leave.
type SMTPConfig struct {
	Host        string
	Port        int
	User        string // "": no login
	Password    Password
	TLS         string // "mandatory" (STARTTLS; the default), "opportunistic" or "none"
	From        string
	FromName    string
	ReplyTo     string        // "": none
	HELO        string        // "": the machine's name
	Connections int           // at most; 0: 4
	IdleTimeout time.Duration // a connection is kept this long for the next mail; 0: 10 s
	Deadline    time.Duration // of one Send; 0: 60 s, below licensing.SendMailTimeout
	TLSConfig   *tls.Config   // nil: the system's authorities
}

// SMTP hands letters to the relay, over a few connections that are kept open for bursts. It is safe for many goroutines.
type SMTP struct {
	c      SMTPConfig
	client *mail.Client
	slots  chan struct{}
	mu     sync.Mutex
	idle   []*line
	closed bool
	quits  sync.WaitGroup // good-byes that timers began
}

// line is one open connection.
type line struct {
	smtp  *smtp.Client
	net   net.Conn
	timer *time.Timer // retires it when it has been idle for long
}

// NewSMTP checks the configuration; all its faults are in the error. Nothing is connected yet.
func NewSMTP(c SMTPConfig) (*SMTP, error) {
	c = c.withDefaults()
	options := []mail.Option{mail.WithPort(c.Port), mail.WithTimeout(c.Deadline), mail.WithDialContextFunc(dialLine),
		mail.WithoutNoop(),     // a round trip a mail, whose answer is lost; MAIL tells the same
		mail.WithoutSMTPUTF8(), // every address is ASCII, and asking for it may bounce at a later hop
	}
	policy, ok := map[string]mail.TLSPolicy{"mandatory": mail.TLSMandatory, "opportunistic": mail.TLSOpportunistic, "none": mail.NoTLS}[c.TLS]
	var faults []error
	if !ok {
		faults = append(faults, errors.New("TLS is mandatory, opportunistic or none"))
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
		faults = append(faults, errors.New("a password is not sent in clear text to another machine: use TLS"))
	}
	options = append(options, mail.WithTLSPolicy(policy))
	if c.TLSConfig != nil {
		t := c.TLSConfig.Clone()
		if t.ServerName == "" {
			t.ServerName = c.Host
		}
		options = append(options, mail.WithTLSConfig(t))
	}
	if c.HELO != "" {
		options = append(options, mail.WithHELO(c.HELO))
	}
	client, err := mail.NewClient(c.Host, options...)
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, fmt.Errorf("configure the relay: %w", err)
	}
	return &SMTP{c: c, client: client, slots: make(chan struct{}, c.Connections)}, nil
}

func (c SMTPConfig) withDefaults() SMTPConfig {
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

// Send hands the letter over. Delivered and Refused are outcomes and no error; the other verdicts are a *SendError, and the
// same letter may be sent again: its Message-ID stays.
func (s *SMTP) Send(ctx context.Context, l Letter) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.c.Deadline)
	defer cancel()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return failed(Answer{Verdict: Deferred, Text: "no connection was free in time"}, 0)
	}
	m, err := s.compose(l)
	if err != nil {
		return Answer{Verdict: Refused, Text: oneLine(err.Error())}, nil
	}
	open, reused, err := s.take(ctx)
	if err != nil {
		return atConnect(err)
	}
	err = s.transmit(ctx, open, m)
	if reused && !m.IsDelivered() && beforeData(err) {
		// The server had closed the idle connection: nothing of this mail was said yet.
		if open, err = s.dial(ctx); err != nil {
			return atConnect(err)
		}
		err = s.transmit(ctx, open, m)
	}
	if m.IsDelivered() {
		return Answer{Verdict: Delivered, Code: 250, Text: oneLine(m.ServerResponse())}, nil
	}
	return verdict(err)
}

// transmit sends over a connection, which is kept where nothing went wrong and dropped otherwise.
func (s *SMTP) transmit(ctx context.Context, open *line, m *mail.Msg) error {
	stop := context.AfterFunc(ctx, func() { _ = open.net.Close() }) // a hanging server must not hold us
	err := s.client.SendWithSMTPClient(open.smtp, m)
	if !stop() || err != nil {
		_ = open.net.Close() // it is of no use any more
		return err
	}
	s.keep(open)
	return nil
}

type dialed struct{}

// dialLine opens a connection and tells dial of it.
func dialLine(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if tell, ok := ctx.Value(dialed{}).(func(net.Conn)); ok && err == nil {
		tell(c)
	}
	return c, err
}

// dial opens a connection, secures it and logs in. The library doesn't watch the context behind the connect, and leaves the
// connection open where a later step fails: both is done here.
func (s *SMTP) dial(ctx context.Context) (*line, error) {
	var conn net.Conn
	stop := func() bool { return true }
	c, err := s.client.DialToSMTPClientWithContext(context.WithValue(ctx, dialed{}, func(opened net.Conn) {
		conn, stop = opened, context.AfterFunc(ctx, func() { _ = opened.Close() })
	}))
	if err == nil && s.c.User != "" {
		err = s.login(c)
	}
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, err
	}
	return &line{smtp: c, net: conn}, nil
}

// ourFault is an error of the configuration that shows when the relay is met.
type ourFault string

func (f ourFault) Error() string { return string(f) }

// login never says the password in clear text, but to this machine.
func (s *SMTP) login(c *smtp.Client) error {
	if _, secure := c.TLSConnectionState(); !secure && s.c.TLS != "none" {
		return ourFault("the relay offers no TLS, and a password is not sent in clear text")
	}
	_, offered := c.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offered))
	user, password := s.c.User, string(s.c.Password)
	for _, m := range []struct {
		name string
		auth func() smtp.Auth
	}{
		{"SCRAM-SHA-256", func() smtp.Auth { return smtp.ScramSHA256Auth(user, password) }},
		{"SCRAM-SHA-1", func() smtp.Auth { return smtp.ScramSHA1Auth(user, password) }},
		{"PLAIN", func() smtp.Auth { return smtp.PlainAuth("", user, password, s.c.Host, true) }},
		{"LOGIN", func() smtp.Auth { return smtp.LoginAuth(user, password, s.c.Host, true) }},
		{"CRAM-MD5", func() smtp.Auth { return smtp.CRAMMD5Auth(user, password) }},
	} {
		if slices.Contains(mechanisms, m.name) {
			return c.Auth(m.auth())
		}
	}
	return ourFault("the relay offers no login that we know")
}

// take returns a connection that is idle, the one used last first, or a new one. Who takes a connection out of idle owns it.
func (s *SMTP) take(ctx context.Context) (open *line, reused bool, err error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, false, net.ErrClosed
	}
	if n := len(s.idle); n > 0 {
		open = s.idle[n-1]
		s.idle = s.idle[:n-1]
		open.timer.Stop()
		s.mu.Unlock()
		return open, true, nil
	}
	s.mu.Unlock()
	open, err = s.dial(ctx)
	return open, false, err
}

func (s *SMTP) keep(open *line) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		open.quit()
		return
	}
	defer s.mu.Unlock()
	s.idle = append(s.idle, open)
	open.timer = time.AfterFunc(s.c.IdleTimeout, func() { s.retire(open) })
}

// retire closes a connection that has been idle for long, unless somebody else took it meanwhile.
func (s *SMTP) retire(open *line) {
	s.mu.Lock()
	n := slices.Index(s.idle, open)
	if n < 0 {
		s.mu.Unlock()
		return
	}
	s.idle = slices.Delete(s.idle, n, n+1)
	s.quits.Add(1)
	s.mu.Unlock()
	defer s.quits.Done()
	open.quit()
}

// quit says good-bye, within a few seconds.
func (l *line) quit() {
	_ = l.net.SetDeadline(time.Now().Add(3 * time.Second)) // the mails have been taken; the rest is politeness
	_ = l.smtp.Quit()
	_ = l.net.Close()
}

// Close ends the idle connections and waits for their good-byes; those in use end with their mail.
func (s *SMTP) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.idle, s.closed = nil, true
	s.mu.Unlock()
	for _, open := range idle {
		open.timer.Stop()
		s.quits.Go(open.quit)
	}
	s.quits.Wait()
	return nil
}

// compose makes the message. Names and subject lose what could break a header; an address that can't be one is an error.
func (s *SMTP) compose(l Letter) (*mail.Msg, error) {
	if _, err := licensing.ParseEmail(l.To); err != nil {
		return nil, err
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	// Not the library's FromFormat and AddToFormat: they paste the name between quotes, and a quote in it is lost or fails.
	m.FromMailAddress(&netmail.Address{Name: header(s.c.FromName), Address: s.c.From})
	m.ToMailAddress(&netmail.Address{Name: header(l.ToName), Address: l.To})
	if s.c.ReplyTo != "" {
		m.ReplyToMailAddress(&netmail.Address{Address: s.c.ReplyTo})
	}
	m.SetMessageIDWithValue(l.ID)
	m.SetDate()
	m.Subject(header(l.Subject))
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetBodyString(mail.TypeTextPlain, l.Text)
	m.AddAlternativeString(mail.TypeTextHTML, l.HTML)
	return m, nil
}

// header makes a text fit for a header: one line, and nothing that a reader decodes into something else.
func header(s string) string { return strings.ReplaceAll(licensing.CleanName(s), "=?", "= ?") }

// comeLater is how long to wait where a server asks for patience: greylisting, a full queue. 0: the usual backoff.
func comeLater(code int) time.Duration {
	switch code {
	case 421, 450, 451, 452:
		return 5 * time.Minute
	}
	return 0
}

func failed(a Answer, after time.Duration) (Answer, error) {
	return a, &SendError{Answer: a, RetryAfter: after}
}

// atConnect judges a failure before any mail was spoken of: nothing was sent, and it is not the address's fault.
func atConnect(err error) (Answer, error) {
	a := Answer{Verdict: Deferred, Text: oneLine(err.Error())}
	var reply *textproto.Error
	var fault ourFault
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.As(err, &reply):
		a.Code, a.Text = reply.Code, oneLine(reply.Msg)
		if reply.Code >= 500 {
			a.Verdict = Misconfigured
		} else {
			return failed(a, comeLater(a.Code))
		}
	case errors.As(err, &fault), errors.As(err, &hostname), errors.As(err, &authority), errors.As(err, &invalid), errors.As(err, &verification),
		strings.Contains(err.Error(), "does not support STARTTLS"):
		a.Verdict = Misconfigured
	}
	return failed(a, 0)
}

func beforeData(err error) bool {
	var e *mail.SendError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Reason {
	case mail.ErrConnCheck:
		return true
	case mail.ErrSMTPMailFrom, mail.ErrSMTPRcptTo:
		return e.ErrorCode() == 0 || e.ErrorCode() == 421
	}
	return false
}

// verdict judges a mail that was not taken (the table stands in the tests).
func verdict(err error) (Answer, error) {
	var e *mail.SendError
	if !errors.As(err, &e) {
		return failed(Answer{Verdict: Deferred, Text: oneLine(err.Error())}, 0)
	}
	a := Answer{Verdict: Deferred, Code: e.ErrorCode(), Text: replyText(e)}
	switch {
	case a.Code >= 500 && (e.Reason == mail.ErrSMTPMailFrom || slices.Contains([]int{530, 534, 535, 538}, a.Code)):
		a.Verdict = Misconfigured
	case a.Code >= 500:
		a.Verdict = Refused
		return a, nil
	case a.Code >= 400:
		return failed(a, comeLater(a.Code))
	case e.Reason == mail.ErrSMTPDataClose:
		a.Verdict = Unknown
	}
	return failed(a, 0)
}

// replyText cuts the server's words out of the library's sentence, which goes on with other errors and the recipient. They
// stand behind the code, quoted since Go 1.26.
func replyText(e *mail.SendError) string {
	text := e.Error()
	if code := e.ErrorCode(); code > 0 {
		if _, after, ok := strings.Cut(text, strconv.Itoa(code)+" "); ok {
			text = after
		}
		if quoted, err := strconv.QuotedPrefix(text); err == nil {
			if words, err := strconv.Unquote(quoted); err == nil {
				return oneLine(words)
			}
		}
	}
	text, _, _ = strings.Cut(text, ", affected ")
	return oneLine(text)
}
