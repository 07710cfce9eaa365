package rig

import (
	"bytes"
	"context"
	"crypto/subtle"
	"crypto/tls"
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

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// MailboxOptions says how a mailbox takes mail.
type MailboxOptions struct {
	Port     int    // 0: a free one
	Dir      string // keeps each message there as NNNNN.eml, too; "": in memory only
	TLS      bool   // offers STARTTLS, with a certificate of its own for 127.0.0.1 and localhost
	Implicit bool   // speaks TLS from the first byte on instead, with such a certificate
	User     string // takes mail after AUTH PLAIN with this name only, over TLS where that is offered; "": from everybody
	Password string
}

// Mailbox catches mail for development and tests: an SMTP server on 127.0.0.1 that keeps what it takes in memory, and as
// .eml files where it is given a folder, whose mails it shows again when it is started anew. It refuses a message of more than 1 MiB (552) and drops the oldest from memory
// when there are more than 10,000.
type Mailbox struct {
	o       MailboxOptions
	server  *smtp.Server
	listen  net.Listener
	cert    Certificate
	closed  chan struct{}
	close   func() error
	mu      sync.Mutex
	news    chan struct{} // closed and replaced at each message
	mails   []Message
	refused map[string]smtp.SMTPError // by address in lower case
	down    bool
	delay   time.Duration
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
	Number     int       // counts from 1, or from behind what the folder held already
	At         time.Time // when it was taken, in UTC
	From, To   string    // of the envelope; recipients are separated by ", "
	ID         string    // Message-ID without <>
	Subject    string
	Text, HTML string // decoded
	Header     [][2]string
	Raw        []byte // as it came, not to be changed
	File       string // where it is kept, "" for nowhere
	to         []string
}

const (
	mostMails     = 10_000
	largestMail   = 1 << 20
	mostLineBytes = 4_000
)

// StartMailbox listens on a port of 127.0.0.1, 0 for a free one, and keeps mails in dir, "" for memory only.
func StartMailbox(port int, dir string) (*Mailbox, error) {
	return StartMailboxWith(MailboxOptions{Port: port, Dir: dir})
}

// StartMailboxWith listens as the options say.
func StartMailboxWith(o MailboxOptions) (*Mailbox, error) {
	b := &Mailbox{o: o, news: make(chan struct{}), closed: make(chan struct{}), refused: map[string]smtp.SMTPError{}}
	if err := b.open(); err != nil {
		return nil, fmt.Errorf("start the mailbox: %w", err)
	}
	return b, nil
}

func (b *Mailbox) open() (err error) {
	if b.o.Dir != "" {
		if err := b.load(); err != nil {
			return err
		}
	}
	b.server = smtp.NewServer(smtp.BackendFunc(b.greet))
	b.server.Domain = "localhost"
	b.server.MaxMessageBytes = largestMail
	b.server.MaxLineLength = mostLineBytes
	b.server.MaxRecipients = 10
	b.server.ReadTimeout, b.server.WriteTimeout = 2*time.Minute, 10*time.Second
	b.server.AllowInsecureAuth = !b.o.TLS && !b.o.Implicit
	if b.listen, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", b.o.Port)); err != nil {
		return err
	}
	if err := b.secure(); err != nil {
		return errors.Join(err, b.listen.Close())
	}
	b.close = sync.OnceValue(func() error {
		close(b.closed)
		return b.server.Close()
	})
	go func() { _ = b.server.Serve(b.listen) }() // ends with Close
	return nil
}

// secure gives the server its certificate where TLS is wanted.
func (b *Mailbox) secure() (err error) {
	if !b.o.TLS && !b.o.Implicit {
		return nil
	}
	if b.cert, err = SelfSigned("127.0.0.1", "localhost"); err != nil {
		return err
	}
	certified := &tls.Config{Certificates: []tls.Certificate{b.cert.TLS}, MinVersion: tls.VersionTLS12}
	if b.o.Implicit {
		b.listen = tls.NewListener(b.listen, certified)
	} else {
		b.server.TLSConfig = certified
	}
	return nil
}

// load makes the folder where it is missing and takes up the mails that it holds from an earlier run. Their envelopes are
// gone: sender, recipients and time are those of the header and the file.
func (b *Mailbox) load() error {
	if err := os.MkdirAll(b.o.Dir, 0o700); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(b.o.Dir, "*.eml"))
	if err != nil {
		return err
	}
	for _, f := range files { // in the order of their names
		n := 0
		if _, err := fmt.Sscanf(filepath.Base(f), "%d.eml", &n); err != nil {
			continue // not one of ours
		}
		b.count = max(b.count, n)
		m, err := kept(f)
		if err != nil {
			continue // cut off, or a stranger's: its number stays taken
		}
		m.Number, m.File = n, f
		b.mails = append(b.mails, m)
	}
	slices.SortFunc(b.mails, func(a, b Message) int { return a.Number - b.Number })
	b.mails = b.mails[max(0, len(b.mails)-mostMails):]
	return nil
}

