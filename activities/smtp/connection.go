package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	gosmtp "github.com/wneessen/go-mail/smtp"
)

type dialed struct{}

// dial opens a connection and tells whoever wants to close it; with implicit TLS it is secured, too.
func (c Config) dial(ctx context.Context, network, address string) (net.Conn, error) {
	opened, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tell, ok := ctx.Value(dialed{}).(func(net.Conn)); ok {
		tell(opened)
	}
	if c.TLS != implicit {
		return opened, nil
	}
	secure := tls.Client(opened, c.verification())
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return secure, nil
}

// dial opens a connection, secures it and logs in. The library doesn't watch the context behind the connect,
// and leaves the connection open where a later step fails: both is done here.
func (s *Relay) dial(ctx context.Context) (*connection, error) {
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
	return &connection{smtp: c, net: conn}, nil
}

// ourFault is an error of the configuration that shows when the relay is met.
type ourFault string

func (f ourFault) Error() string { return string(f) }

// login never says the password in clear text, but to this machine.
func (s *Relay) login(c *gosmtp.Client) error {
	if _, secure := c.TLSConnectionState(); !secure && s.c.TLS != "none" {
		return ourFault("the relay offers no TLS, and a password is not sent in clear text")
	}
	_, offered := c.Extension("AUTH")
	m, err := s.c.mechanism(strings.Fields(strings.ToUpper(offered)))
	if err != nil {
		return err
	}
	return c.Auth(m.begin(s.c.User, string(s.c.Password), s.c.Host))
}

// mechanism is a way to log in.
type mechanism struct {
	name  string
	named bool // used only where the configuration names it
	begin func(user, password, host string) gosmtp.Auth
}

// mechanisms are those that we know, the best first. The password of XOAUTH2 is a token.
var mechanisms = []mechanism{
	{"SCRAM-SHA-256", false, func(user, password, _ string) gosmtp.Auth {
		return gosmtp.ScramSHA256Auth(user, password)
	}},
	{"SCRAM-SHA-1", false, func(user, password, _ string) gosmtp.Auth {
		return gosmtp.ScramSHA1Auth(user, password)
	}},
	{"PLAIN", false, func(user, password, host string) gosmtp.Auth {
		return gosmtp.PlainAuth("", user, password, host, true)
	}},
	{"LOGIN", false, func(user, password, host string) gosmtp.Auth {
		return gosmtp.LoginAuth(user, password, host, true)
	}},
	{"CRAM-MD5", false, func(user, password, _ string) gosmtp.Auth {
		return gosmtp.CRAMMD5Auth(user, password)
	}},
	{"XOAUTH2", true, func(user, token, _ string) gosmtp.Auth { return gosmtp.XOAuth2Auth(user, token) }},
}

// mechanism chooses among what the relay offers: the one that is named, or else the best.
func (c Config) mechanism(offered []string) (mechanism, error) {
	for _, m := range mechanisms {
		wanted := m.name == c.Auth || c.Auth == "" && !m.named
		if wanted && slices.Contains(offered, m.name) {
			return m, nil
		}
	}
	if c.Auth != "" {
		return mechanism{}, ourFault("the relay doesn't offer the login " + c.Auth)
	}
	return mechanism{}, ourFault("the relay offers no login that we know")
}

// take returns a connection that is idle, the one used last first, or a new one. Who takes a connection out
// of idle owns it.
func (s *Relay) take(ctx context.Context) (open *connection, reused bool, err error) {
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

func (s *Relay) keep(open *connection) {
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
func (s *Relay) retire(open *connection) {
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

// quit ends the session and the connection, within a few seconds.
func (c *connection) quit() {
	// the mails have been taken; only QUIT is left to say
	_ = c.net.SetDeadline(time.Now().Add(3 * time.Second))
	_ = c.smtp.Quit()
	_ = c.net.Close()
}

// Close ends the idle connections and waits for that; those in use end with their mail.
func (s *Relay) Close() error {
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
