package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
)

// Mailbox catches mail for development and tests: an SMTP server on 127.0.0.1 that keeps what it takes in memory, and as
// .eml files where it is given a folder. It keeps the newest 10,000 messages of at most 1 MiB each.
type Mailbox struct {
	dir     string
	server  *smtp.Server
	listen  net.Listener
	mu      sync.Mutex
	news    chan struct{} // closed and replaced at each message
	mails   []Message
	refused map[string]smtp.SMTPError // by address in lower case
	count   int
	hold    *hold
}

// hold stops the conversation behind one message: it was accepted, and the client's next command isn't answered.
type hold struct {
	wanted   func(Message) bool
	held     chan Message
	released chan struct{}
}

// HoldAfter has the conversation hang right behind the acceptance of the next wanted message, once, until release is
// called: what a client sees whose work is done and who hasn't heard good-bye. The message is told on held.
func (b *Mailbox) HoldAfter(wanted func(Message) bool) (held <-chan Message, release func()) {
	h := &hold{wanted: wanted, held: make(chan Message, 1), released: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold = h
	return h.held, sync.OnceFunc(func() { close(h.released) })
}

// Message is one caught mail.
type Message struct {
	Number     int // counts from 1
	At         time.Time
	From, To   string // of the envelope
	ID         string // Message-ID without <>
	Subject    string
	Text, HTML string // decoded
	Header     [][2]string
	File       string // where it is kept, "" for nowhere
}

const (
	mostMails     = 10_000
	largestMail   = 1 << 20
	mostLineBytes = 4_000
)

// StartMailbox listens on a port of 127.0.0.1, 0 for a free one, and keeps mails in dir, "" for memory only.
func StartMailbox(port int, dir string) (*Mailbox, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("start the mailbox: %w", err)
		}
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("start the mailbox: %w", err)
	}
	b := &Mailbox{dir: dir, listen: l, news: make(chan struct{}), refused: map[string]smtp.SMTPError{}}
	b.server = smtp.NewServer(b)
	b.server.Domain = "localhost"
	b.server.MaxMessageBytes = largestMail
	b.server.MaxLineLength = mostLineBytes
	b.server.MaxRecipients = 10
	b.server.ReadTimeout, b.server.WriteTimeout = 2*time.Minute, 10*time.Second
	go func() { _ = b.server.Serve(l) }() // ends with Close
	return b, nil
}

// Port is where the mailbox listens.
func (b *Mailbox) Port() int { return b.listen.Addr().(*net.TCPAddr).Port }

// Close stops listening. Mails stay readable.
func (b *Mailbox) Close() error { return b.server.Close() }

// Refuse answers every mail to the address with this reply from now on, such as 550 "mailbox unavailable".
func (b *Mailbox) Refuse(address string, code int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused[strings.ToLower(address)] = smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}

// Messages returns what was caught, oldest first.
func (b *Mailbox) Messages() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

// Wait returns the first message, caught already or to come, that is wanted.
func (b *Mailbox) Wait(ctx context.Context, wanted func(Message) bool) (Message, error) {
	for {
		b.mu.Lock()
		news := b.news
		i := slices.IndexFunc(b.mails, wanted)
		if i >= 0 {
			defer b.mu.Unlock()
			return b.mails[i], nil
		}
		b.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("wait for a mail: %w", ctx.Err())
		}
	}
}

// NewSession begins the conversation with one client.
func (b *Mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{box: b}, nil }

type session struct {
	box  *Mailbox
	from string
	to   []string
	last *Message // accepted just now
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from, s.to = from, nil
	return nil
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
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "the message can't be read"}
	}
	m.From, m.To, m.At = s.from, strings.Join(s.to, ", "), time.Now().UTC()
	s.last = &m
	return s.box.keep(m, raw)
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
	<-h.released
}

// Logout ends the conversation.
func (s *session) Logout() error { return nil }

func (b *Mailbox) keep(m Message, raw []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	m.Number = b.count
	if b.dir != "" {
		m.File = filepath.Join(b.dir, fmt.Sprintf("%05d.eml", m.Number))
		if err := os.WriteFile(m.File, raw, 0o600); err != nil {
			return err
		}
	}
	b.mails = append(b.mails, m)
	if len(b.mails) > mostMails {
		b.mails = slices.Clone(b.mails[len(b.mails)-mostMails:])
	}
	close(b.news)
	b.news = make(chan struct{})
	return nil
}

// parse reads a message: its head, and its text and HTML bodies decoded.
func parse(raw []byte) (Message, error) {
	var m Message
	r, err := mail.CreateReader(strings.NewReader(string(raw)))
	if err != nil {
		return m, err
	}
	if m.Subject, err = r.Header.Subject(); err != nil {
		return m, err
	}
	if m.ID, err = r.Header.MessageID(); err != nil {
		return m, err
	}
	for f := r.Header.Fields(); f.Next(); {
		value, err := f.Text()
		if err != nil {
			value = f.Value()
		}
		m.Header = append(m.Header, [2]string{f.Key(), value})
	}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		h, ok := p.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		body, err := io.ReadAll(p.Body)
		if err != nil {
			return m, err
		}
		if kind, _, err := h.ContentType(); err == nil && kind == "text/html" {
			m.HTML = string(body)
		} else {
			m.Text = string(body)
		}
	}
}
