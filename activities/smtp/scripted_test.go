package smtp

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a scripted server may do instead of answering.
const (
	hangUp = "hang up"
	hang   = "hang"
)

// script says, by command ("CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BODY" behind the
// final dot, "RSET", "NOOP", "QUIT"), what the server answers instead of the usual: a reply, hangUp or hang.
// A slice is used up in order, the rest is usual.
type script map[string][]string

// server is an SMTP server that follows a script and remembers what it saw.
type server struct {
	t        *testing.T
	listener net.Listener
	tls      *tls.Config // STARTTLS is offered where it is set
	login    string      // the mechanisms of AUTH, "": none
	begun    []string    // those that clients chose
	utf8     bool        // SMTPUTF8 is offered
	released chan struct{}
	talks    sync.WaitGroup
	mu       sync.Mutex
	script   script
	opened   int
	open     map[net.Conn]bool
	accepted []string // whole messages
	bodies   int      // final dots seen
	commands []string
	lines    []string      // of MAIL and RCPT, as they came
	news     chan struct{} // closed and renewed when something happens
}

func newServer(t *testing.T, s script, before ...func(*server)) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &server{t: t, listener: l, script: s, open: map[net.Conn]bool{}, released: make(chan struct{}),
		news: make(chan struct{})}
	for _, f := range before {
		f(v)
	}
	v.talks.Go(v.serve)
	t.Cleanup(func() {
		_ = l.Close()
		close(v.released)
		v.hangUpOnAll()
		v.talks.Wait()
	})
	return v
}

func (v *server) port() int { return v.listener.Addr().(*net.TCPAddr).Port }

func (v *server) serve() {
	for {
		c, err := v.listener.Accept()
		if err != nil {
			return
		}
		v.mu.Lock()
		v.opened++
		v.open[c] = true
		v.mu.Unlock()
		v.talks.Go(func() { v.talk(c) })
	}
}

// says takes the next scripted answer to a command, or the usual one.
func (v *server) says(command, usual string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.commands = append(v.commands, command)
	v.changed()
	if next := v.script[command]; len(next) > 0 {
		v.script[command] = next[1:]
		if next[0] != "" {
			return next[0]
		}
	}
	return usual
}

// reply sends an answer and says whether the conversation goes on.
func (v *server) reply(c net.Conn, answer string) bool {
	switch answer {
	case hangUp:
		return false
	case hang:
		<-v.released
		return false
	}
	_, err := fmt.Fprintf(c, "%s\r\n", answer)
	return err == nil
}

func (v *server) talk(c net.Conn) {
	raw := c
	defer func() {
		_ = c.Close()
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.open, raw)
		v.changed()
	}()
	if !v.reply(c, v.says("CONNECT", "220 relay.example ESMTP")) {
		return
	}
	r := bufio.NewReader(c)
	secure := false
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.Fields(line + " x")[0])
		if verb == "MAIL" || verb == "RCPT" {
			v.mu.Lock()
			v.lines = append(v.lines, strings.TrimSpace(line))
			v.mu.Unlock()
		}
		usual := "250 2.0.0 ok"
		switch verb {
		case "EHLO":
			usual = v.extensions(secure)
		case "STARTTLS":
			usual = "220 2.0.0 go ahead"
		case "DATA":
			usual = "354 go on"
		case "QUIT":
			usual = "221 2.0.0 bye"
		case "AUTH":
			var ok bool
			if usual, ok = v.admit(c, r, strings.Fields(line)); !ok {
				return
			}
		}
		answer := v.says(verb, usual)
		if !v.reply(c, answer) || verb == "QUIT" {
			return
		}
		if verb == "STARTTLS" && strings.HasPrefix(answer, "220") {
			t := tls.Server(c, v.tls)
			if t.Handshake() != nil {
				return
			}
			c, r, secure = t, bufio.NewReader(t), true
		}
		if verb == "DATA" && strings.HasPrefix(answer, "354") && !v.body(c, r) {
			return
		}
	}
}

func (v *server) extensions(secure bool) string {
	out := "250-relay.example\r\n"
	if v.tls != nil && !secure {
		out += "250-STARTTLS\r\n"
	}
	if v.login != "" {
		out += "250-AUTH " + v.login + "\r\n"
	}
	if v.utf8 {
		out += "250-SMTPUTF8\r\n250-8BITMIME\r\n250-DSN\r\n"
	}
	return out + "250 ENHANCEDSTATUSCODES"
}

func (v *server) body(c net.Conn, r *bufio.Reader) bool {
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	answer := v.says("BODY", "250 2.0.0 queued as 7")
	v.mu.Lock()
	v.bodies++
	if strings.HasPrefix(answer, "250") {
		v.accepted = append(v.accepted, text.String())
	}
	v.mu.Unlock()
	return v.reply(c, answer)
}

var messageID = regexp.MustCompile(`(?mi)^Message-ID: <([^>]*)>`)

// ids returns the Message-IDs of what was accepted.
func (v *server) ids() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []string
	for _, m := range v.accepted {
		if found := messageID.FindStringSubmatch(m); found != nil {
			out = append(out, found[1])
		}
	}
	return out
}

func (v *server) seen() (opened, bodies int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.opened, v.bodies
}

// changed tells those who wait that something happened; mu is held.
func (v *server) changed() {
	close(v.news)
	v.news = make(chan struct{})
}

// until waits for a state of the server.
func (v *server) until(what string, is func() bool) {
	v.t.Helper()
	late := time.After(5 * time.Second)
	for {
		v.mu.Lock()
		done, next := is(), v.news
		v.mu.Unlock()
		if done {
			return
		}
		select {
		case <-next:
		case <-late:
			v.t.Fatalf("not in 5 s: %s", what)
		}
	}
}

func (v *server) nobodyIsConnected() bool { return len(v.open) == 0 }

func (v *server) said(command string) func() bool {
	return func() bool { return slices.Contains(v.commands, command) }
}

// hangUpOnAll closes every connection, as a server does with idle ones.
func (v *server) hangUpOnAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for c := range v.open {
		_ = c.Close()
	}
}

// certificate makes a certificate for 127.0.0.1 and the pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
