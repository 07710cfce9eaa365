package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"vlroles/activities"
	"vlroles/activities/outbound"
	"vlroles/licensing"
)

const provisionSecret = "m4rk-that-nobody-may-see-m4rk-that-nobody"

var (
	provisionNow  = time.Date(2026, 11, 23, 18, 4, 0, 0, time.UTC)
	provisionUser = licensing.Effective{
		Org: "5f0c1a8e-0c8a-4c55-9f0e-0d5a3a3d8a01", User: "0b7c1f2e-6c8b-4d8e-9a53-6f1f6a2d7a11",
		Email:  "dana@contoso.example",
		Grants: []licensing.EffectiveGrant{{License: "E1234567", Role: licensing.ProductKeysReader}},
	}
)

func provisionKey(t *testing.T, id, secret string) Key {
	t.Helper()
	k, err := NewKey(id, []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// downstream serves answer and returns a Webhook that speaks to it.
func downstream(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return webhook(t, s.URL+"/users/")
}

func webhook(t *testing.T, url string) *Client {
	t.Helper()
	w, err := New(Config{URL: url, Keys: []Key{provisionKey(t, "p1", provisionSecret)},
		Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	w.now = func() time.Time { return provisionNow }
	return w
}

func answer(status int, header, value, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestR54_WhatADownstreamAnswerMeans(t *testing.T) {
	problem := `{"type":"about:blank","title":"Conflict","detail":"License ID E1234567 is closed there"}`
	for _, tc := range []struct {
		name          string
		answer        http.HandlerFunc
		want          *activities.ProvisionError // nil: success
		misconfigured bool
	}{
		{"200 is success", answer(200, "", "", "{}"), nil, false},
		{"204 is success", answer(204, "", "", ""), nil, false},
		{"409 refuses for good, with the reason", answer(409, "", "", problem), &activities.ProvisionError{
			Refused: true, Status: 409, Reason: "License ID E1234567 is closed there",
		}, false},
		{"422 refuses for good, with the title where there is no detail",
			answer(422, "", "", `{"title":"Unknown role"}`),
			&activities.ProvisionError{Refused: true, Status: 422, Reason: "Unknown role"}, false},
		{"a refusal without a problem says so", answer(409, "Content-Type", "text/html", "<b>no</b>"),
			&activities.ProvisionError{Refused: true, Status: 409,
				Reason: "it answered 409 without a reason"}, false},
		{"a refusal that is no JSON says so", answer(409, "", "", `{"detail":`), &activities.ProvisionError{
			Refused: true, Status: 409, Reason: "it answered 409 without a reason",
		}, false},
		{"a refusal never asks to come later", answer(409, "Retry-After", "5", problem),
			&activities.ProvisionError{Refused: true, Status: 409,
				Reason: "License ID E1234567 is closed there"}, false},
		{"429 is tried again after the seconds it names", answer(429, "Retry-After", "90", ""),
			&activities.ProvisionError{Status: 429, Reason: "answered 429", RetryAfter: 90 * time.Second},
			false},
		{"503 is tried again at the date it names",
			answer(503, "Retry-After", "Mon, 23 Nov 2026 18:06:00 GMT", ""), &activities.ProvisionError{
				Status: 503, Reason: "answered 503", RetryAfter: 2 * time.Minute,
			}, false},
		{"a wait longer than ten minutes becomes ten minutes", answer(503, "Retry-After", "99999999", ""),
			&activities.ProvisionError{Status: 503, Reason: "answered 503", RetryAfter: 10 * time.Minute},
			false},
		{"a date in a year becomes ten minutes",
			answer(503, "Retry-After", "Tue, 23 Nov 2027 18:06:00 GMT", ""), &activities.ProvisionError{
				Status: 503, Reason: "answered 503", RetryAfter: 10 * time.Minute,
			}, false},
		{"a date that has passed asks for nothing",
			answer(503, "Retry-After", "Mon, 23 Nov 2026 18:00:00 GMT", ""),
			&activities.ProvisionError{Status: 503, Reason: "answered 503"}, false},
		{"a wait that can't be read asks for nothing", answer(429, "Retry-After", "-5", ""),
			&activities.ProvisionError{Status: 429, Reason: "answered 429"}, false},
		{"500 is tried again, with what it says", answer(500, "", "", `{"detail":"database is away"}`),
			&activities.ProvisionError{Status: 500, Reason: "answered 500: database is away"}, false},
		{"408 is tried again", answer(408, "", "", ""),
			&activities.ProvisionError{Status: 408, Reason: "answered 408"}, false},
		{"400 is a fault of the configuration and tried again", answer(400, "", "", ""),
			&activities.ProvisionError{Status: 400, Reason: "check VL_PROVISIONER_URL"}, true},
		{"401 is a fault of the configuration and tried again", answer(401, "", "", ""),
			&activities.ProvisionError{Status: 401, Reason: "check VL_PROVISIONER_URL"}, true},
		{"403 is a fault of the configuration and tried again", answer(403, "", "", ""),
			&activities.ProvisionError{Status: 403, Reason: "check VL_PROVISIONER_URL"}, true},
		{"404 is a fault of the configuration and tried again", answer(404, "", "", ""),
			&activities.ProvisionError{Status: 404, Reason: "check VL_PROVISIONER_URL"}, true},
		{"a redirect is a fault of the configuration and tried again",
			answer(307, "Location", "/elsewhere", ""),
			&activities.ProvisionError{Status: 307, Reason: "check VL_PROVISIONER_URL"}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := downstream(t, tc.answer).Put(t.Context(), "key", provisionUser)
			if tc.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var got *activities.ProvisionError
			if !errors.As(err, &got) {
				t.Fatalf("got %v, want a *activities.ProvisionError", err)
			}
			if got.Refused != tc.want.Refused || got.Status != tc.want.Status ||
				got.RetryAfter != tc.want.RetryAfter || !strings.Contains(got.Reason, tc.want.Reason) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
			if tc.want.Refused && got.Reason != tc.want.Reason {
				t.Errorf("a person reads %q, want %q", got.Reason, tc.want.Reason)
			}
			if got.Misconfigured != tc.misconfigured {
				t.Errorf("Misconfigured() = %t", got.Misconfigured)
			}
		})
	}
}

func TestPutSendsWhatTheReceiverNeeds(t *testing.T) {
	var got *http.Request
	var body []byte
	w := downstream(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	})
	const key = "0b7c.1.20261123T180400.000000Z"
	if err := w.Put(t.Context(), key, provisionUser); err != nil {
		t.Fatal(err)
	}
	if got.Method != http.MethodPut || got.URL.Path != "/users/"+string(provisionUser.User) {
		t.Errorf("got %s %s", got.Method, got.URL.Path)
	}
	var e licensing.Effective
	if err := json.Unmarshal(body, &e); err != nil || e.User != provisionUser.User || len(e.Grants) != 1 {
		t.Errorf("body %s (%v)", body, err)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "vlroles", "Idempotency-Key": key,
		"Webhook-Key-Id": "p1", "Webhook-Timestamp": strconv.FormatInt(provisionNow.Unix(), 10),
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	id := got.Header.Get("Webhook-Id")
	if !strings.HasPrefix(id, "msg_") || strings.Contains(id, ".") {
		t.Errorf("Webhook-Id: %q", id)
	}
	keys := []Key{provisionKey(t, "p1", provisionSecret)}
	if err := Verify(got.Header, body, keys, provisionNow); err != nil {
		t.Error(err)
	}
	again, err := w.request(t.Context(), key, provisionUser)
	if err != nil || again.Header.Get("Webhook-Id") != id {
		t.Errorf("the same change has another Webhook-Id: %v, %v", again.Header, err)
	}
	other, err := w.request(t.Context(), key+"x", provisionUser)
	if err != nil || other.Header.Get("Webhook-Id") == id {
		t.Errorf("another change has the same Webhook-Id: %v", err)
	}
}

// TestSignatureIsThatOfStandardWebhooks verifies a call that another implementation of the specification
// signed.
func TestSignatureIsThatOfStandardWebhooks(t *testing.T) {
	h := http.Header{}
	h.Set("webhook-id", "msg_a1b2c3")
	h.Set("webhook-timestamp", "1795457040")
	h.Set("webhook-signature", "v1,eSn55RVIadTjvGhlvyb9tMp3GPcm8KfcAN08/7v7M6I=")
	err := Verify(h, []byte(`{"a": 1}`), []Key{provisionKey(t, "p1", provisionSecret)}, provisionNow)
	if err != nil {
		t.Error(err)
	}
}

func TestVerify(t *testing.T) {
	own, other := provisionKey(t, "p1", provisionSecret), provisionKey(t, "p2", strings.Repeat("other", 7))
	w := webhook(t, "https://entitlements.contoso.example")
	req, err := w.request(t.Context(), "key", provisionUser)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	signature := req.Header.Get(headerSignature)
	stamp := func(d time.Duration) string { return strconv.FormatInt(provisionNow.Add(d).Unix(), 10) }
	for _, tc := range []struct {
		name   string
		change func(http.Header)
		body   []byte
		keys   []Key
		now    time.Time
		ok     bool
	}{
		{"what was sent verifies", nil, sent, []Key{own}, provisionNow, true},
		{"an old key of the ring verifies too", nil, sent, []Key{other, {}, own}, provisionNow, true},
		{"one good signature of several is enough", set(headerSignature, "v1a,abc v1,AAAA "+signature), sent,
			[]Key{own}, provisionNow, true},
		{"a clock that is four minutes late is tolerated", nil, sent, []Key{own},
			provisionNow.Add(-4 * time.Minute), true},
		{"another key is refused", nil, sent, []Key{other}, provisionNow, false},
		{"no key refuses everything", nil, sent, nil, provisionNow, false},
		{"a body with one byte more is refused", nil, append(bytes.Clone(sent), ' '), []Key{own},
			provisionNow, false},
		{"another body is refused", nil, bytes.Replace(sent, []byte("product_keys_reader"),
			[]byte("administrator"), 1), []Key{own}, provisionNow, false},
		{"another timestamp is refused", set(headerTimestamp, stamp(time.Second)), sent, []Key{own},
			provisionNow, false},
		{"a timestamp that is no number is refused", set(headerTimestamp, "now"), sent, []Key{own},
			provisionNow, false},
		{"a timestamp beyond all time is refused", set(headerTimestamp, "9223372036854775807"), sent,
			[]Key{own}, provisionNow, false},
		{"a call that is six minutes old is refused", nil, sent, []Key{own},
			provisionNow.Add(6 * time.Minute), false},
		{"a call from six minutes ahead is refused", nil, sent, []Key{own},
			provisionNow.Add(-6 * time.Minute), false},
		{"another id is refused", set(headerID, "msg_0"), sent, []Key{own}, provisionNow, false},
		{"an id with a full stop is refused", set(headerID, "msg.0"), sent, []Key{own}, provisionNow, false},
		{"no id is refused", set(headerID, ""), sent, []Key{own}, provisionNow, false},
		{"no signature is refused", set(headerSignature, ""), sent, []Key{own}, provisionNow, false},
		{"a signature of another version is refused", set(headerSignature,
			strings.Replace(signature, "v1,", "v2,", 1)), sent, []Key{own}, provisionNow, false},
		{"a heap of signatures is refused", set(headerSignature, strings.Repeat("v1,x ", 9)+signature), sent,
			[]Key{own}, provisionNow, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := req.Header.Clone()
			if tc.change != nil {
				tc.change(h)
			}
			err := Verify(h, tc.body, tc.keys, tc.now)
			if (err == nil) != tc.ok {
				t.Errorf("got %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), signature) ||
				strings.Contains(err.Error(), provisionSecret)) {
				t.Errorf("the error gives away what would have been right: %v", err)
			}
		})
	}
}

func TestNoErrorHoldsAnAddressOrASecret(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	echo := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			detail, _ := json.Marshal(map[string]string{"detail": "you sent " + string(body)})
			answer(status, "", "", string(detail))(w, r)
		}
	}
	for name, w := range map[string]*Client{
		"a refusal that repeats the call":   downstream(t, echo(422)),
		"a failure that repeats the call":   downstream(t, echo(500)),
		"a wrong key that repeats the call": downstream(t, echo(401)),
		"a server that is gone":             webhook(t, gone.URL),
		"a server that speaks something else": webhook(t,
			"http://"+talker(t, "220 dana@contoso.example ready\r\n")),
	} {
		t.Run(name, func(t *testing.T) {
			err := w.Put(t.Context(), "key", provisionUser)
			var p *activities.ProvisionError
			if !errors.As(err, &p) || len([]rune(p.Reason)) > 300 {
				t.Fatalf("got %v", err)
			}
			for _, hidden := range []string{"dana", "contoso.example", provisionSecret} {
				if text := err.Error() + p.Reason; strings.Contains(text, hidden) {
					t.Errorf("%q holds %q", text, hidden)
				}
			}
			printed := fmt.Sprintf("%v %+v %#v", w, w, w.key)
			if strings.Contains(printed, provisionSecret) ||
				strings.Contains(printed, fmt.Sprint([]byte(provisionSecret))) {
				t.Errorf("the webhook prints its secret: %s", printed)
			}
		})
	}
}

// talker listens, says something to everybody and returns its address.
func talker(t *testing.T, says string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, says)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

func TestARedirectIsNotFollowed(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	t.Cleanup(elsewhere.Close)
	here := httptest.NewServer(answer(http.StatusTemporaryRedirect, "Location", elsewhere.URL, ""))
	t.Cleanup(here.Close)
	for name, client := range map[string]*http.Client{
		"its own client": nil, "a client that would follow": {},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := New(Config{URL: here.URL, Keys: []Key{provisionKey(t, "p1", provisionSecret)},
				Client: client})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Put(t.Context(), "key", provisionUser); err == nil || followed {
				t.Errorf("followed: %t, error: %v", followed, err)
			}
			if client != nil && client.CheckRedirect != nil {
				t.Error("the caller's client was changed")
			}
		})
	}
}

