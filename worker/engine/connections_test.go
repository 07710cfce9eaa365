package engine

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vlroles/activities"
	"vlroles/config"
	"vlroles/rig"
	"vlroles/store"
	"vlroles/workflows"
)

// password is what an impostor is after.
const password = "hunter2-that-nobody-may-have"

// impostor answers in another's place and keeps what it is told behind the TLS handshake.
type impostor struct {
	port   int
	mu     sync.Mutex
	hellos int // handshakes begun
	heard  strings.Builder
}

func (i *impostor) Write(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.heard.Write(p)
}

func (i *impostor) state() (hellos int, heard string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hellos, i.heard.String()
}

// certified counts handshakes.
func (i *impostor) certified(c rig.Certificate) *tls.Config {
	show := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.hellos++
		return &c.TLS, nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: show}
}

// listen takes connections until the test ends.
func listen(t *testing.T, talk func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var talks sync.WaitGroup
	talks.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			talks.Go(func() {
				defer c.Close() //nolint:errcheck // the talk is over
				talk(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		talks.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

// asDatabase is PostgreSQL that asks for the password in clear text.
func (i *impostor) asDatabase(t *testing.T, c rig.Certificate) {
	i.port = listen(t, func(conn net.Conn) {
		if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil { // the request for TLS
			return
		}
		if _, err := conn.Write([]byte("S")); err != nil {
			return
		}
		secure := tls.Server(conn, i.certified(c))
		if secure.Handshake() != nil {
			return
		}
		i.take(secure, 0) // who wants to come in, to which database
		_, _ = secure.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3})
		i.take(secure, 1) // the password
	})
}

// take keeps one message of PostgreSQL's: kind bytes, four bytes of length, which count too, and the rest.
func (i *impostor) take(r io.Reader, kind int) {
	head := make([]byte, kind+4)
	if _, err := io.ReadFull(r, head); err == nil {
		_, _ = io.CopyN(i, r, int64(binary.BigEndian.Uint32(head[kind:]))-4)
	}
}

// asRelay is a relay that wants PLAIN; behind STARTTLS, or with TLS from the first byte on.
func (i *impostor) asRelay(implicit bool) func(*testing.T, rig.Certificate) {
	return func(t *testing.T, c rig.Certificate) {
		i.port = listen(t, func(conn net.Conn) {
			secure := tls.Server(conn, i.certified(c))
			if implicit {
				_, _ = fmt.Fprint(secure, "220 relay.example\r\n")
			} else {
				_, _ = fmt.Fprint(conn, "220 relay.example\r\n")
				plain := bufio.NewReader(conn)
				_, _ = plain.ReadString('\n')
				_, _ = fmt.Fprint(conn, "250-relay.example\r\n250 STARTTLS\r\n")
				_, _ = plain.ReadString('\n')
				_, _ = fmt.Fprint(conn, "220 go ahead\r\n")
			}
			lines := bufio.NewReader(secure)
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				_, _ = i.Write([]byte(line))
				answer := "535 5.7.8 no\r\n"
				if strings.HasPrefix(line, "EHLO") {
					answer = "250-relay.example\r\n250 AUTH PLAIN\r\n"
				}
				_, _ = fmt.Fprint(secure, answer)
			}
		})
	}
}

// asTemporal is an HTTP/2 server that keeps the headers of calls.
func (i *impostor) asTemporal(t *testing.T, c rig.Certificate) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	i.port = l.Addr().(*net.TCPAddr).Port
	s := &http.Server{
		TLSConfig: i.certified(c), ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = i.Write([]byte(r.Header.Get("Authorization")))
		}),
	}
	go func() { _ = s.ServeTLS(l, "", "") }() // ends with Close
	t.Cleanup(func() { _ = s.Close() })
}

// way is one connection: how it is configured, tried and answered by an impostor.
type way struct {
	name    string
	pose    func(*impostor) func(*testing.T, rig.Certificate)
	vars    func(port int, authority string) map[string]string // authority: a PEM file, "" for none
	connect func(context.Context, config.Config) error
	secret  string // as it travels
}

