package command_test

import (
	"strings"
	"testing"
)

func TestRegister(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download,benefits_reader")
	s.assign("lee@out", "$A", "download")
	link, lee := s.link(kim, 1), s.link("lee@out", 1)
	token := link[strings.LastIndex(link, "/")+1:]
	s.check([]call{
		{name: "the wrong person is refused", args: "register --link " + link + " --email mallory@out",
			code: 3, want: []string{"R28"}},
		{name: "a changed link is refused", args: "register --link " + link + "x --email kim@out", code: 3,
			want: []string{"valid: open the link"}},
		{name: "no link is wrong input", args: "register --email kim@out", code: 2,
			want: []string{"--link is required"}},
		{name: "a wrong address is wrong input", args: "register --link " + link + " --email kim", code: 2,
			want: []string{"--email"}},
		{name: "the last part of the link is enough", args: "register --link " + token + " --email kim@out",
			want: []string{"Registered. Status: Assignment in Progress",
				"$A: Product download manager, Benefits reader, effective from"}},
		{name: "a link works once", args: "register --link " + link + " --email kim@out", code: 3,
			want: []string{"R29"}},
		{name: "the answer is JSON on request", args: "register --link " + lee + " --email lee@out -o json",
			json: map[string]string{"access.0.license_id": "$A",
				"access.0.status": "assignment_in_progress"}},
	})
	s.until("yes: Product download manager",
		"access --org $ORG --user kim@out --license $A --may download_software")
}

func TestR58_Resend(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	link := s.link(kim, 1)
	s.check([]call{
		{name: "the same link is sent again", args: "resend --as alex@in --user kim@out",
			want: []string{"same link", "expires on"}},
		{name: "the answer is JSON on request", args: "resend --as alex@in --user kim@out -o json",
			json: map[string]string{"generation": "1"}},
		{name: "an unknown user is refused", args: "resend --as alex@in --user lee@out", code: 3,
			want: []string{"may not see or change"}},
		{name: "no user is wrong input", args: "resend --as alex@in", code: 2, want: []string{"--user"}},
	})
	if again := s.link(kim, 2); again != link {
		t.Errorf("the second email has the link %s, the first one %s", again, link)
	}
	s.register(kim)
	s.check([]call{{name: "who has registered gets none", args: "resend --as alex@in --user kim@out",
		code: 3}})
}

func TestR58_Reset(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	old := s.link(kim, 1)
	s.check([]call{
		{name: "a new link is sent", args: "reset --as alex@in --user kim@out",
			want: []string{"generation 2", "Earlier links have stopped working"}},
	})
	if s.link(kim, 2) == old {
		t.Error("the new email has the old link")
	}
	s.check([]call{
		{name: "the old link has stopped working", args: "register --link " + old + " --email kim@out",
			code: 3, want: []string{"R58"}},
		{name: "the answer is JSON on request", args: "reset --as alex@in --user kim@out -o json",
			json: map[string]string{"generation": "3"}},
		{name: "an unknown user is refused", args: "reset --as alex@in --user lee@out", code: 3,
			want: []string{"may not see or change"}},
		{name: "no user is wrong input", args: "reset --as alex@in", code: 2, want: []string{"--user"}},
	})
}

func TestR82_Cancel(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	s.must(call{args: "assign --as tom@in --user kim@out --license $D --role download"})
	s.assign("lee@out", "$A", "download")
	link := s.link(kim, 1)
	s.check([]call{
		{name: "an invitation is canceled where the caller administers",
			args: "cancel --as tom@in --user kim@out",
			want: []string{
				"Canceled on 1 License ID. The invitation goes on for 1 License ID of other admins."}},
		{name: "and everywhere ends it", args: "cancel --as alex@in --user lee@out",
			want: []string{"Canceled on 1 License ID. The invitation has ended"}},
		{name: "the answer is JSON on request", args: "cancel --as alex@in --user kim@out -o json",
			json: map[string]string{"ended": "true"}},
		{name: "its link has stopped working", args: "register --link " + link + " --email kim@out", code: 3},
		{name: "an unknown user is refused", args: "cancel --as alex@in --user mia@out", code: 3,
			want: []string{"may not see or change"}},
		{name: "no user is wrong input", args: "cancel --as alex@in", code: 2, want: []string{"--user"}},
	})
}

func TestR54_WhatCanNotBeProvisionedIsFailedAndCanBeAssignedAgain(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	id := s.value("show --as alex@in --user kim@out", "id")
	s.stack.Downstream.RefuseOnce(userID(id), "the account is being moved")
	s.register(kim)
	s.until("Failed", "users --as alex@in")
	s.check([]call{
		{name: "View access gives the reason", args: "show --as alex@in --user kim@out",
			want: []string{"Failed", "the account is being moved"}},
		{name: "the action is to assign again", args: "users --as alex@in --status failed",
			want: []string{"Assign again", "kim@out"}},
		{name: "which starts another attempt",
			args: "assign --as alex@in --user kim@out --license $A --role download",
			want: []string{"$A: assigned", "Failed → Assignment in Progress"}},
	})
	s.active(kim, "$A", "download_software")
}
