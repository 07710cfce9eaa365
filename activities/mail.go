package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/templates"
)

// MailLease is how long an attempt to send holds its mail: as long as SendMail may run, so that no second
// attempt comes between DATA and its answer.
const MailLease = 90 * time.Second

// Sender hands a letter to the relay.
type Sender interface {
	Send(context.Context, Letter) (Answer, error)
}

// MailOutcome is how a mail ended.
type MailOutcome struct {
	State  licensing.MailState `json:"state"` // sent, refused or dropped
	Reason string              `json:"reason,omitempty"`
}

// SendMail sends one mail of the ledger and records the outcome there. Sent, refused and dropped are
// outcomes; anything else is an error and is tried again, with the same Message-ID.
func (a *Activities) SendMail(ctx context.Context, id licensing.MailID) (MailOutcome, error) {
	claim, err := a.Rows.ClaimMail(ctx, id, MailLease)
	if err != nil {
		return MailOutcome{}, outward(err)
	}
	if !claim.Busy.IsZero() {
		return MailOutcome{}, temporal.NewApplicationErrorWithOptions("another attempt holds the mail", "Busy",
			temporal.ApplicationErrorOptions{NextRetryDelay: max(claim.Busy.Sub(a.Now()), time.Second), Category: temporal.ApplicationErrorCategoryBenign})
	}
	if claim.State != licensing.MailSending {
		return MailOutcome{State: claim.State}, nil
	}
	letter, err := a.letter(claim.Job)
	if err != nil {
		return MailOutcome{}, errors.Join(err, a.settle(ctx, claim.Job, licensing.Settlement{State: licensing.MailDeferred}))
	}
	if claim.Job.Unknown > 0 {
		a.Log.WarnContext(ctx, "mail is sent again: the outcome of an earlier attempt is not known", "mail", id, "unknown", claim.Job.Unknown)
	}
	answer, sendErr := a.Sender.Send(ctx, letter)
	if err := a.settle(ctx, claim.Job, settlement(answer)); err != nil {
		return MailOutcome{}, err
	}
	if sendErr != nil {
		return MailOutcome{}, a.again(ctx, id, answer, sendErr)
	}
	out := MailOutcome{State: licensing.MailSent}
	if answer.Verdict == Refused {
		out = MailOutcome{State: licensing.MailRefused, Reason: answer.Text}
		if answer.Code > 0 {
			out.Reason = fmt.Sprintf("%d %s", answer.Code, answer.Text)
		}
	}
	return out, nil
}

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

// settle records the outcome even where the activity is being stopped: what the relay took must not be
// forgotten.
func (a *Activities) settle(ctx context.Context, job licensing.MailJob, s licensing.Settlement) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return outward(a.Rows.SettleMail(ctx, job.ID, job.Attempt, s))
}

// again makes the error that has the mail tried once more. A fault of ours (login, certificate, sender) is
// logged as an error, since it stops every mail; what the receiving server asks for is expected.
func (a *Activities) again(ctx context.Context, id licensing.MailID, answer Answer, err error) error {
	o := temporal.ApplicationErrorOptions{}
	var s *SendError
	if errors.As(err, &s) {
		o.NextRetryDelay = s.RetryAfter
	}
	if answer.Verdict == Misconfigured {
		a.Log.ErrorContext(ctx, "the relay refuses us: no mail leaves until this is mended", "code", answer.Code, "answer", answer.Text)
	} else if answer.Verdict == Deferred {
		o.Category = temporal.ApplicationErrorCategoryBenign
	}
	a.Log.InfoContext(ctx, "mail was not taken", "mail", id, "verdict", answer.Verdict, "code", answer.Code)
	return temporal.NewApplicationErrorWithOptions(err.Error(), string(answer.Verdict), o)
}

// GiveUpMail records that a mail could not be delivered in time.
func (a *Activities) GiveUpMail(ctx context.Context, id licensing.MailID) error {
	return outward(a.Rows.GiveUpMail(ctx, id))
}

// letter writes the mail of a job.
func (a *Activities) letter(j licensing.MailJob) (Letter, error) {
	m, err := templates.Write(j, a.letterhead())
	if err != nil {
		return Letter{}, err
	}
	return Letter{
		ID: string(j.ID) + "@" + a.MailDomain, To: string(j.To), ToName: j.Name,
		Subject: m.Subject, Text: m.Text, HTML: m.HTML,
	}, nil
}

func (a *Activities) letterhead() templates.Letterhead {
	return templates.Letterhead{
		Support: a.Policy.Support, Portal: a.Portal, LinkBase: a.LinkBase,
		Propagation: a.Policy.Propagation, Token: a.Links.Token,
	}
}
