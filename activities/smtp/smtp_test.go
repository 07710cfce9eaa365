package smtp

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-message/mail"

	"vlroles/activities"
)

func letter(id string) activities.Message {
	return activities.Message{ID: id + "@contoso.example", To: "kim@fabrikam.example", ToName: "Kim Akers",
		Subject: "Action required", Text: "Hello\n", HTML: "<p>Hello</p>"}
}

func relay(t *testing.T, v *server, change func(*Config)) *Relay {
	t.Helper()
	c := Config{Host: "127.0.0.1", Port: v.port(), TLS: "none", From: "vl@contoso.example",
		FromName: "Volume licensing", Deadline: 10 * time.Second}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestR55_SMTPVerdictsFollowTheServersAnswers is the verdict table, a row an answer.
func TestR55_SMTPVerdictsFollowTheServersAnswers(t *testing.T) {
	const soon = 5 * time.Minute
	for _, row := range []struct {
		name    string
		script  script
		verdict activities.Verdict
		code    int
		after   time.Duration
	}{
		{"the server takes it", script{}, activities.Delivered, 250, 0},
		{"550 on RCPT ends", script{"RCPT": {"550 5.1.1 no such mailbox"}}, activities.Refused, 550, 0},
		{"553 on RCPT ends", script{"RCPT": {"553 5.1.3 bad address"}}, activities.Refused, 553, 0},
		{"551 on RCPT ends", script{"RCPT": {"551 5.1.6 moved"}}, activities.Refused, 551, 0},
		{"501 on RCPT ends", script{"RCPT": {"501 5.1.3 syntax"}}, activities.Refused, 501, 0},
		{"a refusal of many lines is one, and has no address",
			script{"RCPT": {"550-5.1.1 <kim@fabrikam.example>:\r\n" +
				"550 5.1.1 unknown, says postmaster@fabrikam.example"}}, activities.Refused, 550, 0},
		{"451 on RCPT comes later, as greylisting asks", script{"RCPT": {"451 4.7.1 greylisted"}},
			activities.Deferred, 451, soon},
		{"450 on RCPT comes later", script{"RCPT": {"450 4.2.1 busy"}}, activities.Deferred, 450, soon},
		{"447 on RCPT is tried again as usual", script{"RCPT": {"447 4.4.7 slow"}},
			activities.Deferred, 447, 0},
		{"452 on RCPT comes later", script{"RCPT": {"452 4.5.3 too many"}}, activities.Deferred, 452, soon},
		{"hanging up on RCPT is tried again", script{"RCPT": {hangUp}}, activities.Deferred, 0, 0},
		{"554 after the final dot ends", script{"BODY": {"554 5.7.1 content rejected"}},
			activities.Refused, 554, 0},
		{"552 after the final dot ends", script{"BODY": {"552 5.3.4 too big"}}, activities.Refused, 552, 0},
		{"452 after the final dot comes later", script{"BODY": {"452 4.3.1 disk full"}}, activities.Deferred,
			452, soon},
		{"hanging up after the final dot is unknown", script{"BODY": {hangUp}}, activities.Unknown, 0, 0},
		{"421 after the final dot comes later", script{"BODY": {"421 4.3.2 closing"}}, activities.Deferred,
			421, soon},
		{"500 on RSET behind the acceptance is sent", script{"RSET": {"500 5.5.1 what?"}},
			activities.Delivered, 250, 0},
		{"hanging up on RSET behind the acceptance is sent", script{"RSET": {hangUp}},
			activities.Delivered, 250, 0},
		{"hanging up on QUIT is sent", script{"QUIT": {hangUp}}, activities.Delivered, 250, 0},
		{"421 on EHLO comes later", script{"EHLO": {"421 4.3.2 closing"}, "HELO": {"421 4.3.2 closing"}},
			activities.Deferred, 421, soon},
		{"421 at connect comes later", script{"CONNECT": {"421 4.3.2 too many"}}, activities.Deferred,
			421, soon},
		{"554 at connect is our fault, not the address's", script{"CONNECT": {"554 5.7.1 you are blocked"}},
			activities.Misconfigured, 554, 0},
		{"421 on MAIL of a new connection comes later",
			script{"MAIL": {"421 4.3.2 closing", "421 4.3.2 closing"}}, activities.Deferred, 421, soon},
		{"500 on EHLO and HELO is our fault", script{"EHLO": {"500 what?"}, "HELO": {"500 what?"}},
			activities.Misconfigured, 500, 0},
		{"538 on RCPT is our fault", script{"RCPT": {"538 5.7.11 encrypt first"}},
			activities.Misconfigured, 538, 0},
		{"451 on DATA comes later", script{"DATA": {"451 4.3.0 later"}}, activities.Deferred, 451, soon},
		{"554 on DATA ends", script{"DATA": {"554 5.5.1 no valid recipients"}}, activities.Refused, 554, 0},
		{"530 on MAIL is our fault", script{"MAIL": {"530 5.7.0 authenticate first"}},
			activities.Misconfigured, 530, 0},
		{"550 on MAIL is our sender's fault", script{"MAIL": {"550 5.7.1 sender unknown"}},
			activities.Misconfigured, 550, 0},
		{"530 on RCPT is our fault", script{"RCPT": {"530 5.7.0 authenticate first"}},
			activities.Misconfigured, 530, 0},
		{"451 on MAIL comes later", script{"MAIL": {"451 4.3.0 try later"}}, activities.Deferred, 451, soon},
		{"hanging up at connect is tried again", script{"CONNECT": {hangUp}}, activities.Deferred, 0, 0},
		{"hanging up on DATA is tried again", script{"DATA": {hangUp}}, activities.Deferred, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := relay(t, newServer(t, row.script), nil)
			a, err := s.Send(context.Background(), letter("m1"))
			if a.Verdict != row.verdict || a.Code != row.code {
				t.Fatalf("got %+v, %v; want %s %d", a, err, row.verdict, row.code)
			}
			final := row.verdict == activities.Delivered || row.verdict == activities.Refused
			if (err == nil) != final {
				t.Fatalf("%s comes with the error %v", a.Verdict, err)
			}
			var e *activities.SendError
			if !final && (!errors.As(err, &e) || e.RetryAfter != row.after || e.Verdict != row.verdict) {
				t.Fatalf("error %#v, want a retry after %s", err, row.after)
			}
			if len([]rune(a.Text)) > 300 || strings.ContainsAny(a.Text, "\r\n") {
				t.Fatalf("not one short line: %q", a.Text)
			}
			if strings.Contains(a.Text, "@") || err != nil && strings.Contains(err.Error(), "@") {
				t.Fatalf("an address got out: %+v %v", a, err)
			}
		})
	}
}

