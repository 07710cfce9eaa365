package activities

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/templates"
	"vlroles/workflows/refusal"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// ledger is a Ledger that answers one claim and remembers what it was told.
type ledger struct {
	claim   licensing.MailLease
	err     error // of every call
	settled []licensing.Settlement
	attempt int
	ended   error // whether the context of SettleMail had ended
	lease   time.Duration
}

func (l *ledger) ClaimMail(
	_ context.Context, _ licensing.MailID, lease time.Duration,
) (licensing.MailLease, error) {
	l.lease = lease
	return l.claim, l.err
}

func (l *ledger) SettleMail(
	ctx context.Context, _ licensing.MailID, attempt int, s licensing.Settlement,
) error {
	l.settled, l.attempt, l.ended = append(l.settled, s), attempt, ctx.Err()
	return l.err
}

func (l *ledger) GiveUpMail(context.Context, licensing.MailID) (licensing.MailState, error) {
	return licensing.MailGivenUp, l.err
}

// sendFunc is a Sender.
type sendFunc func(context.Context, Message) (Answer, error)

func (f sendFunc) Send(ctx context.Context, m Message) (Answer, error) { return f(ctx, m) }

// changesMail is a claimed mail that tells Kim of a change.
func changesMail() licensing.MailLease {
	change := licensing.Verdict{License: "E1", Added: []licensing.Role{licensing.Administrator}}
	return licensing.MailLease{State: licensing.MailSending, Job: licensing.MailJob{
		ID: "c-1.changes", Kind: licensing.MailChanges, Attempt: 3, To: "kim@fabrikam.example",
		Name: "Kim Akers", Organization: "Contoso Ltd.", Changes: []licensing.Verdict{change},
	}}
}

// newMails returns the activities with a ledger and a sender that gives one answer, and their log.
func newMails(l *ledger, a Answer, err error) (*Mails, *bytes.Buffer) {
	var log bytes.Buffer
	send := func(context.Context, Message) (Answer, error) { return a, err }
	return &Mails{
		Ledger: l, Sender: sendFunc(send), MailDomain: "contoso.example", Now: atNoon,
		Letterhead: templates.Letterhead{Portal: "https://portal.example/"},
		Log:        slog.New(slog.NewTextHandler(&log, nil)),
	}, &log
}

func TestR55_WhatTheRelayAnswersIsRecordedAndIsTheOutcome(t *testing.T) {
	for _, tc := range []struct {
		name    string
		answer  Answer
		kept    licensing.MailState
		outcome licensing.MailOutcome
	}{
		{"a mail that was taken is sent", Answer{Verdict: Delivered, Code: 250, Text: "2.0.0 queued"},
			licensing.MailSent, licensing.MailOutcome{State: licensing.MailSent}},
		{"a refused mail says why, with the code",
			Answer{Verdict: Refused, Code: 550, Text: "5.1.1 no such mailbox"},
			licensing.MailRefused,
			licensing.MailOutcome{State: licensing.MailRefused, Reason: "550 5.1.1 no such mailbox"}},
		{"an address that can't be one is refused without a code",
			Answer{Verdict: Refused, Text: "no address"},
			licensing.MailRefused, licensing.MailOutcome{State: licensing.MailRefused, Reason: "no address"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := &ledger{claim: changesMail()}
			m, _ := newMails(l, tc.answer, nil)
			out, err := m.SendMail(t.Context(), "c-1.changes")
			if err != nil || out != tc.outcome {
				t.Errorf("outcome %+v, %v; want %+v", out, err, tc.outcome)
			}
			want := licensing.Settlement{State: tc.kept, Code: tc.answer.Code, Answer: tc.answer.Text}
			if len(l.settled) != 1 || l.settled[0] != want || l.attempt != 3 {
				t.Errorf("recorded %+v for attempt %d, want %+v", l.settled, l.attempt, want)
			}
			if l.lease != licensing.SendMailTimeout {
				t.Errorf("the mail is held for %s", l.lease)
			}
		})
	}
}

func TestAMailThatWasNotTakenIsTriedAgain(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer Answer
		after  time.Duration
		kept   licensing.MailState
		benign bool
		logged string
	}{
		{"when the relay asks to come later", Answer{Verdict: Deferred, Code: 451}, 5 * time.Minute,
			licensing.MailDeferred, true, "mail was not taken"},
		{"when the connection broke after the final dot", Answer{Verdict: Unknown}, 0,
			licensing.MailUnknown, false, "mail was not taken"},
		{"when the relay refuses our login, which is logged as an error",
			Answer{Verdict: Misconfigured, Code: 535}, 0, licensing.MailDeferred, false, "level=ERROR"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := &ledger{claim: changesMail()}
			m, log := newMails(l, tc.answer, &SendError{Answer: tc.answer, RetryAfter: tc.after})
			_, err := m.SendMail(t.Context(), "c-1.changes")
			var app *temporal.ApplicationError
			if !errors.As(err, &app) || app.NonRetryable() || app.Type() != string(tc.answer.Verdict) {
				t.Fatalf("ends with %v", err)
			}
			if app.NextRetryDelay() != tc.after {
				t.Errorf("comes again after %s", app.NextRetryDelay())
			}
			if benign := app.Category() == temporal.ApplicationErrorCategoryBenign; benign != tc.benign {
				t.Errorf("counts as expected: %t", benign)
			}
			if l.settled[0].State != tc.kept {
				t.Errorf("recorded as %s", l.settled[0].State)
			}
			if !strings.Contains(log.String(), tc.logged) || strings.Contains(log.String(), "kim@") {
				t.Errorf("logged %q", log)
			}
		})
	}
}

