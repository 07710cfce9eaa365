package commands

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows"
)

func TestR31_R32_ACommandOnAHandOverIsAnUpdateOfItsRun(t *testing.T) {
	cmd := licensing.HandOverCommand{Request: "r1", Org: contoso, HandOver: "h1", By: kim}
	for name, call := range map[string]func(*Client, context.Context) (licensing.HandOverView, error){
		workflows.AgreeUpdate: func(c *Client, ctx context.Context) (licensing.HandOverView, error) {
			return c.AgreeHandOver(ctx, cmd)
		},
		workflows.CancelUpdate: func(c *Client, ctx context.Context) (licensing.HandOverView, error) {
			return c.CancelHandOver(ctx, cmd)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.answer = licensing.HandOverView{State: licensing.HandOverAgreed}
			s.errs = []error{serviceerror.NewWorkflowNotReady("once more")}
			out, err := call(c, t.Context())
			if err != nil || out.State != licensing.HandOverAgreed || len(s.updates) != 2 {
				t.Fatalf("%+v, %v after %d calls", out, err, len(s.updates))
			}
			if u := s.updates[1]; u.WorkflowID != "handover/h1" || u.UpdateName != name ||
				!ofRequest(u, "r1") ||
				u.Args[0] != cmd {
				t.Errorf("%+v", u)
			}
			s.errs = []error{serviceerror.NewNotFound("no such run")}
			_, err = call(c, t.Context())
			if licensing.KindOf(err) != licensing.Conflict || !strings.Contains(err.Error(), "R32") {
				t.Errorf("a hand-over that has ended: %v", err)
			}
		})
	}
}

func TestR84_DirectoriesAreComparedAtIntervalsThatDoNotOverlap(t *testing.T) {
	c, s, _, _ := newClient(t)
	if err := c.CompareDirectories(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	o := s.schedule.created
	if o.ID != workflows.CompareID || o.Overlap != enumspb.SCHEDULE_OVERLAP_POLICY_SKIP ||
		o.Spec.Intervals[0].Every != time.Hour ||
		o.Spec.Jitter != time.Minute {
		t.Errorf("%+v", o)
	}
	if s.schedule.updated != 0 {
		t.Error("a new schedule was changed")
	}
}

func TestR84_AScheduleThatExistsGetsTheNewInterval(t *testing.T) {
	c, s, _, _ := newClient(t)
	s.schedule.createErr = temporal.ErrScheduleAlreadyRunning
	err := c.CompareDirectories(t.Context(), time.Minute)
	if err != nil || s.schedule.updated != time.Minute {
		t.Errorf("%v, changed to %s", err, s.schedule.updated)
	}
	s.schedule.createErr = errors.New("Temporal is away")
	if err := c.CompareDirectories(t.Context(), time.Minute); !errors.Is(err, s.schedule.createErr) {
		t.Error(err)
	}
}

func TestR84_NoIntervalEndsTheComparison(t *testing.T) {
	away := errors.New("Temporal is away")
	for _, tc := range []struct {
		name      string
		err, want error
	}{
		{"that there is", nil, nil},
		{"that there isn't", serviceerror.NewNotFound("no such schedule"), nil},
		{"on a server that is away", away, away},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.schedule.deleteErr = tc.err
			if err := c.CompareDirectories(t.Context(), 0); !errors.Is(err, tc.want) || !s.schedule.deleted {
				t.Errorf("%v, deleted: %t", err, s.schedule.deleted)
			}
		})
	}
}
