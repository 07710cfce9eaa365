package activities

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"vlroles/licensing"
)

// Provisioner tells a downstream system which roles of a user are effective, all of them each time. The same key means the
// same change: putting it twice does no more than once. An outcome that isn't success is a *ProvisionError.
type Provisioner interface {
	Put(ctx context.Context, key string, e licensing.Effective) error
}

// ProvisionError says why a downstream system did not take a user's roles. Reason is one line of at most 300 characters
// without e-mail addresses.
type ProvisionError struct {
	Refused    bool // for good: the assignment becomes Failed (R54); otherwise trying again can help
	Status     int  // of the HTTP answer, 0 for none
	Reason     string
	RetryAfter time.Duration // what the other side asks for, at most ten minutes; 0: nothing
}

// Error returns the reason.
func (e *ProvisionError) Error() string { return "put roles downstream: " + e.Reason }

// Misconfigured says whether the answer means that URL, keys or contract are wrong, which stops every assignment until an
// operator mends it: redirects, and every 4xx that is neither a refusal nor a request to come later.
func (e *ProvisionError) Misconfigured() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return e.Status >= 300 && e.Status < 500
}

// WebhookKey is a named secret that signs calls. The secret stands in a closure, where no print of the struct finds it.
type WebhookKey struct {
	ID  string
	mac func(message []byte) []byte
}

// NewWebhookKey takes an id of 1 to 16 letters and digits and a secret of at least 32 bytes.
func NewWebhookKey(id string, secret []byte) (WebhookKey, error) {
	if id == "" || len(id) > 16 || strings.ContainsFunc(id, func(r rune) bool { return r == '-' || notIDRune(r) }) {
		return WebhookKey{}, errors.New("webhook key: the id must have 1 to 16 letters and digits")
	}
	if len(secret) < 32 {
		return WebhookKey{}, fmt.Errorf("webhook key %q: the secret has %d bytes, at least 32 are needed", id, len(secret))
	}
	secret = bytes.Clone(secret)
	return WebhookKey{ID: id, mac: func(message []byte) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(message) //nolint:errcheck // a hash's Write never fails
		return h.Sum(nil)
	}}, nil
}

// WebhookConfig is what a Webhook needs.
type WebhookConfig struct {
	URL     string        // the user's id is put behind it; https, or http on this machine (kept by package config)
	Keys    []WebhookKey  // the first signs
	Timeout time.Duration // of one call; 0: 10 s
	Client  *http.Client  // nil: one of its own. It never follows redirects
}

// Webhook is a Provisioner that puts the JSON of licensing.Effective to URL/{user id}, signed as Standard Webhooks are
// (standardwebhooks.com): HMAC-SHA256 over id, timestamp and body. It is safe for use by many goroutines.
type Webhook struct {
	url     string
	key     WebhookKey
	timeout time.Duration
	client  *http.Client
	now     func() time.Time
}

// The headers of a call. Webhook-Id is a hash of Idempotency-Key, since it is signed and may hold no full stop.
const (
	headerIdempotency = "Idempotency-Key"
	headerID          = "Webhook-Id"
	headerTimestamp   = "Webhook-Timestamp"
	headerSignature   = "Webhook-Signature"
	headerKeyID       = "Webhook-Key-Id"
)

const (
	maxReason     = 300 // characters
	maxResponse   = 64 << 10
	maxRetryAfter = 10 * time.Minute
	tolerance     = 5 * time.Minute
)

// NewWebhook checks the configuration; it calls nobody.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(c.URL, "?#") {
		return nil, errors.New("open webhook: the URL must be http or https, without user, query and fragment")
	}
	if len(c.Keys) == 0 || c.Keys[0].mac == nil {
		return nil, errors.New("open webhook: a key is needed, see NewWebhookKey")
	}
	w := &Webhook{url: strings.TrimRight(c.URL, "/"), key: c.Keys[0], timeout: c.Timeout, now: time.Now}
	if w.timeout <= 0 {
		w.timeout = 10 * time.Second
	}
	client := http.Client{Transport: newTransport()}
	if c.Client != nil {
		client = *c.Client
	}
	// A redirect would carry the signed roles to somebody else.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.client = &client
	return w, nil
}

func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.TLSHandshakeTimeout = 5 * time.Second
	t.MaxResponseHeaderBytes = maxResponse
	t.MaxIdleConnsPerHost = 20
	return t
}

// Put makes one call. 2xx is success; 409 and 422 refuse for good; everything else is worth trying again (R54). Where ctx
// is cancelled it returns that, not a *ProvisionError.
func (w *Webhook) Put(ctx context.Context, key string, e licensing.Effective) error {
	callCtx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	req, err := w.request(callCtx, key, e)
	if err != nil {
		return fmt.Errorf("put roles downstream: %w", err)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return fmt.Errorf("put roles downstream: %w", ctx.Err())
		}
		return &ProvisionError{Reason: unreached(err)}
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxResponse)) // what was read before a fault is enough
	_ = resp.Body.Close()                                         // the answer has been read
	return w.outcome(resp, body)
}

