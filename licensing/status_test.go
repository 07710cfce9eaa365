package licensing

import (
	"slices"
	"strings"
	"testing"
)

func TestR45_OneOfSixStatuses(t *testing.T) {
	want := map[Status]string{
		UserNotFound: "User not found", Failed: "Failed", InvitationExpired: "Invitation expired",
		AssignmentInProgress: "Assignment in Progress", InvitationSent: "Invitation sent", Active: "Active",
	}
	if got := Statuses(); !slices.Equal(got,
		[]Status{UserNotFound, Failed, InvitationExpired, AssignmentInProgress, InvitationSent, Active}) {
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
		{"not found before failed", []Status{Failed, UserNotFound}, UserNotFound},
		{"failed before expired", []Status{InvitationExpired, Failed}, Failed},
		{"expired before in progress", []Status{AssignmentInProgress, InvitationExpired}, InvitationExpired},
		{"in progress before sent", []Status{InvitationSent, AssignmentInProgress}, AssignmentInProgress},
		{"sent before active", []Status{Active, InvitationSent}, InvitationSent},
		{"active where all are", []Status{Active, Active}, Active},
		{"active for none", nil, Active},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Foremost(c.in...); got != c.want {
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
		{"R51: registered, propagated and granted is Active", registered, Settled, InvitationAccepted, Active},
		{"R51: a registered person who never was invited is Active", outsider, Settled, NotInvited, Active},
		{"R52: before the due time it is in progress", registered, Propagating, InvitationAccepted,
			AssignmentInProgress},
		{"R54: what could not be activated is Failed", registered, Broken, InvitationAccepted, Failed},
		{"R54: it is Failed whatever becomes of an invitation", registered, Broken, InvitationOpen, Failed},
		{"R55: who has not registered has Invitation sent", unregistered, Pending, InvitationOpen, InvitationSent},
		{"R55: a refused mail is Failed", unregistered, Pending, InvitationRefused, Failed},
		{"R56: who did not register in time has Invitation expired", unregistered, Pending, InvitationLapsed,
			InvitationExpired},
		{"R57: who isn't in the directory is not found, active or not", absent, Settled, InvitationAccepted,
			UserNotFound},
		{"R57: an invited person who left is not found", Person{Kind: Internal}, Pending, InvitationOpen,
			UserNotFound},
		{"R57: an external person is never looked for", Person{Kind: External}, Pending, InvitationOpen,
			InvitationSent},
		{"a state that should not be is Failed: an admin must see it", unregistered, Pending, InvitationCancelled,
			Failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := StatusOf(c.p, c.a, c.i); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestR46_R59_WhatCanBeDoneNow(t *testing.T) {
	for _, c := range []struct {
		name       string
		status     Status
		registered bool
		want       []Action
	}{
		{"Invitation sent", InvitationSent, false,
			[]Action{ViewAccess, EditAccess, ResendMail, ResetInvite, DeleteUser}},
		{"Invitation expired", InvitationExpired, false, []Action{ViewAccess, EditAccess, ResetInvite, DeleteUser}},
		{"Assignment in Progress", AssignmentInProgress, true, []Action{ViewAccess, DeleteUser}},
		{"Active", Active, true, []Action{ViewAccess, EditAccess, DeleteUser}},
		{"Failed, registered", Failed, true, []Action{ViewAccess, AssignAgain, DeleteUser}},
		{"Failed, never registered", Failed, false, []Action{ViewAccess, AssignAgain, ResetInvite, DeleteUser}},
		{"User not found, registered", UserNotFound, true, []Action{ViewAccess, Recheck, DeleteUser}},
		{"User not found, never registered", UserNotFound, false, []Action{ViewAccess, Recheck, DeleteUser}},
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
		{"an edit waits for Active", EditAccess, AssignmentInProgress, true, "R52"},
		{"after a failure one assigns again", EditAccess, Failed, true, "R54"},
		{"who isn't found is not edited", EditAccess, UserNotFound, true, "R57"},
		{"who has registered gets no mail again", ResendMail, Active, true, "R62"},
		{"an expired invitation is reset, not resent", ResendMail, InvitationExpired, false, "R56"},
		{"a refused mail is not sent again", ResendMail, Failed, false, "R58"},
		{"who isn't found is not invited", ResetInvite, UserNotFound, false, "R57"},
		{"where no invitation is, none is reset", ResetInvite, Active, false, "R58"},
		{"what has not failed is not assigned again", AssignAgain, Active, true, "R54"},
		{"who isn't missing is not checked again", Recheck, Active, true, "R57"},
		{"an unknown action is not possible", "promote", Active, true, "R59"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := WhyNot(c.action, c.status, c.registered); !strings.Contains(got, "("+c.has+")") {
				t.Errorf("got %q", got)
			}
		})
	}
	var r UserRow
	r.Status = AssignmentInProgress
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
		{"after one it is to assign again", Failed, 1, "Assign the roles again"},
		{"after two it is to assign again", Failed, 2, "Assign the roles again"},
		{"after three it is support, with a reference", Failed, 3,
			"failed 3 times. Contact support and quote the reference. support@contoso.example"},
		{"after ten it is support too", Failed, 10, "failed 10 times"},
		{"an expired invitation is to be reset", InvitationExpired, 0, "Reset the invitation"},
		{"a person not found is to be checked again or deleted", UserNotFound, 0, "Re-check"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Advice(c.status, c.attempts, p); !strings.Contains(got, c.has) {
				t.Errorf("got %q", got)
			}
		})
	}
	for _, s := range []Status{Active, AssignmentInProgress, InvitationSent} {
		if got := Advice(s, 9, p); got != "" {
			t.Errorf("%s: %q", s, got)
		}
	}
	if got := Advice(Failed, 3, DefaultPolicy()); !strings.HasSuffix(got, "reference.") {
		t.Errorf("without a support contact: %q", got)
	}
}
