package rig

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// MailboxOptions says how a mailbox takes mail.
type MailboxOptions struct {
	Port int    // 0: a free one
	Dir  string // keeps each message there as NNNNN.eml, too; "": in memory only
	// offers STARTTLS, with a certificate of its own for 127.0.0.1 and localhost
	TLS bool
	// speaks TLS from the first byte on instead, with such a certificate
	Implicit bool
	// takes mail after AUTH PLAIN with this name only, over TLS where that is offered; "": from everybody
	User     string
	Password string
}

// Mailbox catches mail for development and tests: an SMTP server on 127.0.0.1 that keeps what it
// takes in memory, and as .eml files where it is given a folder, whose mails it shows again when
// it is started anew. It refuses a message of more than 1 MiB (552) and drops the oldest from
// memory when there are more than 10,000.
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

// hold stops the conversation behind one message: it was accepted, and the
// client's next command isn't answered.
type hold struct {
	wanted   func(Message) bool
	held     chan Message
	released chan struct{}
}

// HoldAfter has the conversation hang right behind the acceptance of the next wanted message,
// once, until release is called: what a client sees whose work is done and who hasn't heard
// good-bye. The message is told on held.
func (b *Mailbox) HoldAfter(wanted func(Message) bool) (held <-chan Message, release func()) {
	h := &hold{wanted: wanted, held: make(chan Message, 1), released: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hold = h
	return h.held, sync.OnceFunc(func() { close(h.released) })
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
	b := &Mailbox{o: o, news: make(chan struct{}), closed: make(chan struct{}),
		refused: map[string]smtp.SMTPError{}}
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

// load makes the folder where it is missing and takes up the mails that it holds from an earlier run. Their
// envelopes are gone: sender, recipients and time are those of the header and the file.
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

// Port is where the mailbox listens.
func (b *Mailbox) Port() int { return b.listen.Addr().(*net.TCPAddr).Port }

// Addr is where the mailbox listens, as host:port.
func (b *Mailbox) Addr() string { return b.listen.Addr().String() }

// Certificate is what a client has to trust, empty without TLS.
func (b *Mailbox) Certificate() Certificate { return b.cert }

// Close stops listening and cuts conversations. Mails stay readable.
func (b *Mailbox) Close() error { return b.close() }

// Refuse answers every mail to the address with this reply from now on, such as 550 "mailbox
// unavailable". The enhanced code is x.1.1.
func (b *Mailbox) Refuse(address string, code int, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused[strings.ToLower(address)] = smtp.SMTPError{Code: code,
		EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
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

// Delay has the answer to every message wait for so long from now on.
// The message is kept when it is answered.
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