func TestSMTPTheServersWordsAreKeptAsItSaidThem(t *testing.T) {
	for _, row := range []struct{ command, said, text string }{
		{"RCPT", "550 5.1.1 no such mailbox, affected 550 \"of\" them",
			`5.1.1 no such mailbox, affected 550 "of" them`},
		{"RCPT", "550-5.1.1 <kim@fabrikam.example>:\r\n550 5.1.1 unknown",
			"5.1.1 <[address]>: 5.1.1 unknown"},
		{"BODY", "554 5.7.1 nein, für Łukasz nicht", "5.7.1 nein, für Łukasz nicht"},
		{"RCPT", "451 4.7.1 greylisted", "4.7.1 greylisted"},
		{"CONNECT", "554 5.7.1 blocked", "5.7.1 blocked"},
		{"BODY", "554 " + strings.Repeat("long ", 200), strings.Repeat("long ", 59) + "long…"},
	} {
		a, _ := relay(t, newServer(t, script{row.command: {row.said}}), nil).Send(context.Background(),
			letter("m1"))
		if a.Text != row.text {
			t.Errorf("%q came as %q, want %q", row.said, a.Text, row.text)
		}
	}
}

func TestSMTPServersThatHangAreLeftInTime(t *testing.T) {
	for _, at := range []string{"CONNECT", "EHLO", "MAIL", "RCPT", "BODY"} {
		t.Run(at, func(t *testing.T) {
			s := relay(t, newServer(t, script{at: {hang}, "HELO": {hang}}),
				func(c *Config) { c.Deadline = 300 * time.Millisecond })
			begun := time.Now()
			a, err := s.Send(context.Background(), letter("m1"))
			want := activities.Deferred
			if at == "BODY" {
				want = activities.Unknown
			}
			if err == nil || a.Verdict != want {
				t.Fatalf("got %+v, %v", a, err)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Fatalf("took %s", took)
			}
		})
	}
}

