package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/templates"
	"vlroles/workflows/refusal"
)

// Sender hands a letter to the relay.
type Sender interface {
	Send(context.Context, Letter) (Answer, error)
}

// SendMail sends one mail of the ledger and records the outcome there. Sent, refused and dropped are outcomes; anything
// else is an error and is tried again, with the same Message-ID.
func (a *Activities) SendMail(ctx context.Context, id licensing.MailID) (licensing.MailOutcome, error) {
	claim, err := a.Rows.ClaimMail(ctx, id, licensing.SendMailTimeout, a.Now())
	if err != nil {
		return licensing.MailOutcome{}, refusal.FromActivity(err)
	}
	if !claim.Busy.IsZero() {
		return licensing.MailOutcome{}, temporal.NewApplicationErrorWithOptions("another attempt holds the mail", "Busy",
			temporal.ApplicationErrorOptions{NextRetryDelay: max(claim.Busy.Sub(a.Now()), time.Second), Category: temporal.ApplicationErrorCategoryBenign})
	}
	if claim.State != licensing.MailSending {
		return licensing.MailOutcome{State: claim.State}, nil
	}
	letter, err := a.letter(claim.Job)
	if err != nil {
		return licensing.MailOutcome{}, errors.Join(err, a.settle(ctx, claim.Job, licensing.Settlement{State: licensing.MailDeferred}))
	}
	if claim.Job.Unknown > 0 {
		a.Log.WarnContext(ctx, "mail is sent again: the outcome of an earlier attempt is not known", "mail", id, "unknown", claim.Job.Unknown)
	}
	answer, sendErr := a.Sender.Send(ctx, letter)
	if err := a.settle(ctx, claim.Job, settlement(answer)); err != nil {
		return licensing.MailOutcome{}, err
	}
	if sendErr != nil {
		return licensing.MailOutcome{}, a.again(ctx, id, answer, sendErr)
	}
	out := licensing.MailOutcome{State: licensing.MailSent}
	if answer.Verdict == Refused {
		out = licensing.MailOutcome{State: licensing.MailRefused, Reason: answer.Text}
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

// settle records the outcome even where the activity is being stopped: what the relay took must not be forgotten.
func (a *Activities) settle(ctx context.Context, job licensing.MailJob, s licensing.Settlement) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return refusal.FromActivity(a.Rows.SettleMail(ctx, job.ID, job.Attempt, s, a.Now()))
}

// again makes the error that has the mail tried once more. A fault of ours (login, certificate, sender) is logged as an
// error, since it stops every mail; what the receiving server asks for is expected.
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
	return refusal.FromActivity(a.Rows.GiveUpMail(ctx, id, a.Now()))
}

// letter renders a job.
func (a *Activities) letter(j licensing.MailJob) (Letter, error) {
	m, err := a.render(j)
	if err != nil {
		return Letter{}, fmt.Errorf("render mail of kind %s: %w", j.Kind, err)
	}
	return Letter{ID: string(j.ID) + "@" + a.MailDomain, To: string(j.To), ToName: j.Name, Subject: m.Subject, Text: m.Text, HTML: m.HTML}, nil
}

func (a *Activities) render(j licensing.MailJob) (templates.Mail, error) {
	common := templates.Common{Name: j.Name, Organization: j.Organization, Support: a.Policy.Support}
	switch j.Kind {
	case licensing.MailWelcome, licensing.MailReminder:
		token, err := a.Links.Token(j.Invitation, j.Generation, j.KeyID)
		if err != nil {
			return templates.Mail{}, err
		}
		w := templates.Welcome{Common: common, Link: a.LinkBase + token, Expires: j.Expires, InviteFor: j.InviteFor, Forwardable: j.Forwardable, Access: access(j.Access), Propagation: a.Policy.Propagation}
		if j.Kind == licensing.MailReminder {
			return templates.Reminder{Welcome: w}.Mail()
		}
		return w.Mail()
	case licensing.MailRegistered:
		return templates.Registered{Common: common, Portal: a.Portal, Access: access(j.Access)}.Mail()
	case licensing.MailChanges:
		return templates.Changes{Common: common, Portal: a.Portal, Changes: changes(j.Changes)}.Mail()
	case licensing.MailConfirmation:
		return templates.Confirmation{Common: common, Request: j.Request, Portal: a.Portal, People: confirmed(j.People)}.Mail()
	case licensing.MailExpired:
		return templates.Expired{Common: common, Person: j.Person, Email: j.PersonEmail, Access: access(j.Access), Portal: a.Portal}.Mail()
	case licensing.MailForwarded:
		return templates.Forwarded{Common: common, Licenses: licenses(j.Access)}.Mail()
	case licensing.MailHandOver:
		return templates.HandOver{Common: common, Licenses: licenses(j.Access), Portal: a.Portal}.Mail()
	}
	return templates.Mail{}, fmt.Errorf("no template for mails of kind %q", j.Kind)
}

func licenses(in []licensing.AccessEntry) []licensing.LicenseID {
	out := make([]licensing.LicenseID, len(in))
	for n, e := range in {
		out[n] = e.License
	}
	return out
}

func access(in []licensing.AccessEntry) []templates.Access {
	out := make([]templates.Access, len(in))
	for n, e := range in {
		out[n] = templates.Access{License: e.License, Roles: e.Roles, DueAt: e.DueAt}
	}
	return out
}

func changes(in []licensing.Verdict) []templates.Change {
	out := make([]templates.Change, len(in))
	for n, v := range in {
		out[n] = templates.Change{License: v.License, Added: v.Added, Removed: v.Removed, DueAt: v.DueAt}
	}
	return out
}

func confirmed(in []licensing.ConfirmedPerson) []templates.ConfirmedPerson {
	out := make([]templates.ConfirmedPerson, len(in))
	for n, p := range in {
		out[n] = templates.ConfirmedPerson{Name: p.Name, Email: p.Email, Verdicts: p.Verdict.Verdicts, Updated: p.Verdict.Updated}
		if p.Verdict.Error != nil {
			out[n].Refused = p.Verdict.Error.Error()
		}
	}
	return out
}