func TestALargeAnswerIsNotRead(t *testing.T) {
	wrote := make(chan int, 1)
	w := downstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		sent, block := 0, bytes.Repeat([]byte("x"), 64<<10)
		for range 1024 { // 64 MiB
			n, err := w.Write(block)
			sent += n
			if err != nil {
				break
			}
		}
		wrote <- sent
	})
	var p *activities.ProvisionError
	if err := w.Put(t.Context(), "key", provisionUser); !errors.As(err, &p) || !p.Refused ||
		p.Reason != "it answered 409 without a reason" {
		t.Errorf("got %v", err)
	}
	if n := <-wrote; n >= 64<<20 {
		t.Errorf("all %d bytes were taken", n)
	}
}

func TestAServerThatHangs(t *testing.T) {
	release := make(chan struct{})
	w := downstream(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(release) })
	w.timeout = 50 * time.Millisecond
	t.Run("is left after the timeout, to be tried again", func(t *testing.T) {
		var p *activities.ProvisionError
		err := w.Put(t.Context(), "key", provisionUser)
		if !errors.As(err, &p) || p.Refused || p.Status != 0 ||
			p.Reason != "the downstream system did not answer in time" {
			t.Errorf("got %+v", err)
		}
	})
	w.timeout = time.Hour
	t.Run("is left when the attempt ends", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		var p *activities.ProvisionError
		if err := w.Put(ctx, "key", provisionUser); !errors.As(err, &p) || p.Refused {
			t.Errorf("got %+v", err)
		}
	})
	t.Run("is left when the work is cancelled, which is no fault of the server", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		var p *activities.ProvisionError
		if err := w.Put(ctx, "key", provisionUser); !errors.Is(err, context.Canceled) || errors.As(err, &p) {
			t.Errorf("got %+v", err)
		}
	})
}

