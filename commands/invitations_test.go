package commands

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"vlroles/licensing"
	"vlroles/workflows"
)

var noWorker = client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)

func registration() licensing.Registration {
	return licensing.Registration{Request: "r1", Invitation: ticket, Generation: 2}
}

func TestR58_ACommandGoesToTheRunOfTheInvitation(t *testing.T) {
	command := licensing.Command{Request: "r1", Org: contoso, User: kim}
	for _, tc := range []struct {
		name       string
		call       func(context.Context, *Client) error
		generation int // that a lost run goes on with
	}{
		{workflows.RegisterUpdate, func(ctx context.Context, c *Client) error {
			out, err := c.Register(ctx, registration())
			return errors.Join(err, want(out.User, kim))
		}, 2},
		{workflows.ResendUpdate, func(ctx context.Context, c *Client) error {
			out, err := c.Resend(ctx, command)
			return errors.Join(err, want(out.Generation, 2))
		}, 2},
		{workflows.ResetUpdate, func(ctx context.Context, c *Client) error {
			out, err := c.Reset(ctx, command)
			return errors.Join(err, want(out.Generation, 2))
		}, 0},
		{workflows.CancelUpdate, func(ctx context.Context, c *Client) error {
			out, err := c.Cancel(ctx, command)
			return errors.Join(err, want(out.Withdrawn, 1))
		}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.answer = map[string]any{
				workflows.RegisterUpdate: licensing.Registered{User: kim},
				workflows.ResendUpdate:   licensing.InvitationRun{Generation: 2},
				workflows.ResetUpdate:    licensing.InvitationRun{Generation: 2},
				workflows.CancelUpdate:   licensing.Withdrawal{Withdrawn: 1},
			}[tc.name]
			if err := tc.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			got := s.starts[0]
			if got.options.ID != "invitation/kim" || got.update.UpdateName != tc.name ||
				!ofRequest(got.update, "r1") {
				t.Errorf("started %s with %+v", got.options.ID, got.update)
			}
			in := got.invitation(t)
			if in.User != kim || in.Run.Generation != tc.generation || in.Settings.Jitter != time.Second {
				t.Errorf("started with %+v", in)
			}
			if hasDue := got.attribute("VlDueAt") != ""; hasDue != (tc.generation > 0) ||
				got.attribute("VlUser") != "kim" {
				t.Errorf("due: %t, user: %v", hasDue, got.attribute("VlUser"))
			}
		})
	}
}

// want compares what was answered.
func want[T comparable](got, want T) error {
	if got != want {
		return errors.New("another answer came back")
	}
	return nil
}

func TestR58_AnInvitationThatHasEndedStartsARunForTheCommandAlone(t *testing.T) {
	c, s, r, _ := newClient(t)
	r.at.State = licensing.InvitationExpired
	_, err := c.Resend(t.Context(), licensing.Command{Request: "r1", Org: contoso, User: kim})
	if err != nil {
		t.Fatal(err)
	}
	if in := s.starts[0].invitation(t); in.Run.Generation != 0 {
		t.Errorf("started with %+v", in)
	}
}

func TestWhatTheRowRefusesAsksNoRun(t *testing.T) {
	away := errors.New("database is away")
	for _, tc := range []struct {
		name string
		rows func(*rows)
		kind licensing.Kind
		rule string
	}{
		{"R29 an invitation that somebody else used", func(r *rows) {
			r.at.State = licensing.InvitationAccepted
			r.registeredErr = licensing.Refuse(licensing.NotFound, "", "another request")
		}, licensing.Gone, "R29"},
		{"R58 a link that a newer one replaced", func(r *rows) { r.at.Run.Generation = 3 },
			licensing.Gone, "R58"},
		{"R56 an invitation that has expired", func(r *rows) {
			r.at.Run.ExpiresAt = time.Now().Add(-time.Minute)
		}, licensing.Gone, "R56"},
		{"R82 an invitation that was cancelled", func(r *rows) {
			r.at.State = licensing.InvitationCancelled
		}, licensing.Gone, "R82"},
		{"rows that can't be read", func(r *rows) { r.err = away }, "", ""},
		{"rows that can't be read the second time", func(r *rows) {
			r.at.State, r.registeredErr = licensing.InvitationAccepted, away
		}, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, s, r, _ := newClient(t)
			tc.rows(r)
			_, err := c.Register(t.Context(), registration())
			if err == nil || licensing.KindOf(err) != tc.kind || !strings.Contains(err.Error(), tc.rule) {
				t.Errorf("%q: %v", licensing.KindOf(err), err)
			}
			if len(s.starts) > 0 {
				t.Errorf("started %+v", s.starts)
			}
		})
	}
}