func TestSMTPSendEndsWithItsContextAndItsConnectionToo(t *testing.T) {
	for _, at := range []string{"CONNECT", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"} {
		t.Run(at, func(t *testing.T) {
			certified, pool := certificate(t)
			v := newServer(t, script{at: {hang}}, func(v *server) { v.tls, v.login = certified, "PLAIN" })
			s := relay(t, v, func(c *Config) {
				c.TLS, c.TLSConfig, c.Deadline = "mandatory", &tls.Config{RootCAs: pool}, time.Minute
				c.User, c.Password = "vl", "secret"
			})
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() {
				defer close(done)
				if a, err := s.Send(ctx, letter("m1")); err == nil || a.Verdict != activities.Deferred {
					t.Errorf("got %+v, %v", a, err)
				}
			}()
			v.until("the server hangs", v.said(at))
			cancel()
			select {
			case <-done:
			case <-time.After(5 * time.Second):
				t.Fatal("Send does not end with its context")
			}
			if s.idleNow() > 0 {
				t.Fatal("the connection is kept")
			}
		})
	}
}

func TestSMTPImplicitTLSThatHangsEndsWithItsContext(t *testing.T) {
	v := newServer(t, script{"CONNECT": {hang}})
	s := relay(t, v, func(c *Config) { c.TLS, c.Deadline = implicit, time.Minute })
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if a, err := s.Send(ctx, letter("m1")); err == nil || a.Verdict != activities.Deferred {
			t.Errorf("got %+v, %v", a, err)
		}
	})
	v.until("the server hangs", v.said("CONNECT"))
	cancel()
	all.Wait()
	if s.idleNow() > 0 {
		t.Error("the connection is kept")
	}
}

func (s *Relay) idleNow() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.idle)
}

func TestSMTPSendWaitsForAConnectionNoLongerThanItsContext(t *testing.T) {
	v := newServer(t, script{"RCPT": {hang}})
	s := relay(t, v, func(c *Config) { c.Connections = 1 })
	first, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _, _ = s.Send(first, letter("m1")) })
	defer all.Wait()
	defer cancel()
	v.until("the server hangs", v.said("RCPT"))
	second, cancelled := context.WithCancel(context.Background())
	cancelled()
	if a, err := s.Send(second, letter("m2")); err == nil || a.Verdict != activities.Deferred {
		t.Fatalf("got %+v, %v", a, err)
	}
	if opened, _ := v.seen(); opened != 1 {
		t.Fatalf("%d connections", opened)
	}
}

func TestSMTPARelayThatIsNotThereIsTriedAgain(t *testing.T) {
	v := newServer(t, script{})
	_ = v.listener.Close()
	a, err := relay(t, v, nil).Send(context.Background(), letter("m1"))
	var e *activities.SendError
	if a.Verdict != activities.Deferred || !errors.As(err, &e) || e.RetryAfter != 0 {
		t.Fatalf("got %+v, %v", a, err)
	}
}