// kept reads a mail from its file.
func kept(file string) (Message, error) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > largestMail {
		return Message{}, errors.Join(err, errors.New("not a mail that was kept here"))
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return Message{}, err
	}
	m, err := parse(raw)
	m.Raw, m.At = raw, info.ModTime().UTC()
	var head mail.Header
	for _, f := range m.Header {
		head.Add(f[0], f[1])
	}
	from, to := addresses(head, "From"), addresses(head, "To")
	m.From, m.to, m.To = strings.Join(from, ", "), to, strings.Join(to, ", ")
	return m, err
}

// addresses are those of a header's field; one that can't be read has none.
func addresses(h mail.Header, field string) []string {
	list, err := h.AddressList(field)
	if err != nil {
		return nil
	}
	out := make([]string, len(list))
	for n, a := range list {
		out[n] = a.Address
	}
	return out
}

// Port is where the mailbox listens.
func (b *Mailbox) Port() int { return b.listen.Addr().(*net.TCPAddr).Port }

// Addr is where the mailbox listens, as host:port.
func (b *Mailbox) Addr() string { return b.listen.Addr().String() }

// Certificate is what a client has to trust, empty without TLS.
func (b *Mailbox) Certificate() Certificate { return b.cert }

// Close stops listening and cuts conversations. Mails stay readable.
func (b *Mailbox) Close() error { return b.close() }

// Refuse answers every mail to the address with this reply from now on, such as 550 "mailbox unavailable". The enhanced code
// is x.1.1.
func (b *Mailbox) Refuse(address string, code int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused[strings.ToLower(address)] = smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}

// Accept takes mail to the address again.
func (b *Mailbox) Accept(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.refused, strings.ToLower(address))
}

// Down answers new conversations, and new mails in old ones, with 421 as long as it is true.
func (b *Mailbox) Down(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// Delay has the answer to every message wait for so long from now on. The message is kept when it is answered.
func (b *Mailbox) Delay(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.delay = d
}

// Messages returns what was caught, oldest first.
func (b *Mailbox) Messages() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

// To returns what was caught for the address, whatever its case, oldest first.
func (b *Mailbox) To(address string) []Message {
	return slices.DeleteFunc(b.Messages(), func(m Message) bool {
		return !slices.ContainsFunc(m.to, func(to string) bool { return strings.EqualFold(to, address) })
	})
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
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "the mailbox is down"}
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
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "the message can't be read"}
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
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "the mailbox is closing"}
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

func (b *Mailbox) keep(m Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	m.Number = b.count
	if b.o.Dir != "" {
		m.File = filepath.Join(b.o.Dir, fmt.Sprintf("%05d.eml", m.Number))
		if err := os.WriteFile(m.File, m.Raw, 0o600); err != nil {
			return err
		}
	}
	b.mails = append(b.mails, m)
	if len(b.mails) > mostMails {
		clear(b.mails[:len(b.mails)-mostMails]) // lets go of the bodies
		b.mails = b.mails[len(b.mails)-mostMails:]
	}
	close(b.news)
	b.news = make(chan struct{})
	return nil
}

// parse reads a message: its head, and its text and HTML bodies decoded. What is in a character set that it doesn't know
// stays as it is.
func parse(raw []byte) (m Message, err error) {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil && !message.IsUnknownCharset(err) {
		return m, err
	}
	if m.Subject, err = r.Header.Subject(); err != nil {
		m.Subject = r.Header.Get("Subject")
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
		if err != nil && !message.IsUnknownCharset(err) {
			return m, err
		}
		if err := m.read(p); err != nil {
			return m, err
		}
	}
}

// read takes the part over if it is the message's first text or HTML; the rest is in Raw.
func (m *Message) read(p *mail.Part) error {
	h, ok := p.Header.(*mail.InlineHeader)
	if !ok {
		return nil
	}
	var body *string
	switch kind, _, _ := h.ContentType(); kind { // a part without a type is text/plain
	case "text/html":
		body = &m.HTML
	case "text/plain":
		body = &m.Text
	}
	if body == nil || *body != "" {
		return nil
	}
	text, err := io.ReadAll(p.Body)
	*body = string(text)
	return err
}