func TestR29_ARegistrationWhoseAnswerWasLostIsAnsweredFromTheRow(t *testing.T) {
	c, s, r, _ := newClient(t)
	r.at.State, r.registered = licensing.InvitationAccepted, licensing.Registered{User: kim}
	out, err := c.Register(t.Context(), registration())
	if err != nil || out.User != kim || len(s.starts) > 0 {
		t.Errorf("%+v, %v, %d starts", out, err, len(s.starts))
	}
}

func TestR43_WhoIsNotThereAndWhoMayNotBeSeenAreOneAnswer(t *testing.T) {
	command := licensing.Command{Request: "r1", Org: contoso, User: "nobody"}
	for name, call := range map[string]func(*Client) error{
		"resend": func(c *Client) error { _, err := c.Resend(t.Context(), command); return err },
		"reset":  func(c *Client) error { _, err := c.Reset(t.Context(), command); return err },
		"cancel": func(c *Client) error { _, err := c.Cancel(t.Context(), command); return err },
	} {
		t.Run(name, func(t *testing.T) {
			c, s, r, _ := newClient(t)
			r.err = licensing.Hidden()
			err := call(c)
			if licensing.KindOf(err) != licensing.NotFound || !strings.Contains(err.Error(), "R43") ||
				len(s.starts) > 0 {
				t.Errorf("%v, %d starts", err, len(s.starts))
			}
		})
	}
}

func TestR58_OnlyARunWhoseTasksFailIsReplaced(t *testing.T) {
	for _, tc := range []struct {
		name     string
		tries    int32
		replaced bool
	}{
		{"its workflow task is tried again and again", 2, true},
		{"no worker has taken its workflow task", 1, false},
		{"no workflow task is pending", 0, false},
		{"there is no run", -1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, s, _, log := newClient(t)
			s.answer, s.errs, s.taskTries = licensing.InvitationRun{Generation: 3}, []error{noWorker},
				tc.tries
			out, err := c.Reset(t.Context(), licensing.Command{Request: "r1", Org: contoso, User: kim})
			if !tc.replaced {
				if licensing.KindOf(err) != licensing.Unavailable || len(s.terminated) > 0 ||
					len(s.starts) != 1 {
					t.Errorf("%v, terminated %v, %d starts", err, s.terminated, len(s.starts))
				}
				return
			}
			if err != nil || out.Generation != 3 || len(s.starts) != 2 {
				t.Fatalf("%+v, %v, %d starts", out, err, len(s.starts))
			}
			if len(s.terminated) != 1 || s.terminated[0] != "invitation/kim" {
				t.Errorf("terminated %v", s.terminated)
			}
			if s.starts[0].update.UpdateID != s.starts[1].update.UpdateID {
				t.Error("the second try has another id")
			}
			if !strings.Contains(log.String(), "invitation/kim") ||
				!strings.Contains(log.String(), "command=reset") {
				t.Errorf("logged %q", log)
			}
		})
	}
}

func TestACallerWhoIsGoneReplacesNoRun(t *testing.T) {
	c, s, _, _ := newClient(t)
	s.errs, s.taskTries = []error{noWorker}, 5
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := c.Reset(ctx, licensing.Command{Request: "r1", Org: contoso, User: kim})
	if licensing.KindOf(err) != licensing.Unavailable || len(s.terminated) > 0 {
		t.Errorf("%v, terminated %v", err, s.terminated)
	}
}
