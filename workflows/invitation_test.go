package workflows

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"vlroles/activities"
	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

const (
	hour = time.Hour
	day  = 24 * hour

	person = licensing.UserID("7f3a0000-0000-4000-8000-000000000001")
	ticket = licensing.InvitationID("7f3a0000-0000-4000-8000-000000000002")
)

// stage is one invitation under time skipping: activities are doubles that keep a diary.
type stage struct {
	*testsuite.TestWorkflowEnvironment
	t     *testing.T
	start time.Time
	mu    sync.Mutex // a local activity that ran out of time goes on beside the test
	diary []string
	mails map[licensing.MailID]licensing.MailOutcome // outcomes other than sent
}

// newBareStage has no doubles yet.
func newBareStage(t *testing.T) *stage {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	s := &stage{
		TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment(),
		t:                       t,
		mails:                   map[licensing.MailID]licensing.MailOutcome{},
	}
	s.start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	s.SetStartTime(s.start)
	s.SetTestTimeout(20 * time.Second)
	for _, a := range []any{&activities.Requests{}, &activities.Downstream{}, &activities.Mails{}} {
		s.RegisterActivity(a)
	}
	return s
}

// newStage is one whose mails are sent.
func newStage(t *testing.T) *stage {
	s := newBareStage(t)
	s.OnActivity(string(SendMailActivity), mock.Anything, mock.Anything).
		Return(func(_ context.Context, id licensing.MailID) (licensing.MailOutcome, error) {
			s.note("mail " + string(id))
			if out, ok := s.mails[id]; ok {
				return out, nil
			}
			return licensing.MailOutcome{State: licensing.MailSent}, nil
		}).
		Maybe()
	return s
}

func (s *stage) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.diary = append(s.diary, line)
}

func (s *stage) at(d time.Duration, f func()) { s.RegisterDelayedCallback(f, d) }

// sending is generation n of the invitation, made after d.
func (s *stage) sending(n int, d time.Duration, mail licensing.MailID) licensing.InvitationRun {
	return licensing.InvitationRun{
		Invitation: ticket,
		Generation: n,
		ExpiresAt:  s.start.Add(d + 30*day),
		RemindAt:   s.start.Add(d + 23*day),
		Mail:       mail,
	}
}

// update sends an update and keeps its answer.
func (s *stage) update(name, id string, arg any) *reply {
	r := &reply{}
	s.UpdateWorkflow(name, id, &testsuite.TestUpdateCallback{
		OnAccept:   func() { r.accepted = true },
		OnReject:   func(err error) { r.err = err },
		OnComplete: func(v any, err error) { r.value, r.err, r.done = v, err, true },
	}, arg)
	return r
}

type reply struct {
	accepted, done bool
	value          any
	err            error
}

func (s *stage) steps(change licensing.ChangeID, dues ...time.Duration) {
	var times []time.Time
	for _, d := range dues {
		times = append(times, s.start.Add(d))
	}
	s.OnActivity(string(RegisterActivity), mock.Anything, mock.Anything).Return(licensing.Registered{
		User: person, Propagation: licensing.Propagation{Change: change, Mail: "registered", Dues: times},
	}, nil).Maybe()
	s.OnActivity(string(ActivateActivity), mock.Anything, mock.Anything).
		Return(func(_ context.Context, c licensing.ChangeRef) (int, error) {
			s.note("active " + c.UpTo.Sub(s.start).String())
			return 1, nil
		}).
		Maybe()
	s.OnActivity(string(RemindActivity), mock.Anything, mock.Anything).
		Return(licensing.MailID("reminder"), nil).
		Maybe()
	s.OnActivity(string(ExpireActivity), mock.Anything, mock.Anything).
		Return(func(_ context.Context, g licensing.GenerationRef) (licensing.MailID, error) {
			s.note("expired " + s.Now().Sub(s.start).String())
			return "notice", nil
		}).
		Maybe()
}

func (s *stage) run(in InvitationInput) error {
	s.ExecuteWorkflow(Invitation, in)
	if !s.IsWorkflowCompleted() {
		s.t.Fatal("the run did not end")
	}
	return s.GetWorkflowError()
}

func (s *stage) expect(want ...string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.diary) != len(want) {
		s.t.Fatalf("diary:\n got %q\nwant %q", s.diary, want)
	}
	for n := range want {
		if s.diary[n] != want[n] {
			s.t.Fatalf("diary:\n got %q\nwant %q", s.diary, want)
		}
	}
}

