package commands

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"vlroles/licensing"
	"vlroles/workflows"
)

var alreadyStarted = serviceerror.NewWorkflowExecutionAlreadyStarted("it runs", "", "run")

func TestANewInvitationStartsARunThatMayNotBeJoinedUnseen(t *testing.T) {
	c, s, _, _ := newClient(t)
	w := licensing.OutboxEntry{
		Kind:    licensing.OutboxInvite,
		Org:     contoso,
		Request: "r1",
		User:    kim,
		Run:     openInvitation().Run,
	}
	if err := c.Start(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	got := s.starts[0]
	if len(s.starts) != 1 || got.options.ID != "invitation/kim" ||
		!got.options.WorkflowExecutionErrorWhenAlreadyStarted ||
		got.options.WorkflowIDConflictPolicy != enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL {
		t.Errorf("started %+v", got.options)
	}
	if in := got.invitation(t); !reflect.DeepEqual(in.Run, w.Run) || in.User != kim {
		t.Errorf("started with %+v", in)
	}
	if got.attribute("VlDueAt") != w.Run.ExpiresAt {
		t.Errorf("due at %v", got.attribute("VlDueAt"))
	}
}

func TestR62_ARunThatIsOpenGoesOnWithTheNewGeneration(t *testing.T) {
	c, s, _, _ := newClient(t)
	s.errs = []error{alreadyStarted}
	w := licensing.OutboxEntry{
		Kind:    licensing.OutboxRenew,
		Org:     contoso,
		Request: "r1",
		User:    kim,
		Run:     openInvitation().Run,
	}
	if err := c.Start(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	got := s.starts[len(s.starts)-1].update
	if len(s.starts) != 2 || got.UpdateName != workflows.AdoptUpdate || !ofRequest(got, "r1") ||
		!reflect.DeepEqual(got.Args[0], w.Run) {
		t.Errorf("%d starts, updated with %+v", len(s.starts), got)
	}
}

func TestR70_TheRolesOfARegisteredPersonAreOneRunARequest(t *testing.T) {
	due := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	what := licensing.Propagation{Change: "r1", Mail: "m", Dues: []time.Time{due, due.Add(time.Hour)}}
	w := licensing.OutboxEntry{Kind: licensing.OutboxAssign, Org: contoso, Request: "r1", User: kim,
		Propagation: what}
	for name, err := range map[string]error{
		"for the first time": nil, "once more, which starts nothing": alreadyStarted,
	} {
		t.Run(name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.errs = []error{err}
			if err := c.Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			got := s.starts[0]
			if got.options.ID != "assignment/r1/kim" || !same(got.workflow, workflows.Assignment) ||
				got.options.WorkflowIDReusePolicy != enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE {
				t.Errorf("started %+v", got.options)
			}
			if got.attribute("VlDueAt") != due.Add(time.Hour) {
				t.Errorf("due at %v", got.attribute("VlDueAt"))
			}
		})
	}
}

func TestWhereNobodyIsToBeToldNoRunIsStarted(t *testing.T) {
	removed := licensing.OutboxEntry{Kind: licensing.OutboxAssign, Org: contoso, Request: "r1", User: kim,
		Propagation: licensing.Propagation{Change: "r1", Removed: true}}
	c, s, _, _ := newClient(t)
	if err := c.Start(t.Context(), removed); err != nil || len(s.starts) > 0 {
		t.Errorf("%v, %d starts", err, len(s.starts))
	}
	c.Settings.Provision = true // a downstream system is to be told
	if err := c.Start(t.Context(), removed); err != nil || len(s.starts) != 1 {
		t.Errorf("%v, %d starts", err, len(s.starts))
	}
}

func TestR82_AnInvitationThatHasNothingLeftEndsItsRun(t *testing.T) {
	gone := serviceerror.NewNotFound("no such run")
	away := errors.New("Temporal is away")
	for _, tc := range []struct {
		name      string
		sending   licensing.InvitationRun // that had nothing left
		cancelErr error
		cancelled bool
		err       error
	}{
		{"the generation that is open", licensing.InvitationRun{Invitation: ticket, Generation: 2}, nil,
			true, nil},
		{"whichever is open", licensing.InvitationRun{}, nil, true, nil},
		{"not a newer generation", licensing.InvitationRun{Invitation: ticket, Generation: 1}, nil,
			false, nil},
		{"not another invitation", licensing.InvitationRun{Invitation: "other", Generation: 2}, nil,
			false, nil},
		{"a run that has ended needs nothing", licensing.InvitationRun{}, gone, true, nil},
		{"a server that is away is asked again", licensing.InvitationRun{}, away, true, away},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.cancelErr = tc.cancelErr
			w := licensing.OutboxEntry{Kind: licensing.OutboxWithdraw, Org: contoso, User: kim,
				Run: tc.sending}
			if err := c.Start(t.Context(), w); !errors.Is(err, tc.err) {
				t.Fatal(err)
			}
			if got := slices.Equal(s.cancelled, []string{"invitation/kim"}); got != tc.cancelled {
				t.Errorf("cancelled %v", s.cancelled)
			}
		})
	}
}

func TestARunIsNotEndedWhoseRowCanNotBeRead(t *testing.T) {
	c, s, r, _ := newClient(t)
	r.err = errors.New("database is away")
	err := c.Start(t.Context(),
		licensing.OutboxEntry{Kind: licensing.OutboxWithdraw, Org: contoso, User: kim})
	if !errors.Is(err, r.err) || len(s.cancelled) > 0 {
		t.Errorf("%v, cancelled %v", err, s.cancelled)
	}
}

func TestR80_WhatWasRemovedInTheMiddleOfPropagationEndsItsRuns(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change licensing.ChangeID
		want   []string
	}{
		{"of a save", "r1", []string{"assignment/r1/kim"}},
		{"of an invitation, whoever accepted it", "ticket.2",
			[]string{"assignment/ticket.2/kim", "invitation/kim"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, s, _, _ := newClient(t)
			s.cancelErr = serviceerror.NewNotFound("no such run")
			w := licensing.OutboxEntry{Kind: licensing.OutboxStop, Org: contoso, User: kim}
			w.Propagation.Change = tc.change
			if err := c.Start(t.Context(), w); err != nil || !slices.Equal(s.cancelled, tc.want) {
				t.Errorf("%v, cancelled %v", err, s.cancelled)
			}
		})
	}
	c, s, _, _ := newClient(t)
	s.cancelErr = errors.New("Temporal is away")
	if err := c.Start(t.Context(), licensing.OutboxEntry{Kind: licensing.OutboxStop, User: kim}); !errors.Is(
		err,
		s.cancelErr,
	) {
		t.Error(err)
	}
}

func TestWorkOfAnUnknownKindIsAFault(t *testing.T) {
	c, _, _, _ := newClient(t)
	if err := c.Start(t.Context(), licensing.OutboxEntry{Kind: "dance"}); err == nil {
		t.Error("it was taken")
	}
}