func TestSMTPTLSAndLogin(t *testing.T) {
	certified, pool := certificate(t)
	trusting := func(c *Config) {
		c.TLS, c.TLSConfig = "mandatory", &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	for _, row := range []struct {
		name    string
		server  func(*server)
		client  func(*Config)
		verdict activities.Verdict
	}{
		{"STARTTLS and a login work", func(v *server) { v.tls, v.login = certified, "PLAIN LOGIN" },
			func(c *Config) { trusting(c); c.User, c.Password = "vl", "secret" }, activities.Delivered},
		{"STARTTLS that is missing is our fault where it is mandatory", func(*server) {}, trusting,
			activities.Misconfigured},
		{"STARTTLS that is missing is fine where it is opportunistic", func(*server) {},
			func(c *Config) { c.TLS = "opportunistic" }, activities.Delivered},
		{"a certificate that nobody vouches for is our fault", func(v *server) { v.tls = certified },
			func(c *Config) { c.TLS = "mandatory" }, activities.Misconfigured},
		{"a wrong password is our fault: no mail ends over it", func(v *server) {
			v.tls, v.login, v.script = certified, "PLAIN", script{"AUTH": {"535 5.7.8 wrong"}}
		}, func(c *Config) { trusting(c); c.User, c.Password = "vl", "secret" }, activities.Misconfigured},
		{"535 is our fault where the server's words hold an address", func(v *server) {
			v.tls, v.login, v.script = certified, "LOGIN", script{"AUTH": {"535 5.7.8 no vl@contoso.example"}}
		}, func(c *Config) { trusting(c); c.User, c.Password = "vl@contoso.example", "secret" },
			activities.Misconfigured},
		{"534 is our fault", func(v *server) {
			v.tls, v.login, v.script = certified, "PLAIN", script{"AUTH": {"534 5.7.9 too weak"}}
		}, func(c *Config) { trusting(c); c.User, c.Password = "vl", "secret" }, activities.Misconfigured},
		{"LOGIN works", func(v *server) { v.tls, v.login = certified, "LOGIN" },
			func(c *Config) { trusting(c); c.User, c.Password = "vl", "secret" }, activities.Delivered},
		{"a relay without a login is our fault", func(v *server) { v.tls = certified },
			func(c *Config) { trusting(c); c.User, c.Password = "vl", "secret" }, activities.Misconfigured},
		{"a login that nobody knows is our fault", func(v *server) { v.tls, v.login = certified, "GSSAPI" },
			func(c *Config) { trusting(c); c.User, c.Password = "vl", "secret" }, activities.Misconfigured},
		{"a login without TLS works to this machine", func(v *server) { v.login = "PLAIN" },
			func(c *Config) { c.User, c.Password = "vl", "secret" }, activities.Delivered},
		{"STARTTLS that is away comes later",
			func(v *server) { v.tls, v.script = certified, script{"STARTTLS": {"454 4.7.0 later"}} },
			trusting, activities.Deferred},
		{"a login that is away comes later", func(v *server) {
			v.tls, v.login, v.script = certified, "PLAIN", script{"AUTH": {"454 4.7.0 later"}}
		}, func(c *Config) { trusting(c); c.User, c.Password = "vl", "secret" }, activities.Deferred},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := newServer(t, script{}, row.server)
			a, err := relay(t, v, row.client).Send(context.Background(), letter("m1"))
			if a.Verdict != row.verdict {
				t.Fatalf("got %+v, %v", a, err)
			}
			if err != nil && strings.Contains(err.Error(), "@") {
				t.Fatalf("an address got out: %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "secret") ||
				strings.Contains(err.Error(), base64Of("\x00vl\x00secret"))) {
				t.Fatalf("the password got out: %v", err)
			}
		})
	}
}

func TestSMTPAPasswordIsNotSentWhereTheRelayStripsSTARTTLS(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "NTLM"} {
		v := newServer(t, script{}, func(v *server) { v.login = mechanism })
		a, err := relay(t, v, func(c *Config) {
			c.TLS, c.User, c.Password = "opportunistic", "vl", "secret"
		}).Send(context.Background(), letter("m1"))
		if err == nil || a.Verdict != activities.Misconfigured {
			t.Errorf("%s: %+v %v", mechanism, a, err)
		}
		v.until("the connection is closed", v.nobodyIsConnected)
		if slices.Contains(v.commands, "AUTH") {
			t.Errorf("%s was begun in clear text", mechanism)
		}
	}
}

func TestSMTPAPasswordIsNeverShown(t *testing.T) {
	c := Config{Host: "relay.example", User: "vl", Password: "secret"}
	asJSON, err := json.Marshal(c.Password)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("relay", "password", c.Password)
	for _, text := range []string{
		string(asJSON), logged.String(), fmt.Sprintf("%x", c.Password), fmt.Sprint(c), fmt.Sprintf("%+v", c),
		fmt.Sprintf("%#v", c), fmt.Sprintf("%q", c.Password),
	} {
		if strings.Contains(text, "secret") || strings.Contains(text, "736563726574") {
			t.Fatal(text)
		}
	}
	c.TLS, c.From = "none", "vl@contoso.example"
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "clear text") {
		t.Fatalf("a password in clear text to another machine: %v", err)
	}
}

func TestSMTPFaultsOfTheConfigurationAreToldAtOnceAndTogether(t *testing.T) {
	_, err := New(Config{Host: "relay.example", Port: 25, TLS: "sometimes", From: "vl", ReplyTo: "help"})
	for _, want := range []string{"TLS", "sender", "reply-to"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not speak of %s", err, want)
		}
	}
}

