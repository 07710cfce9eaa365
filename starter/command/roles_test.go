package command_test

import "testing"

func TestR72_Copy(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download,benefits_reader")
	s.assign(kim, "$B", "product_keys_reader")
	s.assign("lee@out", "$A", "product_keys_reader")
	s.check([]call{
		{name: "verify says what would be replaced",
			args: "copy --as alex@in --from $A --user kim@out --to $B --verify",
			want: []string{"kim@out · $B: would join the open invitation", "removing Product keys reader",
				"Nothing was changed."}},
		{name: "roles are replaced on another License ID",
			args: "copy --as alex@in --from $A --user kim@out --to $B",
			want: []string{
				"kim@out · $B: joined, added Product download manager, Benefits reader, removed Product keys reader"}},
		{name: "another user's roles are copied with JSON as the answer",
			args: "copy --as alex@in --from $A --from-user kim@out --user lee@out --to $A -o json",
			json: map[string]string{"people.0.verdicts.0.removed.0": "product_keys_reader"}},
		{name: "a License ID that the caller doesn't administer is refused",
			args: "copy --as alex@in --from $A --user kim@out --to E99", code: 3, want: []string{"R43"}},
		{name: "an unknown source is refused",
			args: "copy --as alex@in --from $A --from-user mia@out --user lee@out --to $A", code: 3,
			want: []string{"may not see or change"}},
		{name: "no target is wrong input", args: "copy --as alex@in --from $A --to $B", code: 2,
			want: []string{"--user: provide at least one person"}},
	})
}

func TestR77_Import(t *testing.T) {
	s := newShell(t)
	s.assign(kim, "$A", "download")
	s.assign("lee@out", "$A", "benefits_reader")
	s.check([]call{
		{name: "roles are added on another License ID",
			args: "import --as alex@in --from $A --to $B --user kim@out",
			want: []string{"kim@out · $B: joined, added Product download manager"}},
		{name: "the answer is JSON on request",
			args: "import --as alex@in --from $A --to $B --user lee@out -o json",
			json: map[string]string{"people.0.verdicts.0.added.0": "benefits_reader"}},
		{name: "a parent agreement is refused", args: "import --as alex@in --from $A --to $P --user kim@out",
			code: 3, want: []string{"R77"}},
		{name: "an unknown user is refused", args: "import --as alex@in --from $A --to $B --user mia@out",
			code: 3, want: []string{"may not see or change"}},
		{name: "what is no address is wrong input", args: "import --as alex@in --from $A --to $B --user mia",
			code: 2, want: []string{"--user"}},
	})
}
