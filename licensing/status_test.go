package licensing

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestR45_OneOfSixStatuses(t *testing.T) {
	want := map[Status]string{
		StatusUserNotFound: "User not found", StatusFailed: "Failed",
		StatusInvitationExpired:    "Invitation expired",
		StatusAssignmentInProgress: "Assignment in Progress", StatusInvitationSent: "Invitation sent",
		StatusActive: "Active",
	}
	if got := Statuses(); !slices.Equal(got,
		[]Status{StatusUserNotFound, StatusFailed, StatusInvitationExpired, StatusAssignmentInProgress,
			StatusInvitationSent, StatusActive}) {
		t.Errorf("the order of attention is %v", got)
	}
	for s, label := range want {
		if s.String() != label {
			t.Errorf("%s reads %q", string(s), s)
		}
		if got, err := ParseStatus(string(s)); err != nil || got != s {
			t.Errorf("%s is read as %q, %v", string(s), got, err)
		}
	}
	_, err := ParseStatus("done")
	e := refusal(t, err, Invalid, "R45")
	for s := range want {
		if !strings.Contains(e.Message, string(s)) {
			t.Errorf("the refusal doesn't name %s", string(s))
		}
	}
	if Status("done").String() != "done" {
		t.Error("an unknown status doesn't read as it is")
	}
}