var ways = []way{
	{"the database", func(i *impostor) func(*testing.T, rig.Certificate) { return i.asDatabase },
		func(port int, authority string) map[string]string {
			address := fmt.Sprintf("postgres://vl:%s@db.contoso.example:%d/vl?hostaddr=127.0.0.1",
				password, port)
			if authority != "" {
				address += "&sslrootcert=" + authority
			}
			return map[string]string{"VL_DATABASE_URL": address}
		}, openDatabase, password},
	{"Temporal", func(i *impostor) func(*testing.T, rig.Certificate) { return i.asTemporal },
		func(port int, authority string) map[string]string {
			return map[string]string{
				"TEMPORAL_ADDRESS": at(port), "TEMPORAL_API_KEY": password, "TEMPORAL_TLS_CA": authority,
			}
		}, dialTemporal, password},
	{"the relay by STARTTLS", func(i *impostor) func(*testing.T, rig.Certificate) { return i.asRelay(false) },
		relayWith("mandatory"), sendMail, base64.StdEncoding.EncodeToString([]byte("\x00vl\x00" + password))},
	{"the relay by implicit TLS",
		func(i *impostor) func(*testing.T, rig.Certificate) { return i.asRelay(true) },
		relayWith("implicit"), sendMail, base64.StdEncoding.EncodeToString([]byte("\x00vl\x00" + password))},
}

