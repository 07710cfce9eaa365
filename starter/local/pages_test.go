package local

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/rig"
)

func TestTheInboxShowsWhatWasCaught(t *testing.T) {
	s := stack(t)
	invite(t, s, "ian@fabrikam.example")
	number := ""
	for _, m := range s.Mailbox.To("ian@fabrikam.example") {
		number = strconv.Itoa(m.Number)
	}
	for _, c := range []struct {
		name, path string
		status     int
		want       []string
	}{
		{"the list has every email", "/", 200, []string{"ian@fabrikam.example", "Action required",
			"/mails/" + number, "welcome", "http-equiv"}},
		{"the list can be paused", "/?pause=1", 200, []string{"paused"}},
		{"an email is shown with its text, HTML and headers", "/mails/" + number, 200,
			[]string{"ian@fabrikam.example", "/invitations/", "Message-Id", "sandbox"}},
		{"an email that was not caught doesn't exist", "/mails/100000", 404,
			[]string{"Not possible", "This email doesn&#39;t exist."}},
		{"another page doesn't exist", "/nowhere", 404, []string{"not found"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, text := get(t, s.WebURL+c.path)
			if status != c.status {
				t.Errorf("status %d, expected %d", status, c.status)
			}
			contains(t, text, c.want...)
		})
	}
}

func TestEveryPageForbidsWhatItDoesNotNeed(t *testing.T) {
	s := stack(t)
	resp, err := http.Head(s.WebURL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it has none
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	} {
		if got := resp.Header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s is %q, expected %q", name, got, want)
		}
	}
}

var ruleID = regexp.MustCompile(`\bR\d\d\b`)

func TestTheInvitationShowsOnGetAndRegistersOnPost(t *testing.T) {
	s := stack(t)
	const kim = "kim@fabrikam.example"
	link := invite(t, s, kim)
	for range 3 { // mail scanners
		status, text := get(t, link)
		if status != 200 {
			t.Fatalf("status %d\n%s", status, text)
		}
		contains(t, text, "E2001", "Product download manager", "Contoso Ltd.", "Register")
	}
	if got := registeredAt(t, s, kim); !got.IsZero() {
		t.Fatalf("showing the page registered at %s", got)
	}
	for _, c := range []struct {
		name, email string
		status      int
		want        string
	}{
		{"what is no address is said beside the form", "kim", 422, `role="alert"`},
		{"another person is refused and may try again", "mallory@fabrikam.example", 422,
			`value="mallory@fabrikam.example"`},
		{"the person who was invited is registered", kim, 200, "Registration successful"},
		{"a second click is the same request", kim, 200, "Registration successful"},
		{"after that the link was used", "mallory@fabrikam.example", 410, "Not possible"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, text := post(t, link, c.email)
			if status != c.status {
				t.Errorf("status %d, expected %d", status, c.status)
			}
			contains(t, text, c.want)
			if found := ruleID.FindString(text); found != "" {
				t.Errorf("an invited person reads the rule's ID %s", found)
			}
		})
	}
	if registeredAt(t, s, kim).IsZero() {
		t.Error("nobody was registered")
	}
	if status, text := get(t, link); status != http.StatusGone {
		t.Errorf("the used link shows %d\n%s", status, text)
	}
}

func registeredAt(t *testing.T, s *Stack, email licensing.Email) time.Time {
	t.Helper()
	ctx, org := context.Background(), Contoso(time.Now()).Org
	alex, err := s.Views.UserBySignIn(ctx, org, "alex@contoso.example")
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Views.UserBySignIn(ctx, org, email)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Views.User(ctx, org, alex, id)
	if err != nil {
		t.Fatal(err)
	}
	return v.RegisteredAt
}

func TestALinkThatWasChangedShowsAndRegistersNothing(t *testing.T) {
	s := stack(t)
	for _, token := range []string{"nothing", "dev.x.1.y"} {
		link := s.WebURL + "/invitations/" + token
		if status, text := get(t, link); status != http.StatusNotFound {
			t.Errorf("GET %s: %d\n%s", token, status, text)
		}
		if status, text := post(t, link, "kim@fabrikam.example"); status != http.StatusNotFound {
			t.Errorf("POST %s: %d\n%s", token, status, text)
		}
	}
}

func TestAFaultIsHiddenFromTheReaderAndLogged(t *testing.T) {
	var log strings.Builder
	s := &Stack{options: Options{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	w := httptest.NewRecorder()
	s.refuse(w, errors.New("connection to 10.0.0.7 refused"))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "10.0.0.7") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	contains(t, w.Body.String(), "Something went wrong. Try again later.")
	contains(t, log.String(), "10.0.0.7")
}

func TestTheStatusOfAPageSaysWhatKindOfRefusalItIs(t *testing.T) {
	s := &Stack{options: Options{Log: slog.New(slog.DiscardHandler)}}
	for kind, status := range map[licensing.Kind]int{
		licensing.Invalid: 400, licensing.Forbidden: 403, licensing.NotFound: 404,
		licensing.Conflict: 409, licensing.Locked: 409,
		licensing.Gone: 410, licensing.Unavailable: 503,
	} {
		w := httptest.NewRecorder()
		s.refuse(w, licensing.Refuse(kind, "R29", "select another link"))
		if w.Code != status {
			t.Errorf("%s is %d, expected %d", kind, w.Code, status)
		}
		contains(t, w.Body.String(), "Select another link.")
		if strings.Contains(w.Body.String(), "R29") {
			t.Errorf("an invited person reads a rule's ID:\n%s", w.Body)
		}
	}
}

func TestTheKindOfAMailIsReadOffItsID(t *testing.T) {
	for _, c := range []struct{ name, id, want string }{
		{"an invitation's mail", "7f0c.2.welcome@contoso.example", "welcome"},
		{"the second of its kind", "7f0c.2.welcome-2@contoso.example", "welcome"},
		{"a mail that isn't ours", "something", "something"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := MailKind(rig.Message{ID: c.id}); got != c.want {
				t.Errorf("%q, expected %q", got, c.want)
			}
		})
	}
}

func TestThePagesAnswerThisMachineOnlyAndNoOtherSite(t *testing.T) {
	s := stack(t)
	here := strings.TrimPrefix(s.WebURL, "http://")
	_, port, _ := strings.Cut(here, ":")
	const form = "/invitations/nothing"
	for _, c := range []struct {
		name, method, path, host string
		header                   map[string]string
		status                   int
	}{
		{"the address", "GET", "/", here, nil, 200},
		{"the name", "GET", "/", "localhost:" + port, nil, 200},
		{"another name that leads here", "GET", "/", "evil.example:" + port, nil, 421},
		{"another port", "GET", "/", "127.0.0.1:1", nil, 421},
		{"no port", "GET", "/", "localhost", nil, 421},
		{"a form under another name", "POST", form, "evil.example:" + port, nil, 421},
		{"a form of another site", "POST", form, here, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"a form of another port of this machine", "POST", form, here,
			map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		{"a form of an old browser on another site", "POST", form, here,
			map[string]string{"Origin": "http://evil.example"}, 403},
		{"a form of these pages", "POST", form, here,
			map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": s.WebURL}, 404},
		{"a link on another site may be followed", "GET", "/", here,
			map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequest(c.method, s.WebURL+c.path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = c.host
			for name, value := range c.header {
				r.Header.Set(name, value)
			}
			resp, err := http.DefaultClient.Do(r)
			if status, text := read(t, resp, err); status != c.status {
				t.Errorf("status %d, expected %d\n%s", status, c.status, text)
			}
		})
	}
}
