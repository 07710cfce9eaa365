package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"vlroles/activities"
)

// comeLater is how long to wait where a server asks for patience: greylisting, a full queue. 0: the usual
// backoff.
func comeLater(code int) time.Duration {
	switch code {
	case 421, 450, 451, 452:
		return 5 * time.Minute
	}
	return 0
}

func failed(a activities.Answer, after time.Duration) (activities.Answer, error) {
	return a, &activities.SendError{Answer: a, RetryAfter: after}
}

// atConnect judges a failure before any mail was spoken of: nothing was sent, and it is not the address's
// fault.
func atConnect(err error) (activities.Answer, error) {
	a := activities.Answer{Verdict: activities.Deferred, Text: activities.OneLine(err.Error())}
	var reply *textproto.Error
	var fault ourFault
	var hostname x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError // implicit TLS where the relay speaks STARTTLS
	switch {
	case errors.As(err, &reply):
		a.Code, a.Text = reply.Code, activities.OneLine(reply.Msg)
		if reply.Code >= 500 {
			a.Verdict = activities.Misconfigured
		} else {
			return failed(a, comeLater(a.Code))
		}
	case errors.As(err, &fault), errors.As(err, &hostname), errors.As(err, &authority),
		errors.As(err, &invalid), errors.As(err, &verification), errors.As(err, &noTLS),
		strings.Contains(err.Error(), "does not support STARTTLS"):
		a.Verdict = activities.Misconfigured
	}
	return failed(a, 0)
}

func beforeData(err error) bool {
	var e *mail.SendError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Reason {
	case mail.ErrConnCheck:
		return true
	case mail.ErrSMTPMailFrom, mail.ErrSMTPRcptTo:
		return e.ErrorCode() == 0 || e.ErrorCode() == 421
	}
	return false
}

// verdict judges a mail that was not taken (the table stands in the tests).
func verdict(err error) (activities.Answer, error) {
	var e *mail.SendError
	if !errors.As(err, &e) {
		return failed(activities.Answer{Verdict: activities.Deferred, Text: activities.OneLine(err.Error())},
			0)
	}
	a := activities.Answer{Verdict: activities.Deferred, Code: e.ErrorCode(), Text: replyText(e)}
	refusesUs := e.Reason == mail.ErrSMTPMailFrom || slices.Contains([]int{530, 534, 535, 538}, a.Code)
	switch {
	case a.Code >= 500 && refusesUs:
		a.Verdict = activities.Misconfigured
	case a.Code >= 500:
		a.Verdict = activities.Refused
		return a, nil
	case a.Code >= 400:
		return failed(a, comeLater(a.Code))
	case e.Reason == mail.ErrSMTPDataClose:
		a.Verdict = activities.Unknown
	}
	return failed(a, 0)
}

// replyText cuts the server's words out of the library's sentence, which goes on with other errors and the
// recipient. They stand behind the code, quoted since Go 1.26.
func replyText(e *mail.SendError) string {
	text := e.Error()
	if code := e.ErrorCode(); code > 0 {
		if _, after, ok := strings.Cut(text, strconv.Itoa(code)+" "); ok {
			text = after
		}
		if quoted, err := strconv.QuotedPrefix(text); err == nil {
			if words, err := strconv.Unquote(quoted); err == nil {
				return activities.OneLine(words)
			}
		}
	}
	text, _, _ = strings.Cut(text, ", affected ")
	return activities.OneLine(text)
}