func at(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func relayWith(mode string) func(port int, authority string) map[string]string {
	return func(port int, authority string) map[string]string {
		return map[string]string{
			"VL_SMTP_HOST": "127.0.0.1", "VL_SMTP_PORT": strconv.Itoa(port),
			"VL_SMTP_TLS": mode, "VL_SMTP_CA": authority, "VL_SMTP_USER": "vl", "VL_SMTP_PASSWORD": password,
		}
	}
}

func openDatabase(ctx context.Context, c config.Config) error {
	s, err := store.Open(ctx, c.Database.Reveal(), store.Options{})
	if err != nil {
		return err
	}
	return s.Close()
}

func dialTemporal(ctx context.Context, c config.Config) error {
	t, err := Dial(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	t.Close()
	return nil
}

func sendMail(ctx context.Context, c config.Config) error {
	r, err := newRelay(c)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // it returns none
	_, err = r.Send(ctx, activities.Message{
		ID: "m@contoso.example", To: "kim@contoso.example", Subject: "x", Text: "x", HTML: "x",
	})
	return err
}

func configured(t *testing.T, vars map[string]string) config.Config {
	t.Helper()
	vars["VL_LINK_KEYS"] = "t:" + base64.StdEncoding.EncodeToString(
		[]byte("a test's key is no secret at all"))
	c, err := config.Load(func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, config.All)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func file(t *testing.T, c rig.Certificate) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, c.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func certificate(t *testing.T, hosts ...string) rig.Certificate {
	t.Helper()
	c, err := rig.SelfSigned(hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestAnImpostorIsNeverToldASecret has somebody answer in the place of each of the three. The last row shows
// that the impostor would hear the secret.
func TestAnImpostorIsNeverToldASecret(t *testing.T) {
	right := []string{"127.0.0.1", "db.contoso.example"}
	for _, w := range ways {
		for _, row := range []struct {
			name    string
			shows   rig.Certificate
			trusted bool // by a file; otherwise there is none
			told    bool
		}{
			{"a certificate that nobody vouches for", certificate(t, right...), false, false},
			{"a trusted certificate of another name", certificate(t, "other.contoso.example"), true, false},
			{"a trusted certificate of the right name", certificate(t, right...), true, true},
		} {
			t.Run(w.name+" shows "+row.name, func(t *testing.T) {
				i := &impostor{}
				w.pose(i)(t, row.shows)
				authority := ""
				if row.trusted {
					authority = file(t, row.shows)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				err := w.connect(ctx, configured(t, w.vars(i.port, authority)))
				if err == nil || strings.Contains(err.Error(), password) {
					t.Fatalf("connected, or the error tells the secret: %v", err)
				}
				hellos, heard := i.state()
				told := strings.Contains(heard, w.secret)
				if hellos == 0 || told != row.told || !row.told && heard != "" {
					t.Errorf("%d handshakes, heard %q, the error is %v", hellos, heard, err)
				}
			})
		}
	}
}

func TestAnAuthorityThatIsWrongIsAMisconfiguredRelay(t *testing.T) {
	for mode, o := range map[string]rig.MailboxOptions{
		"mandatory": {TLS: true}, "implicit": {Implicit: true},
	} {
		b := mailbox(t, o)
		vars := relayWith(mode)(b.Port(), file(t, certificate(t, "127.0.0.1")))
		err := sendMail(t.Context(), configured(t, vars))
		var e *activities.SendError
		if !errors.As(err, &e) || e.Verdict != activities.Misconfigured {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func TestARelayThatSpeaksTLSOtherwiseThanConfiguredIsMisconfigured(t *testing.T) {
	b := mailbox(t, rig.MailboxOptions{TLS: true})
	err := sendMail(t.Context(), configured(t, relayWith("implicit")(b.Port(), file(t, b.Certificate()))))
	var e *activities.SendError
	if !errors.As(err, &e) || e.Verdict != activities.Misconfigured {
		t.Errorf("got %v", err)
	}
}

func mailbox(t *testing.T, o rig.MailboxOptions) *rig.Mailbox {
	t.Helper()
	o.User, o.Password = "vl", password
	b, err := rig.StartMailboxWith(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestAPrivateAuthorityIsTrustedByTheRelaysFile(t *testing.T) {
	for mode, o := range map[string]rig.MailboxOptions{
		"mandatory": {TLS: true}, "implicit": {Implicit: true},
	} {
		b := mailbox(t, o)
		vars := relayWith(mode)(b.Port(), file(t, b.Certificate()))
		if err := sendMail(t.Context(), configured(t, vars)); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if n := len(b.Messages()); n != 1 {
			t.Errorf("%s: %d mails came", mode, n)
		}
	}
}

func TestAFileOfAuthoritiesThatIsNoneIsToldByItsVariable(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.pem")
	empty := file(t, rig.Certificate{PEM: []byte("no certificate")})
	for _, path := range []string{none, empty} {
		c := config.Config{SMTPCA: path, TemporalTLS: true, TemporalCA: path, TemporalAddress: at(1)}
		for variable, err := range map[string]error{
			"VL_SMTP_CA": sendMail(t.Context(), c), "TEMPORAL_TLS_CA": dialTemporal(t.Context(), c),
		} {
			if err == nil || !strings.Contains(err.Error(), variable) {
				t.Errorf("%s: %v", variable, err)
			}
		}
	}
}

func TestEveryLoginThatTheConfigurationTakesIsOneOfTheRelay(t *testing.T) {
	var all string
	for _, v := range config.Describe() {
		if v.Name == "VL_SMTP_AUTH" {
			all, _, _ = strings.Cut(strings.TrimPrefix(v.What, "How to log in: "), ". ")
		}
	}
	names := strings.Split(strings.ReplaceAll(all, " or ", ", "), ", ")
	if len(names) != 6 {
		t.Fatalf("the description names %q", names)
	}
	for _, name := range names {
		vars := relayWith("mandatory")(25, "")
		vars["VL_SMTP_AUTH"] = name
		if _, err := newRelay(configured(t, vars)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPostgreSQLServerIsVerifiedByItsAuthoritysFile(t *testing.T) {
	own := certificate(t, "db.contoso.example")
	p := rig.PostgresFor(t, rig.PostgresOptions{TLS: &own})
	address := fmt.Sprintf("postgres://vl@db.contoso.example:%d/postgres?hostaddr=127.0.0.1", p.Port())
	for _, row := range []struct {
		name, parameters, permitted string
		taken                       bool
	}{
		{"its own authority", "&sslrootcert=" + file(t, own), "", true},
		{"no authority", "", "", false},
		{"another authority", "&sslrootcert=" + file(t, certificate(t, "db.contoso.example")), "", false},
		{"not verified, by name", "&sslmode=require", "database", true},
		{"without TLS, by name", "&sslmode=disable", "database", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			vars := map[string]string{
				"VL_DATABASE_URL": address + row.parameters, "VL_ALLOW_UNVERIFIED": row.permitted,
			}
			if err := openDatabase(t.Context(), configured(t, vars)); (err == nil) != row.taken {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestATemporalFrontendIsVerifiedByItsAuthoritysFile puts TLS in front of the dev server, which has none.
func TestATemporalFrontendIsVerifiedByItsAuthoritysFile(t *testing.T) {
	server, err := rig.StartTemporal(t.Context(), rig.TemporalOptions{
		Attributes: workflows.AttributeTypes(), Progress: os.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	own := certificate(t, "127.0.0.1")
	certified := &tls.Config{
		Certificates: []tls.Certificate{own.TLS}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	}
	port := listen(t, func(c net.Conn) {
		behind, err := net.Dial("tcp", server.HostPort())
		if err != nil {
			return
		}
		secure := tls.Server(c, certified)
		go func() {
			_, _ = io.Copy(behind, secure)
			_ = behind.Close()
		}()
		_, _ = io.Copy(secure, behind)
	})
	for name, authority := range map[string]string{"trusted": file(t, own), "unknown": ""} {
		vars := map[string]string{
			"TEMPORAL_ADDRESS": at(port), "TEMPORAL_TLS": "true", "TEMPORAL_TLS_CA": authority,
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		err := dialTemporal(ctx, configured(t, vars))
		cancel()
		if (err == nil) != (authority != "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