func TestAServerThatHangsAfterItsVerdictHasGivenIt(t *testing.T) {
	for status, refused := range map[int]bool{200: false, 409: true} {
		w := downstream(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})
		w.timeout = 100 * time.Millisecond
		var p *activities.ProvisionError
		err := w.Put(t.Context(), "key", provisionUser)
		if errors.As(err, &p) != refused || refused && !p.Refused {
			t.Errorf("%d: got %v", status, err)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	if got := outbound.Transport().TLSClientConfig.MinVersion; got < 0x0303 {
		t.Errorf("TLS from version %#x on", got)
	}
	s := httptest.NewTLSServer(answer(200, "", "", ""))
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	var p *activities.ProvisionError
	err := webhook(t, s.URL).Put(t.Context(), "key", provisionUser)
	if !errors.As(err, &p) || p.Refused || !strings.Contains(p.Reason, "certificate") {
		t.Errorf("a certificate that nobody knows: %v", err)
	}
}

func TestNewChecksItsConfiguration(t *testing.T) {
	good := []Key{provisionKey(t, "p1", provisionSecret)}
	for name, c := range map[string]Config{
		"no URL":               {Keys: good},
		"another scheme":       {URL: "file:///users", Keys: good},
		"no host":              {URL: "https:///users", Keys: good},
		"a password":           {URL: "https://u:" + provisionSecret + "@e.example", Keys: good},
		"a query":              {URL: "https://e.example/?a=b", Keys: good},
		"no key":               {URL: "https://e.example"},
		"a key without secret": {URL: "https://e.example", Keys: []Key{{ID: "p1"}}},
	} {
		if _, err := New(c); err == nil || strings.Contains(err.Error(), provisionSecret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, k := range []struct{ id, secret string }{
		{"", provisionSecret}, {"a-b", provisionSecret}, {"é", provisionSecret},
		{strings.Repeat("a", 17), provisionSecret}, {"p1", "short"},
	} {
		if _, err := NewKey(k.id, []byte(k.secret)); err == nil {
			t.Errorf("key %q of %d bytes is taken", k.id, len(k.secret))
		}
	}
}

func TestAUserIDThatLeadsElsewhereIsNotCalled(t *testing.T) {
	w := downstream(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	for _, id := range []licensing.UserID{"", "..", "a/b", "a?b", "a%2fb"} {
		e := provisionUser
		e.User = id
		if err := w.Put(t.Context(), "key", e); err == nil {
			t.Errorf("user %q is put", id)
		}
	}
}
