package command_test

import "testing"

func TestR40_Users(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	s.mail(kim, "welcome", 1)
	cursor := s.value("users --as alex@in --limit 1", "next")
	s.check([]call{
		{name: "the list has everybody on the License IDs of the caller", args: "users --as alex@in",
			want: []string{"DISPLAY NAME", "SIGN-IN EMAIL", "BUSINESS EMAIL", "Alex Wilber", "Dana Swope",
				"Kim", "Resend invite, Reset invite"}},
		{name: "as JSON on request", args: "users --as alex@in -o json",
			json: map[string]string{"users.#": "3", "users.2.name": "Kim"}},
		{name: "by status", args: "users --as alex@in --status invitation_sent -o json",
			json: map[string]string{"users.#": "1", "users.0.name": "Kim"}},
		{name: "by License ID and role", args: "users --as alex@in --license $A --role administrator -o json",
			json: map[string]string{"users.#": "1", "users.0.name": "Alex Wilber"}},
		{name: "by the beginning of a name", args: "users --as alex@in --query ki -o json",
			json: map[string]string{"users.#": "1"}},
		{name: "a page says where the next one begins", args: "users --as alex@in --limit 1",
			want: []string{"More: --cursor"}},
		{name: "which it does", args: "users --as alex@in --limit 1 -o json --cursor " + cursor,
			json: map[string]string{"users.0.name": "Dana Swope"}},
		{name: "who is no VL user is refused", args: "users --as noor@in", code: 3,
			want: []string{"R43", "may not see or change"}},
		{name: "an unknown status is wrong input", args: "users --as alex@in --status lost", code: 2,
			want: []string{"status"}},
		{name: "nobody acting is wrong input", args: "users", code: 2,
			want: []string{"--as is required: the sign-in email of the admin you act as"}},
		{name: "an address that is none is wrong input", args: "users --as alex", code: 2,
			want: []string{"--as: "}},
	})
}

func TestR43_Show(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	s.mail(kim, "welcome", 1)
	s.until("sent", "show --as alex@in --user kim@out")
	s.check([]call{
		{name: "View access tells everything about a user", args: "show --as alex@in --user kim@out",
			want: []string{"Kim <kim@out>, external, Invitation sent", "Invitation: open, generation 1",
				"Access\n", "Emails\n", "welcome", "History\n", "save", "Product download manager",
				"Actions: View access, Edit"}},
		{name: "as JSON on request", args: "show --as alex@in --user kim@out -o json",
			json: map[string]string{"access.0.license_id": "$A", "history.#": "1"}},
		{name: "who isn't there is refused", args: "show --as alex@in --user mia@out", code: 3,
			want: []string{"may not see or change"}},
		{name: "whom the caller may not see is refused", args: "show --as dana@in --user kim@out", code: 3,
			want: []string{"R43"}},
		{name: "what is no address is wrong input", args: "show --as alex@in --user kim", code: 2,
			want: []string{"--user"}},
	})
}

func TestR02_Access(t *testing.T) {
	s := newShell(t)
	const alex = "access --user alex@in --license $A --may "
	s.check([]call{
		{name: "who may", args: alex + "view_orders",
			want: []string{"yes: Administrator on License ID $A (R01)"}},
		{name: "who may, as JSON", args: alex + "view_orders -o json",
			json: map[string]string{"allowed": "true", "rule": "R01"}},
		{name: "who may not", args: "access --user dana@in --license $A --may view_orders", code: 3,
			want: []string{"no: no role on License ID $A (R02)"}},
		{name: "who may not, as JSON", args: "access --user dana@in --license $A --may view_orders -o json",
			code: 3, json: map[string]string{"allowed": "false"}},
		{name: "whom nobody knows", args: "access --org $ORG --user mia@out --license $A --may view_orders",
			code: 3, want: []string{"no: no role"}},
		{name: "an unknown permission is wrong input and the valid ones are named", args: alex + "dance",
			code: 2, want: []string{"--may", "view_orders"}},
		{name: "no License ID is wrong input", args: "access --user alex@in --may view_orders", code: 2,
			want: []string{"--license"}},
		{name: "what is no address is wrong input",
			args: "access --org $ORG --user kim --license $A --may view_orders", code: 2,
			want: []string{"--user"}},
	})
}

func TestR68_Agreements(t *testing.T) {
	s := newShell(t)
	s.check([]call{
		{name: "the License IDs of the caller", args: "agreements --as dana@in -o json",
			json: map[string]string{"#": "1", "0.license_id": "$P"}},
		{name: "and on request those below", args: "agreements --as dana@in --inherited",
			want: []string{"YOUR ROLE", "$P", "$A", "Inherited", "Administrator"}},
		{name: "who is no VL user is refused", args: "agreements --as noor@in", code: 3,
			want: []string{"R43"}},
		{name: "nobody acting is wrong input", args: "agreements", code: 2,
			want: []string{"--as is required"}},
	})
}

func TestHistory(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	const of = "history --as alex@in --license $A "
	s.check([]call{
		{name: "who has which role now", args: of,
			want: []string{"GIVEN BY", "Alex Wilber", "Kim", "Product download manager", "not effective yet",
				"R73"}},
		{name: "as JSON on request", args: of + "-o json",
			json: map[string]string{"#": "2", "1.name": "Kim", "1.effective": "false"}},
		{name: "on a day long ago nobody had one", args: of + "--on 2020-01-01 -o json",
			json: map[string]string{"#": "0"}},
		{name: "a time is a time", args: of + "--on 2020-01-01T12:00:00Z",
			want: []string{"Nobody had a role then."}},
		{name: "a License ID that the caller doesn't administer is refused",
			args: "history --as dana@in --license $A", code: 3, want: []string{"R43"}},
		{name: "what is no day is wrong input", args: of + "--on tomorrow", code: 2,
			want: []string{"--on is a day like"}},
	})
}
