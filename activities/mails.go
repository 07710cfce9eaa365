package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/templates"
	"vlroles/workflows/refusal"
)

// Ledger keeps a row for every mail, which fences it.
type Ledger interface {
	ClaimMail(context.Context, licensing.MailID, time.Duration) (licensing.MailLease, error)
	SettleMail(context.Context, licensing.MailID, int, licensing.Settlement) error
	GiveUpMail(context.Context, licensing.MailID) (licensing.MailState, error)
}

// Sender hands a message to the relay. Delivered and Refused are outcomes and no error; the other verdicts
// come with a *SendError.
type Sender interface {
	Send(context.Context, Message) (Answer, error)
}

// Message is one mail to one person, rendered.
type Message struct {
	ID         string // the Message-ID without <>, fixed by what the mail is
	To, ToName string
	Subject    string
	Text, HTML string
}

// Verdict says what an attempt to send came to.
type Verdict string

// The verdicts.
const (
	Delivered Verdict = "delivered" // the relay took it
	Refused   Verdict = "refused"   // it never will: the address or the content
	Deferred  Verdict = "deferred"  // not now
	Unknown   Verdict = "unknown"   // the connection broke after the final dot: taken or not

	// The relay refuses us: login, certificate, sender. Every mail waits until this is corrected.
	Misconfigured Verdict = "misconfigured"
)

// Answer is what the relay said.
type Answer struct {
	Verdict Verdict
	Code    int    // its reply code, 0 for none
	Text    string // one line without addresses
}

// SendError is an attempt that should be made again. It holds no address.
type SendError struct {
	Answer
	RetryAfter time.Duration // what is worth waiting; 0: the usual backoff
}

// Error says the verdict and the server's answer.
func (e *SendError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("send mail: %s: %d %s", e.Verdict, e.Code, e.Text))
}

// Mails are the activities that send mail. Fields are set once, before the worker starts.
type Mails struct {
	Ledger     Ledger
	Sender     Sender // nil on a worker that has no mail queue
	Letterhead templates.Letterhead
	MailDomain string // the part of a Message-ID after the @
	Now        func() time.Time
	Log        *slog.Logger
}

// SendMail sends one mail of the ledger and records the outcome there. Sent, refused and dropped are
// outcomes; anything else is an error and is tried again, with the same Message-ID.
func (m *Mails) SendMail(ctx context.Context, id licensing.MailID) (licensing.MailOutcome, error) {
	claim, err := m.Ledger.ClaimMail(ctx, id, licensing.SendMailTimeout)
	if err != nil {
		return licensing.MailOutcome{}, refusal.FromActivity(err)
	}
	if !claim.Busy.IsZero() {
		return licensing.MailOutcome{}, m.busyUntil(claim.Busy)
	}
	if claim.State != licensing.MailSending {
		return licensing.MailOutcome{State: claim.State}, nil
	}
	return m.attempt(ctx, claim.Job)
}

// longestWait is how long a mail that is held back waits at most until somebody looks at it again. A delay
// that goes past the end of all attempts would end them at once.
const longestWait = time.Hour

// busyUntil makes this attempt come again when the other one's time is over, or the limits allow the mail.
func (m *Mails) busyUntil(end time.Time) error {
	o := temporal.ApplicationErrorOptions{
		NextRetryDelay: min(max(end.Sub(m.Now()), time.Second), longestWait),
		Category:       temporal.ApplicationErrorCategoryBenign,
	}
	return temporal.NewApplicationErrorWithOptions(
		"another attempt holds the mail, or the limits hold it back", "Busy", o)
}

// attempt renders the mail, hands it to the relay and records the answer.
func (m *Mails) attempt(ctx context.Context, job licensing.MailJob) (licensing.MailOutcome, error) {
	message, err := m.message(job)
	if err != nil {
		deferred := licensing.Settlement{State: licensing.MailDeferred}
		return licensing.MailOutcome{}, errors.Join(err, m.settle(ctx, job, deferred))
	}
	if job.Unknown > 0 {
		m.Log.WarnContext(ctx, "mail is sent again: the outcome of an earlier attempt is not known",
			"mail", job.ID, "unknown", job.Unknown)
	}
	answer, sendErr := m.Sender.Send(ctx, message)
	if err := m.settle(ctx, job, settlement(answer)); err != nil {
		return licensing.MailOutcome{}, err
	}
	if sendErr != nil {
		return licensing.MailOutcome{}, m.retryable(ctx, job.ID, answer, sendErr)
	}
	return outcome(answer), nil
}

// outcome says how a mail ended that the relay took or refused.
func outcome(a Answer) licensing.MailOutcome {
	if a.Verdict != Refused {
		return licensing.MailOutcome{State: licensing.MailSent}
	}
	reason := a.Text
	if a.Code > 0 {
		reason = fmt.Sprintf("%d %s", a.Code, a.Text)
	}
	return licensing.MailOutcome{State: licensing.MailRefused, Reason: reason}
}

// settlement says what the ledger keeps of an answer.
func settlement(a Answer) licensing.Settlement {
	s := licensing.Settlement{Code: a.Code, Answer: a.Text, State: licensing.MailDeferred}
	switch a.Verdict {
	case Delivered:
		s.State = licensing.MailSent
	case Refused:
		s.State = licensing.MailRefused
	case Unknown:
		s.State = licensing.MailUnknown
	}
	return s
}

// settleTimeout is how long the outcome may take to be recorded.
const settleTimeout = 10 * time.Second

// settle records the outcome even where the activity is being stopped: what the relay took must not be
// forgotten.
func (m *Mails) settle(ctx context.Context, job licensing.MailJob, s licensing.Settlement) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	return refusal.FromActivity(m.Ledger.SettleMail(ctx, job.ID, job.Attempt, s))
}

// retryable returns the error that has the mail tried once more. A fault of ours (login, certificate, sender)
// is logged as an error, since it stops every mail; what the receiving server asks for is expected.
func (m *Mails) retryable(ctx context.Context, id licensing.MailID, answer Answer, err error) error {
	o := temporal.ApplicationErrorOptions{}
	var s *SendError
	if errors.As(err, &s) {
		o.NextRetryDelay = s.RetryAfter
	}
	switch answer.Verdict {
	case Misconfigured:
		m.Log.ErrorContext(ctx, "the relay refuses us: no mail leaves until this is corrected",
			"code", answer.Code, "answer", answer.Text)
	case Deferred:
		o.Category = temporal.ApplicationErrorCategoryBenign
	}
	m.Log.InfoContext(ctx, "mail was not taken", "mail", id, "verdict", answer.Verdict, "code", answer.Code)
	return temporal.NewApplicationErrorWithOptions(err.Error(), string(answer.Verdict), o)
}

// GiveUpMail records that a mail could not be delivered in time, and returns its state: one that is not given
// up is to be sent again.
func (m *Mails) GiveUpMail(ctx context.Context, id licensing.MailID) (licensing.MailState, error) {
	state, err := m.Ledger.GiveUpMail(ctx, id)
	return state, refusal.FromActivity(err)
}