func TestR45_TheListShowsWhatNeedsAttentionFirst(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []Status
		want Status
	}{
		{"not found before failed", []Status{StatusFailed, StatusUserNotFound}, StatusUserNotFound},
		{"failed before expired", []Status{StatusInvitationExpired, StatusFailed}, StatusFailed},
		{"expired before in progress", []Status{StatusAssignmentInProgress, StatusInvitationExpired},
			StatusInvitationExpired},
		{"in progress before sent", []Status{StatusInvitationSent, StatusAssignmentInProgress},
			StatusAssignmentInProgress},
		{"sent before active", []Status{StatusActive, StatusInvitationSent}, StatusInvitationSent},
		{"active where all are", []Status{StatusActive, StatusActive}, StatusActive},
		{"active for none", nil, StatusActive},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := MostUrgent(c.in...); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestR51_R52_R54_R55_R56_R57_WhichStatusAPersonHas(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Person
		a    AssignmentState
		i    InvitationState
		want Status
	}{
		{"R51: registered, propagated and granted is Active", registered, AssignmentActive,
			InvitationAccepted, StatusActive},
		{"R51: a registered person who never was invited is Active", outsider, AssignmentActive,
			InvitationNone, StatusActive},
		{"R52: before the due time it is in progress", registered, AssignmentPropagating, InvitationAccepted,
			StatusAssignmentInProgress},
		{"R54: what could not be activated is Failed", registered, AssignmentFailed, InvitationAccepted,
			StatusFailed},
		{"R54: it is Failed whatever becomes of an invitation", registered, AssignmentFailed, InvitationOpen,
			StatusFailed},
		{"R55: who has not registered has Invitation sent", unregistered, AssignmentPending, InvitationOpen,
			StatusInvitationSent},
		{"R55: a refused mail is Failed", unregistered, AssignmentPending, InvitationFailed, StatusFailed},
		{"R56: who did not register in time has Invitation expired", unregistered, AssignmentPending,
			InvitationExpired, StatusInvitationExpired},
		{"R57: who isn't in the directory is not found, active or not", absent, AssignmentActive,
			InvitationAccepted, StatusUserNotFound},
		{"R57: an invited person who left is not found", Person{Kind: Internal}, AssignmentPending,
			InvitationOpen, StatusUserNotFound},
		{"R57: an external person is never looked for", Person{Kind: External}, AssignmentPending,
			InvitationOpen, StatusInvitationSent},
		{"a state that should not be is Failed: an admin must see it", unregistered, AssignmentPending,
			InvitationCancelled, StatusFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := StatusOf(c.p, c.a, c.i); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestR52_R56_WhatNobodyWillEndAnyMoreStandsAsEnded(t *testing.T) {
	for _, c := range []struct {
		name  string
		state AssignmentState
		after time.Duration // the due time
		want  AssignmentState
	}{
		{"before its due time it is in progress", AssignmentPropagating, -time.Second, AssignmentPropagating},
		{"an hour after it too", AssignmentPropagating, time.Hour, AssignmentPropagating},
		{"later it has failed", AssignmentPropagating, time.Hour + 1, AssignmentFailed},
		{"what is active stays active", AssignmentActive, 48 * time.Hour, AssignmentActive},
		{"what waits for registration waits", AssignmentPending, 48 * time.Hour, AssignmentPending},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.state.At(noon, noon.Add(c.after)); got != c.want {
				t.Errorf("got %s", got)
			}
			f := Facts{Person: registered, Assignment: c.state, DueAt: noon, Now: noon.Add(c.after)}
			if got, want := f.Before(), StatusOf(registered, c.want, InvitationNone); got != want {
				t.Errorf("before a change: %s, want %s", got, want)
			}
		})
	}
	for _, c := range []struct {
		state InvitationState
		after time.Duration // its end
		want  InvitationState
	}{
		{InvitationOpen, -1, InvitationOpen}, {InvitationOpen, 0, InvitationExpired},
		{InvitationFailed, time.Hour, InvitationFailed}, {InvitationNone, time.Hour, InvitationNone},
	} {
		if got := c.state.At(noon, noon.Add(c.after)); got != c.want {
			t.Errorf("%s %s after its end: %s", c.state, c.after, got)
		}
	}
}

func TestR46_R59_WhatCanBeDoneNow(t *testing.T) {
	for _, c := range []struct {
		name       string
		status     Status
		registered bool
		want       []Action
	}{
		{"Invitation sent", StatusInvitationSent, false,
			[]Action{ViewAccess, EditAccess, ResendMail, ResetInvite, DeleteUser}},
		{"Invitation expired", StatusInvitationExpired, false,
			[]Action{ViewAccess, EditAccess, ResetInvite, DeleteUser}},
		{"Assignment in Progress", StatusAssignmentInProgress, true, []Action{ViewAccess, DeleteUser}},
		{"Active", StatusActive, true, []Action{ViewAccess, EditAccess, DeleteUser}},
		{"Failed, registered", StatusFailed, true, []Action{ViewAccess, AssignAgain, DeleteUser}},
		{"Failed, never registered", StatusFailed, false,
			[]Action{ViewAccess, AssignAgain, ResetInvite, DeleteUser}},
		{"User not found, registered", StatusUserNotFound, true, []Action{ViewAccess, Recheck, DeleteUser}},
		{"User not found, never registered", StatusUserNotFound, false,
			[]Action{ViewAccess, Recheck, DeleteUser}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Actions(c.status, c.registered); !slices.Equal(got, c.want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestR46_WhyAnActionIsMissing(t *testing.T) {
	for _, c := range []struct {
		name       string
		action     Action
		status     Status
		registered bool
		has        string
	}{
		{"an edit waits for Active", EditAccess, StatusAssignmentInProgress, true, "R52"},
		{"after a failure one assigns again", EditAccess, StatusFailed, true, "R54"},
		{"who isn't found is not edited", EditAccess, StatusUserNotFound, true, "R57"},
		{"who has registered gets no mail again", ResendMail, StatusActive, true, "R62"},
		{"an expired invitation is reset, not resent", ResendMail, StatusInvitationExpired, false, "R56"},
		{"a refused mail is not sent again", ResendMail, StatusFailed, false, "R58"},
		{"who isn't found is not invited", ResetInvite, StatusUserNotFound, false, "R57"},
		{"where no invitation is, none is reset", ResetInvite, StatusActive, false, "R58"},
		{"what has not failed is not assigned again", AssignAgain, StatusActive, true, "R54"},
		{"who isn't missing is not checked again", Recheck, StatusActive, true, "R57"},
		{"an unknown action is not possible", "promote", StatusActive, true, "R59"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := WhyNot(c.action, c.status, c.registered); !strings.Contains(got, "("+c.has+")") {
				t.Errorf("got %q", got)
			}
		})
	}
	var r UserRow
	r.Status = StatusAssignmentInProgress
	if r.Decide(true); len(r.Actions)+len(r.WhyNot) != 7 || r.WhyNot[EditAccess] == "" {
		t.Errorf("the row says %v and %v", r.Actions, r.WhyNot)
	}
}

func TestR54_AfterThreeFailuresTheAdviceIsSupport(t *testing.T) {
	p := DefaultPolicy()
	p.Support = "support@contoso.example"
	for _, c := range []struct {
		name     string
		status   Status
		attempts int
		has      string
	}{
		{"after one it is to assign again", StatusFailed, 1, "Assign the roles again"},
		{"after two it is to assign again", StatusFailed, 2, "Assign the roles again"},
		{"after three it is support, with a reference", StatusFailed, 3,
			"failed 3 times. Contact support and quote the reference. support@contoso.example"},
		{"after ten it is support too", StatusFailed, 10, "failed 10 times"},
		{"an expired invitation is to be reset", StatusInvitationExpired, 0, "Reset the invitation"},
		{"a person not found is to be checked again or deleted", StatusUserNotFound, 0, "Re-check"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Advice(c.status, c.attempts, p); !strings.Contains(got, c.has) {
				t.Errorf("got %q", got)
			}
		})
	}
	for _, s := range []Status{StatusActive, StatusAssignmentInProgress, StatusInvitationSent} {
		if got := Advice(s, 9, p); got != "" {
			t.Errorf("%s: %q", s, got)
		}
	}
	if got := Advice(StatusFailed, 3, DefaultPolicy()); !strings.HasSuffix(got, "reference.") {
		t.Errorf("without a support contact: %q", got)
	}
}
