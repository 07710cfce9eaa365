package commands

import (
	"context"
	"reflect"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
	"vlroles/workflows"
	"vlroles/workflows/refusal"
)

func TestEveryRequestIsAWorkflowOfItsOwnWhoseAnswerIsWaitedFor(t *testing.T) {
	const id = licensing.RequestID("r1")
	command := licensing.Command{Request: id, Org: contoso, User: kim}
	for _, tc := range []struct {
		workflowID string
		workflow   any
		call       func(context.Context, *Client) (any, error)
		answer     any
	}{
		{"save/r1", workflows.Save, func(ctx context.Context, c *Client) (any, error) {
			return c.Save(ctx, licensing.Save{ID: id, Org: contoso})
		}, licensing.SaveAnswer{Work: 3}},
		{"apply/r1", workflows.Apply, func(ctx context.Context, c *Client) (any, error) {
			return c.Apply(ctx, licensing.Intake{ID: id, Org: contoso})
		}, licensing.IntakeAnswer{Work: 3}},
		{"contact/r1", workflows.ChangeContact, func(ctx context.Context, c *Client) (any, error) {
			return c.ChangeContact(ctx, licensing.ContactChange{ID: id, Org: contoso})
		}, licensing.IntakeAnswer{Work: 4}},
		{"directory/r1", workflows.Directory, func(ctx context.Context, c *Client) (any, error) {
			return c.Directory(ctx, licensing.DirectoryChange{ID: id, Org: contoso})
		}, licensing.DirectoryAnswer{Work: 3}},
		{"delete/r1", workflows.Delete, func(ctx context.Context, c *Client) (any, error) {
			return c.Delete(ctx, command)
		}, licensing.Deletion{Work: 3}},
		{"recheck/r1", workflows.Recheck, func(ctx context.Context, c *Client) (any, error) {
			return c.Recheck(ctx, command)
		}, licensing.Rechecked{Work: 3}},
		{"preference/r1", workflows.Prefer, func(ctx context.Context, c *Client) (any, error) {
			return c.SetPreference(ctx, licensing.PreferenceChange{Request: id, Org: contoso})
		}, licensing.PreferenceAnswer{Work: 3}},
		{"seat/r1", workflows.Seat, func(ctx context.Context, c *Client) (any, error) {
			return c.Appoint(ctx, licensing.Appointment{ID: id, Org: contoso})
		}, licensing.SaveAnswer{Work: 5}},
		{"handover/r1", workflows.HandOver, func(ctx context.Context, c *Client) (any, error) {
			return c.HandOver(ctx, licensing.HandOver{ID: id, Org: contoso})
		}, licensing.HandOverAnswer{Work: 3}},
	} {
		t.Run(tc.workflowID, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.answer = tc.answer
			answer, err := tc.call(t.Context(), c)
			if err != nil || !reflect.DeepEqual(answer, tc.answer) {
				t.Fatalf("%+v, %v", answer, err)
			}
			got := s.starts[0]
			if got.options.ID != tc.workflowID || !same(got.workflow, tc.workflow) ||
				got.options.TaskQueue != workflows.Queue {
				t.Errorf("started %+v", got.options)
			}
			if got.update.WorkflowID != tc.workflowID || !ofRequest(got.update, "r1") ||
				got.update.UpdateName != workflows.VerdictsUpdate ||
				got.update.WaitForStage != client.WorkflowUpdateStageCompleted {
				t.Errorf("updated with %+v", got.update)
			}
			if got.options.Priority.FairnessKey != "contoso" || got.options.StaticSummary == "" ||
				got.options.WorkflowIDConflictPolicy != enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING {
				t.Errorf("started with %+v", got.options)
			}
			for name, want := range map[string]string{
				"VlOrganization": "contoso", "VlRequest": "r1", "VlStatus": "Open",
			} {
				if got.attribute(name) != want {
					t.Errorf("%s is %v", name, got.attribute(name))
				}
			}
		})
	}
}

// same says whether two functions are one.
func same(a, b any) bool { return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer() }

func TestR03_WhatPartnersSayOfALicenseIDGoesToTheOneWorkflowOfIt(t *testing.T) {
	c, s, _, _ := newClient(t)
	s.answer = licensing.IntakeAnswer{Work: 1}
	put := licensing.AgreementPut{
		ID:        "r1",
		Org:       contoso,
		Agreement: licensing.ContractAgreement{License: "e100"},
	}
	if out, err := c.PutAgreement(t.Context(), put); err != nil || out.Work != 1 {
		t.Fatal(out, err)
	}
	l, err := licensing.ParseLicenseID("e100")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.starts[0]; got.options.ID != workflows.AgreementID(l) ||
		got.update.UpdateName != workflows.PutUpdate ||
		len(got.update.Args) != 1 {
		t.Errorf("started %+v with %+v", got.options, got.update)
	}
	put.Agreement.License = "not a License ID"
	if _, err := c.PutAgreement(t.Context(), put); licensing.KindOf(err) != licensing.Invalid ||
		len(s.starts) != 1 {
		t.Errorf("%v, %d starts", err, len(s.starts))
	}
}

