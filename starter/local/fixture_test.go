package local

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/templates"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.stop != nil {
		shared.stop()
	}
	os.Exit(code)
}

// shared is the stack that the tests of the pages ask, with Contoso in it.
var shared struct {
	once  sync.Once
	stack *Stack
	err   error
	stop  func()
}

func stack(t *testing.T) *Stack {
	t.Helper()
	shared.once.Do(startShared)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.stack
}

func startShared() {
	dir, err := os.MkdirTemp("", "vlroles-local-")
	if err != nil {
		shared.err = err
		return
	}
	s, err := Start(context.Background(), Options{
		Dir: dir, Lookup: nothing, Log: slog.New(slog.DiscardHandler), Progress: os.Stderr,
		Policy: func(p *licensing.Policy) { p.Propagation, p.Processing = time.Second, time.Second },
	})
	if err == nil {
		err = s.addContoso(context.Background())
	}
	shared.stack, shared.err = s, err
	shared.stop = func() {
		if s != nil {
			_ = s.Stop()
		}
		_ = os.RemoveAll(dir)
	}
}

func nothing(string) (string, bool) { return "", false }

// invite has Alex invite a person to E2001, and returns the link in the email.
func invite(t *testing.T, s *Stack, email string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	org := Contoso(time.Now()).Org
	alex, err := s.Views.UserBySignIn(ctx, org, "alex@contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	person := licensing.PersonChange{SignIn: licensing.Email(email), Name: "Kim Akers",
		Access: []licensing.AccessChange{
			{License: "E2001", Add: []licensing.Role{licensing.ProductDownloadManager}},
		}}
	id := Contoso(time.Now()).ID
	_, err = s.Client.Save(ctx, licensing.Save{ID: id, Org: org, Admin: alex,
		People: []licensing.PersonChange{person}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Mailbox.Wait(ctx,
		func(m rig.Message) bool { return m.To == email && MailKind(m) == "welcome" })
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(m.Text) {
		if strings.HasPrefix(word, s.WebURL+"/invitations/") {
			return word
		}
	}
	t.Fatalf("the email has no link:\n%s", m.Text)
	return ""
}

// get asks for a page and returns its status and text.
func get(t *testing.T, address string) (int, string) {
	t.Helper()
	resp, err := http.Get(address)
	return read(t, resp, err)
}

// post registers a person on the page behind a link.
func post(t *testing.T, link, email string) (int, string) {
	t.Helper()
	resp, err := http.PostForm(link, url.Values{templates.FieldSignIn: {email}})
	return read(t, resp, err)
}

func read(t *testing.T, resp *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// contains fails the test where a text lacks one of the words.
func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
}
