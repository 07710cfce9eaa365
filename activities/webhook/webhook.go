// Package webhook tells a downstream system which roles of a user are effective, by calls that are signed as
// Standard Webhooks are.
package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vlroles/activities"
	"vlroles/activities/outbound"
	"vlroles/licensing"
)

// Config is what a Client needs.
type Config struct {
	URL     string        // the user's id is put behind it; package config asks for https
	Keys    []Key         // the first signs
	Timeout time.Duration // of one call; 0: 10 s
	Client  *http.Client  // nil: one of its own. It never follows redirects
}

// Client is a Provisioner that puts the JSON of licensing.Effective to URL/{user id}, signed as Standard
// Webhooks are (standardwebhooks.com): HMAC-SHA256 over id, timestamp and body. It is safe for use by many
// goroutines.
type Client struct {
	url     string
	key     Key
	timeout time.Duration
	client  *http.Client
	now     func() time.Time
}

const (
	maxResponse   = 64 << 10
	maxRetryAfter = 10 * time.Minute
)

// New checks the configuration; it calls nobody.
func New(c Config) (*Client, error) {
	if err := outbound.CheckURL(c.URL); err != nil {
		return nil, fmt.Errorf("open webhook: %w", err)
	}
	if len(c.Keys) == 0 || c.Keys[0].mac == nil {
		return nil, errors.New("open webhook: a key is needed, see NewKey")
	}
	w := &Client{url: strings.TrimRight(c.URL, "/"), key: c.Keys[0], timeout: c.Timeout, now: time.Now}
	if w.timeout <= 0 {
		w.timeout = 10 * time.Second
	}
	client := http.Client{Transport: outbound.Transport()}
	if c.Client != nil {
		client = *c.Client
	}
	client.CheckRedirect = outbound.NoRedirect
	w.client = &client
	return w, nil
}

// Put makes one call. 2xx is success; 409 and 422 refuse for good; everything else is worth trying again
// (R54). The body holds the person's version, which rises with every change (L08). A receiver keeps the
// highest that it has taken, with what it said, in one step; it takes an equal one again, and answers a lower
// one with 409 and the JSON {"version": the one it has}, which is no refusal: it knows better already. Where ctx is cancelled it returns that, not a *activities.ProvisionError.
func (w *Client) Put(ctx context.Context, key string, e licensing.Effective) error {
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
		return &activities.ProvisionError{Reason: outbound.Unreached("the downstream system", err)}
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxResponse)) // what was read before a fault is enough
	_ = resp.Body.Close()                                         // the answer has been read
	return w.outcome(resp, body)
}

func (w *Client) request(ctx context.Context, key string, e licensing.Effective) (*http.Request, error) {
	if e.User == "" || strings.ContainsFunc(string(e.User), notIDRune) {
		return nil, errors.New("the user's id has other characters than letters, digits and dashes")
	}
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode roles: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, w.url+"/"+string(e.User),
		bytes.NewReader(body))
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
		headerSignature: "v1," +
			base64.StdEncoding.EncodeToString(w.key.mac(signedText(id, timestamp, body))),
		headerKeyID: w.key.ID,
	} {
		req.Header.Set(name, value)
	}
	return req, nil
}

func notIDRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}

// outcome judges an answer: nil where the roles were taken.
func (w *Client) outcome(resp *http.Response, body []byte) error {
	status := resp.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	if newer := newerThere(resp, body); status == http.StatusConflict && newer > 0 {
		return &activities.ProvisionError{Status: status, Refused: true, Newer: newer,
			Reason: "it knows a newer state"}
	}
	said := detail(resp.Header.Get("Content-Type"), body)
	if status == http.StatusConflict || status == http.StatusUnprocessableEntity {
		if said == "" {
			said = fmt.Sprintf("it answered %d without a reason", status)
		}
		return &activities.ProvisionError{Status: status, Refused: true, Reason: said}
	}
	e := &activities.ProvisionError{Status: status, Misconfigured: misconfigured(status)}
	e.Reason = fmt.Sprintf("the downstream system answered %d", status)
	if e.Misconfigured {
		e.Reason += ": check VL_PROVISIONER_URL and VL_PROVISIONER_KEYS, " +
			"no assignment succeeds until they are corrected"
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		e.RetryAfter = w.retryAfter(resp.Header.Get("Retry-After"))
	}
	if said != "" {
		e.Reason = activities.OneLine(e.Reason + ": " + said)
	}
	return e
}

// newerThere reads the number that the other side has, from a 409 whose JSON says "version"; 0 for none.
func newerThere(resp *http.Response, body []byte) int64 {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var has struct {
		Version int64 `json:"version"`
	}
	if err != nil || media != "application/problem+json" && media != "application/json" ||
		json.Unmarshal(body, &has) != nil {
		return 0
	}
	return has.Version
}

// misconfigured says whether an answer means that URL, keys or contract are wrong: redirects, and every 4xx
// that is neither a refusal nor a request to come later.
func misconfigured(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 300 && status < 500
}

// retryAfter reads seconds or an HTTP date; what it can't read is nothing.
func (w *Client) retryAfter(s string) time.Duration {
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
	if said := activities.OneLine(problem.Detail); said != "" {
		return said
	}
	return activities.OneLine(problem.Title)
}
