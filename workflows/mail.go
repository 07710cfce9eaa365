package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"vlroles/licensing"
)

// mailOptions is how a mail is sent: the relay may be away for a day.
func mailOptions(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:              MailQueue,
		StartToCloseTimeout:    licensing.SendMailTimeout,
		ScheduleToCloseTimeout: licensing.DeliverWithin,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 10 * time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Minute,
		},
		Summary: summary,
	}
}

// pendingMail is a mail that is being sent. A run goes on meanwhile. The zero pendingMail is none.
type pendingMail struct {
	id     licensing.MailID
	future workflow.Future
	cancel workflow.CancelFunc
}

// sendMail begins to send a mail of the ledger; "" is none.
func sendMail(ctx workflow.Context, id licensing.MailID, summary string) pendingMail {
	if id == "" {
		return pendingMail{}
	}
	mctx, cancel := workflow.WithCancel(workflow.WithActivityOptions(ctx, mailOptions(summary)))
	future := workflow.ExecuteActivity(mctx, string(SendMailActivity), id)
	return pendingMail{id: id, future: future, cancel: cancel}
}

// exists says whether there is a mail at all.
func (m pendingMail) exists() bool { return m.future != nil }

// isDone says whether the mail's outcome is known.
func (m pendingMail) isDone() bool { return m.future != nil && m.future.IsReady() }

// stop ends the attempts to send a mail that is no longer wanted.
func (m pendingMail) stop() {
	if m.cancel != nil {
		m.cancel()
	}
}

// outcome waits until the mail has been sent or refused. Where a day was not enough it records the mail as
// given up, unless the limits held it back: that one is still queued, and to be sent again (L07).
func (m pendingMail) outcome(ctx workflow.Context) (licensing.MailOutcome, error) {
	var out licensing.MailOutcome
	if m.future == nil {
		return out, nil
	}
	err := m.future.Get(ctx, &out)
	if err == nil || temporal.IsCanceledError(err) {
		return out, err
	}
	state, err := stepLocal(ctx, GiveUpMailActivity, "record that the mail was given up", m.id)
	if err != nil || state.Ended() || state == "" { // "": of a run that is older than the limits
		return licensing.MailOutcome{State: licensing.MailGivenUp, Reason: "not delivered within a day"}, err
	}
	return licensing.MailOutcome{State: licensing.MailQueued}, nil
}

// wait waits for the outcome of a mail where nothing follows from it.
func (m pendingMail) wait(ctx workflow.Context) error {
	out, err := m.outcome(ctx)
	for err == nil && out.State == licensing.MailQueued {
		out, err = sendMail(ctx, m.id, "mail that was held back").outcome(ctx)
	}
	return err
}
