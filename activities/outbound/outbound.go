// Package outbound makes the HTTP clients with which adapters call systems of others.
package outbound

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vlroles/activities"
)

const maxHeader = 64 << 10

// Transport returns a transport that speaks TLS 1.2 or newer and reads no endless header.
func Transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.TLSHandshakeTimeout = 5 * time.Second
	t.MaxResponseHeaderBytes = maxHeader
	t.MaxIdleConnsPerHost = 20
	return t
}

// NoRedirect is a client's CheckRedirect: a redirect would carry what is secret to somebody else.
func NoRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// CheckURL says whether a base address can be called: http or https, without user, query and fragment.
func CheckURL(base string) error {
	u, err := url.Parse(base)
	isHTTP := err == nil && (u.Scheme == "http" || u.Scheme == "https")
	if !isHTTP || u.Host == "" || u.User != nil || strings.ContainsAny(base, "?#") {
		return errors.New("the URL must be http or https, without user, query and fragment")
	}
	return nil
}

// Unreached says in one line why system did not answer. It leaves out the URL, which holds the user's id.
func Unreached(system string, err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return system + " did not answer in time"
		}
		err = u.Err
	}
	return activities.OneLine(system + " can't be reached: " + err.Error())
}
