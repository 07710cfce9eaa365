package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vlroles/licensing"
)

// Key is a named secret that signs calls. The secret stands in a closure, where no print of the struct finds
// it.
type Key struct {
	ID  string
	mac func(message []byte) []byte
}

// NewKey takes an id of 1 to 16 letters and digits and a secret of at least 32 bytes.
func NewKey(id string, secret []byte) (Key, error) {
	odd := strings.ContainsFunc(id, func(r rune) bool { return r == '-' || notIDRune(r) })
	if id == "" || len(id) > 16 || odd {
		return Key{}, errors.New("webhook key: the id must have 1 to 16 letters and digits")
	}
	if len(secret) < 32 {
		return Key{}, fmt.Errorf("webhook key %q: the secret has %d bytes, at least 32 are needed", id,
			len(secret))
	}
	secret = bytes.Clone(secret)
	return Key{ID: id, mac: func(message []byte) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write(message) //nolint:errcheck // a hash's Write never fails
		return h.Sum(nil)
	}}, nil
}

// The headers of a call. Webhook-Id is a hash of Idempotency-Key, since it is signed and may hold no full
// stop.
const (
	headerIdempotency = "Idempotency-Key"
	headerID          = "Webhook-Id"
	headerTimestamp   = "Webhook-Timestamp"
	headerSignature   = "Webhook-Signature"
	headerKeyID       = "Webhook-Key-Id"
)

func signedText(id, timestamp string, body []byte) []byte {
	return append([]byte(id+"."+timestamp+"."), body...)
}

// tolerance is how far the clocks of the two sides may be apart.
const tolerance = 5 * time.Minute

// Verify is for receivers: it says whether a call was signed with one of the keys within five minutes of now.
// The signature covers id, timestamp and body, so compare the user of the body with the one of the path, and
// take Webhook-Id as the key of idempotency. Reading the body, bounded, is the caller's.
func Verify(h http.Header, body []byte, keys []Key, now time.Time) error {
	id, timestamp := h.Get(headerID), h.Get(headerTimestamp)
	if id == "" || len(id) > 128 || strings.Contains(id, ".") {
		return errors.New("verify webhook: " + headerID + " is missing or not valid")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("verify webhook: " + headerTimestamp + " is missing or not valid")
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return fmt.Errorf("verify webhook: %s is more than %s from now: compare the clocks",
			headerTimestamp, licensing.Period(tolerance))
	}
	given := strings.Fields(h.Get(headerSignature))
	if len(given) > 8 {
		return errors.New("verify webhook: " + headerSignature + " holds too many signatures")
	}
	if !signedByOne(keys, signedText(id, timestamp, body), given) {
		return errors.New("verify webhook: the signature is not that of one of the keys")
	}
	return nil
}

func signedByOne(keys []Key, text []byte, signatures []string) bool {
	for _, k := range keys {
		if k.mac == nil {
			continue
		}
		want := []byte("v1," + base64.StdEncoding.EncodeToString(k.mac(text)))
		for _, s := range signatures {
			if hmac.Equal([]byte(s), want) {
				return true
			}
		}
	}
	return false
}