func TestAMailThatNeedsNoAttemptIsNotHandedOver(t *testing.T) {
	for name, state := range map[string]licensing.MailState{
		"because it was sent":             licensing.MailSent,
		"because it is no longer wanted":  licensing.MailDropped,
		"because it was refused for good": licensing.MailRefused,
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := newMails(&ledger{claim: licensing.MailLease{State: state}}, Answer{}, nil)
			m.Sender = sendFunc(func(context.Context, Message) (Answer, error) {
				t.Error("it was handed over")
				return Answer{}, nil
			})
			if out, err := m.SendMail(t.Context(), "m"); err != nil || out.State != state {
				t.Errorf("%+v, %v", out, err)
			}
		})
	}
}

func TestAMailThatAnotherAttemptHoldsComesAgainWhenThatOneIsOver(t *testing.T) {
	for name, tc := range map[string]struct{ end, after time.Duration }{
		"in a minute":                    {time.Minute, time.Minute},
		"at least a second later anyway": {-time.Minute, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			busy := licensing.MailLease{State: licensing.MailSending, Busy: noon.Add(tc.end)}
			m, _ := newMails(&ledger{claim: busy}, Answer{}, nil)
			_, err := m.SendMail(t.Context(), "m")
			var app *temporal.ApplicationError
			if !errors.As(err, &app) || app.NextRetryDelay() != tc.after || app.NonRetryable() {
				t.Errorf("ends with %v", err)
			}
		})
	}
}

func TestTheOutcomeIsRecordedEvenWhereTheWorkerStops(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	l := &ledger{claim: changesMail()}
	m, _ := newMails(l, Answer{}, nil)
	m.Sender = sendFunc(func(context.Context, Message) (Answer, error) {
		stop()
		return Answer{Verdict: Delivered}, nil
	})
	if out, err := m.SendMail(ctx, "c-1.changes"); err != nil || out.State != licensing.MailSent {
		t.Fatalf("%+v, %v", out, err)
	}
	if l.ended != nil || len(l.settled) != 1 {
		t.Errorf("recorded %v in a context with %v", l.settled, l.ended)
	}
}

func TestAMailThatCanNotBeRenderedIsDeferredAndTriedAgain(t *testing.T) {
	claim := changesMail()
	claim.Job.Kind = "unheard of"
	l := &ledger{claim: claim}
	m, _ := newMails(l, Answer{}, nil)
	if _, err := m.SendMail(t.Context(), "m"); err == nil || refusal.Decode(err) != nil {
		t.Fatalf("ends with %v", err)
	}
	if len(l.settled) != 1 || l.settled[0].State != licensing.MailDeferred {
		t.Errorf("recorded %+v", l.settled)
	}
}

func TestAMailWhoseFateIsNotKnownIsSentAgainAndCounted(t *testing.T) {
	claim := changesMail()
	claim.Job.Unknown = 2
	m, log := newMails(&ledger{claim: claim}, Answer{Verdict: Delivered}, nil)
	if _, err := m.SendMail(t.Context(), "m"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "unknown=2") {
		t.Errorf("logged %q", log)
	}
}

func TestAMailIsAddressedToThePersonWithItsOwnMessageID(t *testing.T) {
	var got Message
	m, _ := newMails(&ledger{claim: changesMail()}, Answer{}, nil)
	m.Sender = sendFunc(func(_ context.Context, message Message) (Answer, error) {
		got = message
		return Answer{Verdict: Delivered}, nil
	})
	if _, err := m.SendMail(t.Context(), "m"); err != nil {
		t.Fatal(err)
	}
	if got.ID != "c-1.changes@contoso.example" || got.To != "kim@fabrikam.example" ||
		got.ToName != "Kim Akers" {
		t.Errorf("%+v", got)
	}
	if got.Subject == "" || !strings.Contains(got.Text, "E1") || !strings.Contains(got.HTML, "E1") {
		t.Errorf("%+v", got)
	}
}

func TestALedgerThatRefusesEndsTheActivityAndOneThatIsAwayIsAskedAgain(t *testing.T) {
	gone := licensing.Refuse(licensing.NotFound, "", "there is no such mail")
	away := errors.New("database is away")
	for name, call := range map[string]func(*Mails) error{
		"sending":   func(m *Mails) error { _, err := m.SendMail(t.Context(), "m"); return err },
		"giving up": func(m *Mails) error { _, err := m.GiveUpMail(t.Context(), "m"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := newMails(&ledger{err: gone}, Answer{}, nil)
			var app *temporal.ApplicationError
			if err := call(m); !errors.As(err, &app) || !app.NonRetryable() ||
				refusal.Decode(err).Kind != licensing.NotFound {
				t.Errorf("refused with %v", err)
			}
			m, _ = newMails(&ledger{err: away}, Answer{}, nil)
			if err := call(m); !errors.Is(err, away) {
				t.Errorf("away with %v", err)
			}
		})
	}
}