func TestWhatTemporalSaysBecomesWhatACallerCanUse(t *testing.T) {
	refused := licensing.Refuse(licensing.Forbidden, "R05", "you may not").In("people[0]")
	plain := serviceerror.NewInternal("a bug")
	for _, tc := range []struct {
		name string
		err  error
		kind licensing.Kind
		says string
	}{
		{"a refusal arrives as it was", refusal.Encode(refused), licensing.Forbidden,
			"people[0]: you may not (R05)"},
		{"no worker answered",
			client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded),
			licensing.Unavailable,
			"timed out waiting for a worker; the request may still complete. Retry with the same request ID"},
		{"the server gave up waiting", serviceerror.NewDeadlineExceeded("late"), licensing.Unavailable,
			"timed out waiting for a worker; the request may still complete. Retry with the same request ID"},
		{"Temporal is away", serviceerror.NewUnavailable("connection refused"), licensing.Unavailable,
			"Temporal can't be reached. Retry with the same request ID"},
		{"anything else is a fault", plain, "", "a bug"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.errs = []error{tc.err}
			_, err := c.Save(t.Context(), licensing.Save{ID: "r1", Org: contoso})
			if licensing.KindOf(err) != tc.kind || err == nil || err.Error() != tc.says {
				t.Errorf("%q: %v", licensing.KindOf(err), err)
			}
		})
	}
}

func TestACallThatMetARunAtItsEndIsMadeAgainWithTheSameUpdate(t *testing.T) {
	for name, interruption := range map[string]error{
		"the run was cancelled":                  temporal.NewCanceledError(),
		"the workflow task was thrown away":      serviceerror.NewWorkflowNotReady("not ready"),
		"the run was cancelled around something": wrap(temporal.NewCanceledError()),
	} {
		t.Run(name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.answer, s.errs = licensing.SaveAnswer{Work: 1},
				[]error{interruption, interruption, interruption}
			out, err := c.Save(t.Context(), licensing.Save{ID: "r1", Org: contoso})
			if err != nil || out.Work != 1 || len(s.starts) != 4 {
				t.Fatalf("%+v, %v after %d calls", out, err, len(s.starts))
			}
			for _, st := range s.starts {
				if !ofRequest(st.update, "r1") {
					t.Errorf("update %s", st.update.UpdateID)
				}
			}
			s.starts, s.errs = nil, []error{interruption, interruption, interruption, interruption}
			if _, err := c.Save(t.Context(), licensing.Save{ID: "r1"}); licensing.KindOf(
				err,
			) != licensing.Unavailable ||
				len(s.starts) != 4 {
				t.Errorf("%v after %d calls", err, len(s.starts))
			}
		})
	}
}

// wrap puts something around an error, as the SDK does.
func wrap(err error) error { return &wrapped{err} }

type wrapped struct{ error }

func (w *wrapped) Unwrap() error { return w.error }

func TestL06_TheSameRequestIDWithOtherContentIsAnotherUpdate(t *testing.T) {
	save := licensing.Save{ID: "r1", Org: contoso}
	other := save
	other.InviteFor = time.Hour
	command := licensing.Command{Request: "r1", Org: contoso, User: kim}
	for _, tc := range []struct {
		name          string
		first, second func(context.Context, *Client) error
		same          bool
	}{
		{"the same save is the same update", saves(save), saves(save), true},
		{"a save with other content is another one", saves(save), saves(other), false},
		{"a reset under a resend's ID is another one", func(ctx context.Context, c *Client) error {
			_, err := c.Resend(ctx, command)
			return err
		}, func(ctx context.Context, c *Client) error {
			_, err := c.Reset(ctx, command)
			return err
		}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.answer = nil
			for _, call := range []func(context.Context, *Client) error{tc.first, tc.second} {
				if err := call(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.starts[0].update.UpdateID == s.starts[1].update.UpdateID; got != tc.same {
				t.Errorf("%s and %s", s.starts[0].update.UpdateID, s.starts[1].update.UpdateID)
			}
		})
	}
}

func saves(sv licensing.Save) func(context.Context, *Client) error {
	return func(ctx context.Context, c *Client) error {
		_, err := c.Save(ctx, sv)
		return err
	}
}