func TestSMTPABurstSharesAFewConnections(t *testing.T) {
	v := newServer(t, script{})
	s := relay(t, v, func(c *Config) { c.Connections = 3 })
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			a, err := s.Send(context.Background(), letter(fmt.Sprint("m", n)))
			if err != nil || a.Verdict != activities.Delivered {
				t.Errorf("%+v %v", a, err)
			}
		})
	}
	all.Wait()
	ids := v.ids()
	slices.Sort(ids)
	if opened, _ := v.seen(); opened > 3 || len(slices.Compact(ids)) != 50 {
		t.Fatalf("%d connections, %d mails", opened, len(ids))
	}
}

func TestSMTPAConnectionThatTheServerClosedIsReplacedUnnoticed(t *testing.T) {
	v := newServer(t, script{})
	s := relay(t, v, nil)
	for n := range 3 {
		a, err := s.Send(context.Background(), letter(fmt.Sprint("m", n)))
		if err != nil || a.Verdict != activities.Delivered {
			t.Fatalf("letter %d: %+v %v", n, a, err)
		}
		v.hangUpOnAll()
	}
	if got := v.ids(); len(got) != 3 {
		t.Fatalf("accepted %q", got)
	}
}

func TestSMTPAReusedConnectionThatSaysGoodByeIsReplacedOnce(t *testing.T) {
	for _, row := range []struct {
		name    string
		script  script
		verdict activities.Verdict
		opened  int
	}{
		{"421 on MAIL", script{"MAIL": {"", "421 4.4.2 idle"}}, activities.Delivered, 2},
		{"hanging up on MAIL", script{"MAIL": {"", hangUp}}, activities.Delivered, 2},
		{"hanging up on RCPT", script{"RCPT": {"", hangUp}}, activities.Delivered, 2},
		{"hanging up on MAIL of the new one too", script{"MAIL": {"", hangUp, hangUp}},
			activities.Deferred, 2},
		{"hanging up on DATA is not tried on another", script{"DATA": {"", hangUp}}, activities.Deferred, 1},
		{"421 after the final dot is not tried on another", script{"BODY": {"", "421 4.3.2 closing"}},
			activities.Deferred, 1},
		{"450 on RCPT is an answer", script{"RCPT": {"", "450 4.2.1 busy"}}, activities.Deferred, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			v := newServer(t, row.script)
			s := relay(t, v, nil)
			if _, err := s.Send(context.Background(), letter("first")); err != nil {
				t.Fatal(err)
			}
			if a, _ := s.Send(context.Background(), letter("second")); a.Verdict != row.verdict {
				t.Fatalf("%+v", a)
			}
			want := []string{"first@contoso.example", "second@contoso.example"}
			if row.verdict != activities.Delivered {
				want = want[:1]
			}
			if opened, _ := v.seen(); opened != row.opened || !slices.Equal(v.ids(), want) {
				t.Fatalf("%d connections, accepted %q", opened, v.ids())
			}
		})
	}
}

func TestSMTPAConnectionThatFailedIsNotUsedAgain(t *testing.T) {
	v := newServer(t, script{"RCPT": {"550 5.1.1 no such mailbox"}})
	s := relay(t, v, nil)
	if a, _ := s.Send(context.Background(), letter("m1")); a.Verdict != activities.Refused {
		t.Fatalf("%+v", a)
	}
	v.until("the connection is closed", v.nobodyIsConnected)
	if a, err := s.Send(context.Background(), letter("m2")); err != nil || a.Verdict != activities.Delivered {
		t.Fatalf("%+v %v", a, err)
	}
}

func TestSMTPAMailOfUnknownFateIsSentOnceAnAttemptWithTheSameID(t *testing.T) {
	v := newServer(t, script{"BODY": {"", hangUp, ""}})
	s := relay(t, v, nil)
	if _, err := s.Send(context.Background(), letter("first")); err != nil {
		t.Fatal(err)
	}
	// over the reused connection
	if a, err := s.Send(context.Background(), letter("second")); err == nil ||
		a.Verdict != activities.Unknown {
		t.Fatalf("%+v %v", a, err)
	}
	if _, bodies := v.seen(); bodies != 2 {
		t.Fatalf("%d transmissions", bodies)
	}
	if a, err := s.Send(context.Background(), letter("second")); err != nil ||
		a.Verdict != activities.Delivered {
		t.Fatalf("%+v %v", a, err)
	}
	if got := v.ids(); !slices.Equal(got, []string{"first@contoso.example", "second@contoso.example"}) {
		t.Fatalf("accepted %q", got)
	}
}