func TestR60_RegisteredRolesBecomeActiveAtEachDueTime(t *testing.T) {
	s := newStage(t)
	s.steps("change", day+2*hour, day+10*hour)
	var answer *reply
	s.at(day, func() {
		answer = s.update(RegisterUpdate, "r1", licensing.Registration{Invitation: ticket, Generation: 1})
	})
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	if answer.err != nil || !answer.done {
		t.Fatalf("register: %+v", answer)
	}
	s.expect("mail welcome", "mail registered", "active 26h0m0s", "active 34h0m0s")
}

func TestR29_ASecondRegistrationIsRefusedWithoutATrace(t *testing.T) {
	s := newStage(t)
	s.steps("change", day+2*hour)
	var second *reply
	s.at(day, func() { s.update(RegisterUpdate, "r1", licensing.Registration{}) })
	s.at(day+hour, func() { second = s.update(RegisterUpdate, "r2", licensing.Registration{}) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	if e := refusal.Decode(second.err); second.accepted || e == nil || e.Rule != "R29" ||
		e.Kind != licensing.Gone {
		t.Fatalf("second registration: %+v", second)
	}
}

func TestR56_AnInvitationIsRemindedOnceAndExpiresWithOneNotice(t *testing.T) {
	s := newStage(t)
	s.steps("change")
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("mail welcome", "mail reminder", "expired 720h0m0s", "mail notice")
}

func TestR58_AResetGivesFullTimeAndANewMail(t *testing.T) {
	s := newStage(t)
	s.steps("change")
	s.OnActivity(string(ResetActivity), mock.Anything, mock.Anything).
		Return(s.sending(2, 20*day, "welcome 2"), nil)
	s.at(20*day, func() { s.update(ResetUpdate, "r1", licensing.Command{}) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("mail welcome", "mail welcome 2", "mail reminder", "expired 1200h0m0s", "mail notice")
}

func TestR58_AResendKeepsTheExpiry(t *testing.T) {
	s := newStage(t)
	s.steps("change")
	s.OnActivity(string(ResendActivity), mock.Anything, mock.Anything).
		Return(s.sending(1, 0, "welcome-2"), nil)
	s.at(29*day, func() { s.update(ResendUpdate, "r1", licensing.Command{}) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("mail welcome", "mail reminder", "mail welcome-2", "expired 720h0m0s", "mail notice")
}

func TestR58_ARefusedResendLeavesTheRunAsItWas(t *testing.T) {
	s := newStage(t)
	s.steps("change")
	s.OnActivity(string(ResendActivity), mock.Anything, mock.Anything).Return(licensing.InvitationRun{},
		refusal.Encode(licensing.Refuse(licensing.Locked, "R58", "too early")))
	var answer *reply
	s.at(hour, func() { answer = s.update(ResendUpdate, "r1", licensing.Command{}) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	if e := refusal.Decode(answer.err); e == nil || e.Kind != licensing.Locked {
		t.Fatalf("resend: %v", answer.err)
	}
	s.expect("mail welcome", "mail reminder", "expired 720h0m0s", "mail notice")
}

func TestR55_ARefusedMailWaitsForResetWithoutAReminder(t *testing.T) {
	s := newStage(t)
	s.steps("change", 50*day+2*hour)
	s.mails["welcome"] = licensing.MailOutcome{State: licensing.MailRefused, Reason: "550"}
	s.OnActivity(string(ResetActivity), mock.Anything, mock.Anything).
		Return(s.sending(2, 25*day, "welcome 2"), nil)
	s.at(25*day, func() { s.update(ResetUpdate, "r1", licensing.Command{}) })
	s.at(50*day, func() { s.update(RegisterUpdate, "r2", licensing.Registration{}) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("mail welcome", "mail welcome 2", "mail reminder", "mail registered", "active 1202h0m0s")
}

func TestR82_ACancelledInvitationEndsAtOnce(t *testing.T) {
	s := newStage(t)
	s.steps("change")
	s.OnActivity(string(CancelActivity), mock.Anything, mock.Anything).
		Return(licensing.Withdrawal{Withdrawn: 1, Ended: true}, nil)
	s.at(hour, func() { s.update(CancelUpdate, "r1", licensing.Command{}) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("mail welcome")
	if got := s.Now().Sub(s.start); got != hour {
		t.Fatalf("ended after %s", got)
	}
}

func TestR82_ACancelThatLeavesOthersRolesKeepsTheInvitation(t *testing.T) {
	s := newStage(t)
	s.steps("change")
	s.OnActivity(string(CancelActivity), mock.Anything, mock.Anything).
		Return(licensing.Withdrawal{Withdrawn: 1, Remaining: 2}, nil)
	s.at(hour, func() { s.update(CancelUpdate, "r1", licensing.Command{}) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("mail welcome", "mail reminder", "expired 720h0m0s", "mail notice")
}

func TestAnOperatorsCancelMarksTheInvitationFailed(t *testing.T) {
	s := newStage(t)
	s.steps("change")
	s.OnActivity(string(BreakActivity), mock.Anything, mock.Anything).
		Return(func(_ context.Context, g licensing.GenerationRef) error {
			s.note("broken " + g.Reason)
			return nil
		})
	s.at(hour, s.CancelWorkflow)
	err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")})
	if !temporal.IsCanceledError(err) {
		t.Fatalf("want cancelled, got %v", err)
	}
	s.expect("mail welcome", "broken ended by an operator")
}

func TestAnOperatorsCancelDuringPropagationMarksTheRolesFailed(t *testing.T) {
	s := newStage(t)
	s.steps("change", day+2*hour)
	s.OnActivity(string(FailActivity), mock.Anything, mock.Anything).
		Return(func(_ context.Context, c licensing.ChangeRef) error {
			s.note("failed " + c.Reason)
			return nil
		})
	s.at(day, func() { s.update(RegisterUpdate, "r1", licensing.Registration{}) })
	s.at(day+hour, s.CancelWorkflow)
	err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")})
	if !temporal.IsCanceledError(err) {
		t.Fatalf("want cancelled, got %v", err)
	}
	s.expect("mail welcome", "mail registered", "failed ended by an operator")
}

func TestR54_WhatTheDownstreamRefusesIsFailedAndTheRestGoesOn(t *testing.T) {
	s := newStage(t)
	s.steps("change", day+2*hour, day+10*hour)
	s.OnActivity(string(ProvisionActivity), mock.Anything, mock.Anything).
		Return(func(_ context.Context, c licensing.ChangeRef) error {
			if c.UpTo.Equal(s.start.Add(day + 2*hour)) {
				return temporal.NewNonRetryableApplicationError("quota", licensing.RefusedDownstream, nil)
			}
			return nil
		})
	s.OnActivity(string(FailActivity), mock.Anything, mock.Anything).
		Return(func(_ context.Context, c licensing.ChangeRef) error {
			s.note("failed " + c.UpTo.Sub(s.start).String() + " " + c.Reason)
			return nil
		})
	s.at(day, func() { s.update(RegisterUpdate, "r1", licensing.Registration{}) })
	err := s.run(
		InvitationInput{User: person, Run: s.sending(1, 0, "welcome"), Settings: Settings{Provision: true}},
	)
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || app.Type() != FailedRun {
		t.Fatalf("want a failed run, got %v", err)
	}
	s.expect(
		"mail welcome",
		"mail registered",
		"failed 26h0m0s the downstream system refused: quota",
		"active 34h0m0s",
	)
}

func TestR54_ADownstreamThatIsAwayForAnHourIsFailed(t *testing.T) {
	s := newStage(t)
	s.steps("change", 2*hour)
	s.OnActivity(string(ProvisionActivity), mock.Anything, mock.Anything).
		Return(errors.New("connection refused"))
	s.OnActivity(string(FailActivity), mock.Anything, mock.Anything).
		Return(func(_ context.Context, c licensing.ChangeRef) error {
			s.note(c.Reason)
			return nil
		})
	s.ExecuteWorkflow(Assignment, AssignmentInput{User: person, Settings: Settings{Provision: true},
		Propagation: licensing.Propagation{
			Change: "change",
			Mail:   "changes",
			Dues:   []time.Time{s.start.Add(2 * hour)},
		}})
	if s.GetWorkflowError() == nil {
		t.Fatal("want a failed run")
	}
	s.expect("mail changes", "the downstream system did not answer within 1 hour")
}

func TestAMailInBackoffIsPreemptedByARegistration(t *testing.T) {
	s := newBareStage(t)
	s.OnActivity(string(SendMailActivity), mock.Anything, licensing.MailID("welcome")).
		Return(licensing.MailOutcome{}, errors.New("connection refused"))
	s.OnActivity(string(SendMailActivity), mock.Anything, licensing.MailID("registered")).
		Return(licensing.MailOutcome{State: licensing.MailSent}, nil)
	s.steps("change", 3*hour)
	s.at(hour, func() { s.update(RegisterUpdate, "r1", licensing.Registration{}) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("active 3h0m0s")
}

func TestR55_AMailThatADayDoesNotDeliverIsGivenUp(t *testing.T) {
	s := newBareStage(t)
	attempts := 0
	s.OnActivity(string(SendMailActivity), mock.Anything, licensing.MailID("welcome")).
		Return(func(context.Context, licensing.MailID) (licensing.MailOutcome, error) {
			attempts++
			return licensing.MailOutcome{}, errors.New("connection refused")
		})
	s.OnActivity(string(SendMailActivity), mock.Anything, licensing.MailID("notice")).
		Return(licensing.MailOutcome{State: licensing.MailSent}, nil)
	s.OnActivity(string(GiveUpMailActivity), mock.Anything, licensing.MailID("welcome")).
		Return(func(context.Context, licensing.MailID) (licensing.MailState, error) {
			s.note("given up")
			return licensing.MailGivenUp, nil
		})
	s.steps("change")
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("given up", "expired 720h0m0s")
	if attempts < 5 || attempts > 70 {
		t.Fatalf("%d attempts in a day", attempts)
	}
}

func TestL07_AMailThatTheLimitsHeldForADayIsSentAgain(t *testing.T) {
	for name, held := range map[string]licensing.MailID{"the invitation's": "welcome", "the notice": "notice"} {
		t.Run(name, func(t *testing.T) {
			s := newBareStage(t)
			runs := 0
			s.OnActivity(string(SendMailActivity), mock.Anything, mock.Anything).
				Return(func(_ context.Context, id licensing.MailID) (licensing.MailOutcome, error) {
					if id == held && runs < 2 {
						return licensing.MailOutcome{}, errors.New("held back")
					}
					s.note("sent " + string(id))
					return licensing.MailOutcome{State: licensing.MailSent}, nil
				})
			s.OnActivity(string(GiveUpMailActivity), mock.Anything, held).
				Return(func(context.Context, licensing.MailID) (licensing.MailState, error) {
					runs++
					return licensing.MailQueued, nil
				})
			s.steps("change")
			if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
				t.Fatal(err)
			}
			s.expect("sent welcome", "sent reminder", "expired 720h0m0s", "sent notice")
		})
	}
}

func TestR62_ARunningInvitationTakesUpTheGenerationThatASaveMade(t *testing.T) {
	s := newStage(t)
	s.steps("change")
	s.at(hour, func() { s.update(AdoptUpdate, "r1", s.sending(2, hour, "welcome 2")) })
	// the same once more
	s.at(2*hour, func() { s.update(AdoptUpdate, "r2", s.sending(2, hour, "welcome 2")) })
	if err := s.run(InvitationInput{User: person, Run: s.sending(1, 0, "welcome")}); err != nil {
		t.Fatal(err)
	}
	s.expect("mail welcome", "mail welcome 2", "mail reminder", "expired 721h0m0s", "mail notice")
}

func TestARunThatWasStartedForNothingEnds(t *testing.T) {
	s := newStage(t)
	if err := s.run(InvitationInput{User: person}); err != nil {
		t.Fatal(err)
	}
	s.expect()
}

func TestASlowDatabaseFallsBackToARegularStep(t *testing.T) {
	s := newStage(t)
	var calls atomic.Int32 // an attempt that ran out of time may still be at it
	s.OnActivity(string(ActivateActivity), mock.Anything, mock.Anything).
		Return(func(context.Context, licensing.ChangeRef) (int, error) {
			switch n := calls.Add(1); {
			case n < 6:
				return 0, errors.New("database is away")
			case n == 6:
				s.note("active")
			}
			return 1, nil
		})
	s.ExecuteWorkflow(
		Assignment,
		AssignmentInput{
			User:        person,
			Propagation: licensing.Propagation{Change: "change", Dues: []time.Time{s.start.Add(hour)}},
		},
	)
	if err := s.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	s.expect("active")
}

func TestR71_RolesThatWereOnlyTakenAwayNeedNoTimer(t *testing.T) {
	s := newStage(t)
	s.ExecuteWorkflow(
		Assignment,
		AssignmentInput{
			User:        person,
			Propagation: licensing.Propagation{Change: "change", Mail: "changes", Removed: true},
		},
	)
	if err := s.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
	s.expect("mail changes")
	if got := s.Now().Sub(s.start); got > time.Minute {
		t.Fatalf("took %s", got)
	}
}
