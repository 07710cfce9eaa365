// Package smtp hands mails to a relay over SMTP.
package smtp

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/wneessen/go-mail"
	gosmtp "github.com/wneessen/go-mail/smtp"

	"vlroles/activities"
)

// Relay hands messages over, through a few connections that are kept open for bursts. It is safe for many
// goroutines.
type Relay struct {
	c      Config
	client *mail.Client
	slots  chan struct{}
	mu     sync.Mutex
	idle   []*connection
	closed bool
	quits  sync.WaitGroup // closing of connections that have been idle for long
}

// connection is one open connection.
type connection struct {
	smtp  *gosmtp.Client
	net   net.Conn
	timer *time.Timer // retires it when it has been idle for long
}

// Send hands the message over. Delivered and Refused are outcomes and no error; the other verdicts are a
// *SendError, and the same message may be sent again: its Message-ID stays.
func (s *Relay) Send(ctx context.Context, l activities.Message) (activities.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.c.Deadline)
	defer cancel()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return failed(activities.Answer{Verdict: activities.Deferred, Text: "no connection was free in time"},
			0)
	}
	m, err := s.compose(l)
	if err != nil {
		return activities.Answer{Verdict: activities.Refused, Text: activities.OneLine(err.Error())}, nil
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
		text := activities.OneLine(m.ServerResponse())
		return activities.Answer{Verdict: activities.Delivered, Code: 250, Text: text}, nil
	}
	return verdict(err)
}

// transmit sends over a connection, which is kept where nothing went wrong and dropped otherwise.
func (s *Relay) transmit(ctx context.Context, open *connection, m *mail.Msg) error {
	stop := context.AfterFunc(ctx, func() { _ = open.net.Close() }) // a hanging server must not hold us
	err := s.client.SendWithSMTPClient(open.smtp, m)
	if !stop() || err != nil {
		_ = open.net.Close() // it is of no use any more
		return err
	}
	s.keep(open)
	return nil
}
