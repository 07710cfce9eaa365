package rig

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func mailbox(t *testing.T, o MailboxOptions) *Mailbox {
	t.Helper()
	b, err := StartMailboxWith(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// send delivers lines to one address and returns the code that the server answered, 0 for none.
func send(t *testing.T, b *Mailbox, to string, lines ...string) int {
	t.Helper()
	return code(t, smtp.SendMail(b.Addr(), nil, "a@x.example", []string{to},
		[]byte(strings.Join(lines, "\r\n")+"\r\n")))
}

func code(t *testing.T, err error) int {
	t.Helper()
	var answer *textproto.Error
	if err != nil && !errors.As(err, &answer) {
		t.Fatal(err)
	}
	if answer == nil {
		return 0
	}
	return answer.Code
}

func TestAMailboxDecodesWhatItTakes(t *testing.T) {
	cases := map[string]struct {
		lines               []string
		subject, text, html string
	}{
		"a text in quoted-printable": {
			lines: []string{"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
				"Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "",
				"Hallo =C3=A4 und so =", "weiter"},
			subject: "Grüße", text: "Hallo ä und so weiter",
		},
		"a mail without a type is text": {
			lines: []string{"Subject: plain", "", "hello"}, subject: "plain", text: "hello",
		},
		"text and HTML side by side": {
			lines: []string{"Subject: both", `Content-Type: multipart/alternative; boundary="b"`, "",
				"--b", "Content-Type: text/plain; charset=utf-8", "", "words",
				"--b", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "",
				"PGI+d29yZHM8L2I+", "--b--"},
			subject: "both", text: "words", html: "<b>words</b>",
		},
		"an attached text isn't the body": {
			lines: []string{"Subject: files", `Content-Type: multipart/mixed; boundary="b"`, "",
				"--b", "Content-Type: text/plain", "", "words",
				"--b", "Content-Type: text/plain", "Content-Disposition: attachment; filename=x.txt", "",
				"a file", "--b--"},
			subject: "files", text: "words",
		},
		"an unknown character set stays as it is": {
			lines: []string{"Subject: =?x-none?q?a?=", "Content-Type: text/plain; charset=x-none", "",
				"words"}, subject: "=?x-none?q?a?=", text: "words",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := mailbox(t, MailboxOptions{})
			got := send(t, b, "b@x.example", append([]string{"Message-ID: <1@x.example>"}, c.lines...)...)
			if got != 0 {
				t.Fatal(got)
			}
			m, err := b.Wait(soon(t), func(Message) bool { return true })
			if err != nil {
				t.Fatal(err)
			}
			if m.ID != "1@x.example" || m.Subject != c.subject || strings.TrimSpace(m.Text) != c.text ||
				m.HTML != c.html {
				t.Errorf("%+v", m)
			}
			if m.Number != 1 || m.From != "a@x.example" || m.To != "b@x.example" || m.At.IsZero() ||
				!strings.HasPrefix(string(m.Raw), "Message-ID: <1@") {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestAMailboxAnswersAsItIsTold(t *testing.T) {
	cases := map[string]struct {
		told func(*Mailbox)
		code int
	}{
		"it takes mail": {told: func(*Mailbox) {}},
		"it refuses an address in whatever case": {
			told: func(b *Mailbox) { b.Refuse("B@X.example", 550, "no such mailbox") }, code: 550,
		},
		"it refuses for now": {
			told: func(b *Mailbox) { b.Refuse("b@x.example", 451, "greylisted") }, code: 451,
		},
		"it refuses somebody else": {
			told: func(b *Mailbox) { b.Refuse("c@x.example", 550, "no such mailbox") },
		},
		"it accepts an address that it refused once": {
			told: func(b *Mailbox) { b.Refuse("b@x.example", 550, "no"); b.Accept("B@x.example") },
		},
		"it is down": {told: func(b *Mailbox) { b.Down(true) }, code: 421},
		"it is up again": {
			told: func(b *Mailbox) { b.Down(true); b.Down(false) },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := mailbox(t, MailboxOptions{})
			c.told(b)
			if got := send(t, b, "b@x.example", "Subject: x", "", "hello"); got != c.code {
				t.Fatalf("code %d, not %d", got, c.code)
			}
			if kept := len(b.To("B@X.EXAMPLE")); (kept == 1) != (c.code == 0) || len(b.To("x.example")) != 0 {
				t.Fatalf("%d kept", kept)
			}
		})
	}
}

func TestAMailboxThatGoesDownAnswersOldConversationsSo(t *testing.T) {
	b := mailbox(t, MailboxOptions{})
	c, err := smtp.Dial(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	if err := c.Hello("localhost"); err != nil {
		t.Fatal(err)
	}
	b.Down(true)
	if got := code(t, c.Mail("a@x.example")); got != 421 {
		t.Fatal(got)
	}
}

func TestAMailboxRefusesWhatIsTooLarge(t *testing.T) {
	b := mailbox(t, MailboxOptions{})
	line := strings.Repeat("x", 998)
	lines := []string{"Subject: x", ""}
	for n := 0; n <= largestMail; n += len(line) {
		lines = append(lines, line)
	}
	if got := send(t, b, "b@x.example", lines...); got != 552 || len(b.Messages()) != 0 {
		t.Fatal(got)
	}
}

func TestAMailboxDropsTheOldestOfTooMany(t *testing.T) {
	b := mailbox(t, MailboxOptions{})
	for range mostMails + 3 {
		if err := b.keep(Message{}); err != nil {
			t.Fatal(err)
		}
	}
	if all := b.Messages(); len(all) != mostMails || all[0].Number != 4 {
		t.Fatalf("%d, the first is %d", len(all), all[0].Number)
	}
}

func TestAMailboxWithAFolderCountsOnFromWhatIsThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mails")
	for _, want := range []string{"00001.eml", "00002.eml"} {
		b := mailbox(t, MailboxOptions{Dir: dir})
		if got := send(t, b, "b@x.example", "Subject: "+want, "", "hello"); got != 0 {
			t.Fatal(got)
		}
		raw, err := os.ReadFile(filepath.Join(dir, want))
		if err != nil || !strings.Contains(string(raw), "Subject: "+want) {
			t.Fatalf("%s: %v\n%s", want, err, raw)
		}
	}
}

func TestAMailboxThatIsStartedAnewShowsWhatItsFolderKept(t *testing.T) {
	dir := t.TempDir()
	b := mailbox(t, MailboxOptions{Dir: dir})
	if got := send(t, b, "b@x.example", "Message-ID: <1@x>", "From: Ann <a@x.example>",
		"To: Bob <b@x.example>", "Subject: once", "", "hello"); got != 0 {
		t.Fatal(got)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"00007.eml": "", "letter.eml": "Subject: a stranger's\r\n\r\nhello", "notes.txt": "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := mailbox(t, MailboxOptions{Dir: dir})
	all := again.To("b@x.example")
	if len(all) != 1 || all[0].Number != 1 || all[0].Subject != "once" ||
		strings.TrimSpace(all[0].Text) != "hello" || all[0].From != "a@x.example" || all[0].At.IsZero() {
		t.Fatalf("%+v", all)
	}
	if got := send(t, again, "b@x.example", "Subject: twice", "", "hello"); got != 0 {
		t.Fatal(got)
	}
	if last := again.Messages()[len(again.Messages())-1]; last.Number != 8 {
		t.Fatalf("number %d behind 00007.eml", last.Number)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	b := mailbox(t, MailboxOptions{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Wait(ctx, func(Message) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestWaitSeesAMailThatIsYetToCome(t *testing.T) {
	b := mailbox(t, MailboxOptions{})
	asked, found := make(chan struct{}), make(chan Message, 1)
	go func() {
		first := true
		m, _ := b.Wait(soon(t), func(m Message) bool { // an error shows as an empty message
			if first {
				close(asked)
				first = false
			}
			return m.Subject == "second"
		})
		found <- m
	}()
	if got := send(t, b, "b@x.example", "Subject: first", "", "hello"); got != 0 {
		t.Fatal(got)
	}
	<-asked
	if got := send(t, b, "b@x.example", "Subject: second", "", "hello"); got != 0 {
		t.Fatal(got)
	}
	if m := <-found; m.Subject != "second" {
		t.Fatalf("%+v", m)
	}
}

func TestAMailboxHoldsTheConversationBehindAnAcceptedMail(t *testing.T) {
	b := mailbox(t, MailboxOptions{})
	held, release := b.HoldAfter(func(m Message) bool { return m.Subject == "hold" })
	sent := make(chan error, 1)
	go func() {
		sent <- smtp.SendMail(b.Addr(), nil, "a@x.example", []string{"b@x.example"},
			[]byte("Subject: hold\r\n\r\nhello\r\n"))
	}()
	if m := <-held; m.Subject != "hold" || len(b.Messages()) != 1 {
		t.Fatalf("%+v", m)
	}
	release()
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

func TestAMailboxDelaysItsAnswerUntilItCloses(t *testing.T) {
	b := mailbox(t, MailboxOptions{})
	b.Delay(24 * time.Hour)
	c, err := smtp.Dial(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	w := begin(t, c)
	if _, err := io.WriteString(w, "Subject: x\r\n\r\nhello\r\n"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- w.Close() }()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err == nil || len(b.Messages()) != 0 {
		t.Fatal("the mail was accepted before its time")
	}
}

func begin(t *testing.T, c *smtp.Client) io.WriteCloser {
	t.Helper()
	if err := c.Mail("a@x.example"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rcpt("b@x.example"); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAMailboxWithALoginTakesMailFromWhoHasIt(t *testing.T) {
	cases := map[string]struct {
		user, password string
		code           int
	}{
		"the right login":    {user: "vl", password: "secret"},
		"a wrong password":   {user: "vl", password: "guess", code: 535},
		"a wrong name":       {user: "other", password: "secret", code: 535},
		"no login":           {code: 502},
		"name and no secret": {user: "vl", code: 535},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := mailbox(t, MailboxOptions{TLS: true, User: "vl", Password: "secret"})
			client, err := smtp.Dial(b.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close() //nolint:errcheck // the test is over
			if offered, _ := client.Extension("AUTH"); offered {
				t.Error("a login is asked for in clear")
			}
			trusting := &tls.Config{RootCAs: b.Certificate().Pool, ServerName: "127.0.0.1"}
			if err := client.StartTLS(trusting); err != nil {
				t.Fatal(err)
			}
			if c.user != "" {
				err = client.Auth(smtp.PlainAuth("", c.user, c.password, "127.0.0.1"))
			}
			if err == nil {
				err = client.Mail("a@x.example")
			}
			if got := code(t, err); got != c.code {
				t.Fatalf("code %d, not %d", got, c.code)
			}
		})
	}
}

func TestNobodyElsesClientTrustsTheMailboxsCertificate(t *testing.T) {
	b, other := mailbox(t, MailboxOptions{TLS: true}), mailbox(t, MailboxOptions{TLS: true})
	c, err := smtp.Dial(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	trusting := &tls.Config{RootCAs: other.Certificate().Pool, ServerName: "127.0.0.1"}
	if err := c.StartTLS(trusting); err == nil {
		t.Fatal("trusted")
	}
}