func TestSMTPAnIdleConnectionSaysGoodByeByItself(t *testing.T) {
	v := newServer(t, script{})
	s := relay(t, v, func(c *Config) { c.IdleTimeout = 30 * time.Millisecond })
	if _, err := s.Send(context.Background(), letter("m1")); err != nil {
		t.Fatal(err)
	}
	v.until("the connection says good-bye", v.said("QUIT"))
	v.until("the connection is closed", v.nobodyIsConnected)
}

func TestSMTPCloseLeavesNoConnectionAndNoGoroutine(t *testing.T) {
	v := newServer(t, script{})
	s := relay(t, v, func(c *Config) { c.Connections, c.IdleTimeout = 3, time.Hour })
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() { _, _ = s.Send(context.Background(), letter(fmt.Sprint("m", n))) })
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stacks := make([]byte, 1<<20)
	held := string(stacks[:runtime.Stack(stacks, true)])
	if strings.Contains(held, "activities.(*Relay)") || strings.Contains(held, "activities.(*connection)") ||
		strings.Contains(held, "go-mail") {
		t.Fatalf("a goroutine is left:\n%s", held)
	}
	v.until("every connection is closed", v.nobodyIsConnected)
	opened, _ := v.seen()
	if got := len(slices.DeleteFunc(v.commands, func(c string) bool { return c != "QUIT" })); got != opened {
		t.Fatalf("%d good-byes on %d connections", got, opened)
	}
	if a, err := s.Send(context.Background(), letter("late")); err == nil ||
		a.Verdict != activities.Deferred {
		t.Fatalf("after Close: %+v %v", a, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSMTPASendThatOutlivesCloseClosesItsConnection(t *testing.T) {
	v := newServer(t, script{"BODY": {hang}})
	s := relay(t, v, func(c *Config) { c.Deadline = 200 * time.Millisecond })
	done := make(chan activities.Answer)
	go func() {
		a, _ := s.Send(context.Background(), letter("m1"))
		done <- a
	}()
	v.until("the server hangs", v.said("BODY"))
	_ = s.Close()
	if a := <-done; a.Verdict != activities.Unknown {
		t.Fatalf("%+v", a)
	}
	if s.idleNow() > 0 {
		t.Fatal("a closed pool keeps a connection")
	}
}

// received sends a letter and parses what arrived.
func received(t *testing.T, l activities.Message) (mail.Header, map[string]string, string) {
	t.Helper()
	v := newServer(t, script{})
	a, err := relay(t, v, func(c *Config) { c.ReplyTo = "help@contoso.example" }).
		Send(context.Background(), l)
	if err != nil || a.Verdict != activities.Delivered {
		t.Fatalf("%+v %v", a, err)
	}
	v.mu.Lock()
	raw := v.accepted[0]
	v.mu.Unlock()
	r, err := mail.CreateReader(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return r.Header, bodies, raw
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := p.Header.(*mail.InlineHeader).ContentType()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		bodies[kind] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
}

func TestR49_ALetterArrivesAsItWasWritten(t *testing.T) {
	l := letter("a-b.1.welcome")
	l.ToName, l.Subject = "Renée Łącz", "Grüße"
	l.Text = "one\n.\n..two\n" + strings.Repeat("long ", 400) + "\nŁ\n"
	l.HTML = "<p>Ł " + strings.Repeat("x", 2000) + "</p>"
	h, bodies, _ := received(t, l)
	if bodies["text/plain"] != l.Text || bodies["text/html"] != l.HTML {
		t.Fatalf("bodies: %q", bodies)
	}
	to, err := h.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != l.ToName || to[0].Address != l.To {
		t.Fatal(to, err)
	}
	if s, err := h.Subject(); err != nil || s != l.Subject {
		t.Fatal(s, err)
	}
	for name, want := range map[string]string{"Message-Id": "<a-b.1.welcome@contoso.example>",
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "All", "Reply-To": "<help@contoso.example>"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if h.Get("Date") == "" || h.Has("Disposition-Notification-To") {
		t.Error("date or a receipt")
	}
}

func TestR48_AMailGoesToOneAddressAndAsksForNothingExtra(t *testing.T) {
	v := newServer(t, script{}, func(v *server) { v.utf8 = true })
	a, err := relay(t, v, nil).Send(context.Background(), letter("m1"))
	if err != nil || a.Verdict != activities.Delivered {
		t.Fatalf("%+v %v", a, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	want := []string{"MAIL FROM:<vl@contoso.example> BODY=8BITMIME", "RCPT TO:<kim@fabrikam.example>"}
	if !slices.Equal(v.lines, want) { // neither SMTPUTF8 nor NOTIFY
		t.Fatalf("said %q", v.lines)
	}
}

func TestR49_ANameArrivesWithItsQuotesAndBackslashes(t *testing.T) {
	for _, name := range []string{
		`Kim "KJ" Akers`, `back\slash`, `"`, `O'Brien, Pat`, `x" <eve@y.example> (`, `Łukasz "Ł" \ (VL)`,
		strings.Repeat("ä", 256), "",
	} {
		l := letter("m1")
		l.ToName, l.Subject = name, name
		h, _, raw := received(t, l)
		to, err := h.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Name != name || to[0].Address != l.To {
			t.Errorf("%q came as %v, %v", name, to, err)
		}
		if s, err := h.Subject(); err != nil || s != name {
			t.Errorf("subject %q came as %q, %v", name, s, err)
		}
		for line := range strings.Lines(raw) {
			if len(line) > 1000 {
				t.Errorf("a line of %d", len(line))
			}
		}
	}
}

func TestR66_AnAddressThatCannotBeOneIsRefusedWithoutAConnection(t *testing.T) {
	v := newServer(t, script{})
	s := relay(t, v, nil)
	for _, to := range []string{
		"", "kim", "kim@fabrikam.example\r\nRCPT TO:<x@y.example>", "a@b.example,c@d.example",
	} {
		l := letter("m1")
		l.To = to
		if a, err := s.Send(context.Background(), l); err != nil || a.Verdict != activities.Refused {
			t.Errorf("%q: %+v %v", to, a, err)
		}
	}
	if opened, _ := v.seen(); opened > 0 {
		t.Error("a connection was opened")
	}
}

func FuzzLetterHeadersHoldOneLineEach(f *testing.F) {
	for _, s := range []string{
		"Kim", "Kim\r\nBcc: x@y.example", "<b>Kim</b>", "Kim\u202egnp.exe", "\"; <x@y.example>", "Łukasz\x00",
		"=?utf-8?q?a=0D=0ABcc:_x?=", "\\\"", strings.Repeat("ä", 300),
	} {
		f.Add(s, s)
	}
	s, err := New(Config{Host: "127.0.0.1", Port: 25, TLS: "none", From: "vl@contoso.example"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, subject string) {
		l := letter("m1")
		l.ToName, l.Subject = name, subject
		m, err := s.compose(l)
		if err != nil {
			t.Fatal(err) // every name can be written
		}
		var out strings.Builder
		if _, err := m.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		r, err := mail.CreateReader(strings.NewReader(out.String()))
		if err != nil {
			t.Fatal(err)
		}
		to, err := r.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != l.To {
			t.Fatalf("To: %v %v\n%s", to, err, out.String())
		}
		heading, _, _ := strings.Cut(out.String(), "\r\n\r\n")
		for line := range strings.Lines(heading) {
			if len(line) > 1000 || strings.ContainsAny(strings.TrimSuffix(line, "\r\n"), "\r\n\x00") {
				t.Fatalf("line %q", line)
			}
		}
		decoded, err := r.Header.Subject()
		if err != nil || strings.ContainsAny(decoded+to[0].Name, "\r\n\x00\u202e") {
			t.Fatalf("decoded %q %q %v", decoded, to[0].Name, err)
		}
		known := []string{"From", "To", "Message-Id", "Date", "Subject", "Auto-Submitted",
			"X-Auto-Response-Suppress", "Mime-Version", "Content-Type"}
		for h := r.Header.Fields(); h.Next(); {
			if !slices.Contains(known, h.Key()) {
				t.Fatalf("header %q appeared", h.Key())
			}
		}
	})
}