func (w *Webhook) request(ctx context.Context, key string, e licensing.Effective) (*http.Request, error) {
	if e.User == "" || strings.ContainsFunc(string(e.User), notIDRune) {
		return nil, errors.New("the user's id has other characters than letters, digits and dashes")
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode roles: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, w.url+"/"+string(e.User), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(key))
	id, timestamp := "msg_"+hex.EncodeToString(sum[:16]), strconv.FormatInt(w.now().Unix(), 10)
	for name, value := range map[string]string{
		"Content-Type":    "application/json",
		"Accept":          "application/problem+json, application/json",
		"User-Agent":      "vlroles",
		headerIdempotency: key,
		headerID:          id,
		headerTimestamp:   timestamp,
		headerSignature:   "v1," + base64.StdEncoding.EncodeToString(w.key.mac(signedText(id, timestamp, body))),
		headerKeyID:       w.key.ID,
	} {
		req.Header.Set(name, value)
	}
	return req, nil
}

func signedText(id, timestamp string, body []byte) []byte {
	return append([]byte(id+"."+timestamp+"."), body...)
}

func notIDRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}

// unreached says why there is no answer, without the URL, which holds the user's id.
func unreached(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return "the downstream system did not answer in time"
		}
		err = u.Err
	}
	return oneLine("the downstream system can't be reached: " + err.Error())
}

func (w *Webhook) outcome(resp *http.Response, body []byte) error {
	status := resp.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	e := &ProvisionError{Status: status}
	said := detail(resp.Header.Get("Content-Type"), body)
	switch {
	case status == http.StatusConflict, status == http.StatusUnprocessableEntity:
		e.Refused, e.Reason = true, said
		if said == "" {
			e.Reason = fmt.Sprintf("it answered %d without a reason", status)
		}
		return e
	case e.Misconfigured():
		e.Reason = fmt.Sprintf("the downstream system answered %d: check VL_PROVISIONER_URL and VL_PROVISIONER_KEYS, no assignment succeeds until it is mended", status)
	default:
		e.Reason = fmt.Sprintf("the downstream system answered %d", status)
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			e.RetryAfter = w.retryAfter(resp.Header.Get("Retry-After"))
		}
	}
	if said != "" {
		e.Reason = oneLine(e.Reason + ": " + said)
	}
	return e
}

// retryAfter reads seconds or an HTTP date; what it can't read is nothing.
func (w *Webhook) retryAfter(s string) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(w.now()), 0), maxRetryAfter)
}

// detail returns the "detail" of a problem (RFC 9457), else its "title", "" for none.
func detail(contentType string, body []byte) string {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/problem+json" && media != "application/json" {
		return ""
	}
	var problem struct{ Title, Detail string }
	if json.Unmarshal(body, &problem) != nil {
		return ""
	}
	if said := oneLine(problem.Detail); said != "" {
		return said
	}
	return oneLine(problem.Title)
}

// somebody finds e-mail addresses, written plainly or as in a URL.
var somebody = regexp.MustCompile(`[^\s<>"(),;:=\[\]]+(@|%40)[^\s<>"(),;:=\[\]]+`)

// oneLine makes a stranger's text fit for a log, a history and a page: no addresses, no line breaks, nothing that reorders
// text, at most 300 characters.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(somebody.ReplaceAllString(s, "[address]")), " ")
	if r := []rune(s); len(r) > maxReason {
		s = string(r[:maxReason-1]) + "…"
	}
	return s
}

// VerifyWebhook is for receivers: it says whether a call was signed with one of the keys within five minutes of now. The
// signature covers id, timestamp and body, so compare the user of the body with the one of the path, and take Webhook-Id
// as the key of idempotency. Reading the body, bounded, is the caller's.
func VerifyWebhook(h http.Header, body []byte, keys []WebhookKey, now time.Time) error {
	id, timestamp := h.Get(headerID), h.Get(headerTimestamp)
	if id == "" || len(id) > 128 || strings.Contains(id, ".") {
		return errors.New("verify webhook: " + headerID + " is missing or not valid")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("verify webhook: " + headerTimestamp + " is missing or not valid")
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return fmt.Errorf("verify webhook: %s is more than %s from now: compare the clocks", headerTimestamp, licensing.Period(tolerance))
	}
	given := strings.Fields(h.Get(headerSignature))
	if len(given) > 8 {
		return errors.New("verify webhook: " + headerSignature + " holds too many signatures")
	}
	text := signedText(id, timestamp, body)
	for _, k := range keys {
		if k.mac == nil {
			continue
		}
		want := []byte("v1," + base64.StdEncoding.EncodeToString(k.mac(text)))
		for _, s := range given {
			if hmac.Equal([]byte(s), want) {
				return nil
			}
		}
	}
	return errors.New("verify webhook: the signature is not that of one of the keys")
}
