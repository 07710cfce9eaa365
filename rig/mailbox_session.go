package rig

import (
	"crypto/subtle"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// greet begins the conversation with one client.
func (b *Mailbox) greet(*smtp.Conn) (smtp.Session, error) {
	s := &session{box: b}
	if err := s.up(); err != nil {
		return nil, err
	}
	if b.o.User == "" {
		return s, nil
	}
	return &lockedSession{session: s}, nil
}

type session struct {
	box  *Mailbox
	from string
	to   []string
	last *Message // accepted just now
}

func (s *session) up() error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.box.down {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2},
			Message: "the mailbox is down"}
	}
	return nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from, s.to = from, nil
	return s.up()
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if e, ok := s.box.refused[strings.ToLower(to)]; ok {
		return &e
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := parse(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0},
			Message: "the message can't be read"}
	}
	if err := s.box.pause(); err != nil {
		return err
	}
	m.Raw, m.From, m.to, m.To, m.At = raw, s.from, s.to, strings.Join(s.to, ", "), time.Now().UTC()
	s.last = &m
	return s.box.keep(m)
}

// pause waits as long as Delay said.
func (b *Mailbox) pause() error {
	b.mu.Lock()
	d := b.delay
	b.mu.Unlock()
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-b.closed:
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2},
			Message: "the mailbox is closing"}
	}
}

// lockedSession is one that takes nothing before the client has said who it is.
type lockedSession struct {
	*session
	open bool
}

// AuthMechanisms names what the client may choose from.
func (s *lockedSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth checks the client's name and password.
func (s *lockedSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		o := s.box.o
		if subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(o.User+"\x00"+o.Password)) != 1 {
			return smtp.ErrAuthFailed
		}
		s.open = true
		return nil
	}), nil
}

func (s *lockedSession) Mail(from string, o *smtp.MailOptions) error {
	if !s.open {
		return smtp.ErrAuthRequired
	}
	return s.session.Mail(from, o)
}

// Reset comes behind every accepted message.
func (s *session) Reset() {
	s.from, s.to = "", nil
	if s.last == nil {
		return
	}
	m := *s.last
	s.last = nil
	s.box.mu.Lock()
	h := s.box.hold
	if h == nil || !h.wanted(m) {
		s.box.mu.Unlock()
		return
	}
	s.box.hold = nil
	s.box.mu.Unlock()
	h.held <- m
	select {
	case <-h.released:
	case <-s.box.closed:
	}
}

// Logout ends the conversation.
func (s *session) Logout() error { return nil }
