package command_test

import "testing"

func TestR88_R89_PreferencesAreShownAndSet(t *testing.T) {
	s := newShell(t)
	const contact = "contact --org $ORG --kind online_administrator --license $P "
	s.must(call{args: contact + "--business alex@in --name Alex~Wilber"})
	const set = "preferences set --as alex@in --license $P "
	s.check([]call{
		{name: "nobody inherits by himself", args: "preferences --as alex@in",
			want: []string{"$P", "MBSA", "no"}},
		{name: "a contact opts in", args: set + "--inherit yes",
			want: []string{"Inherit Administrator below $P: yes, on 2 License IDs"}},
		{name: "which the list shows as JSON on request", args: "preferences --as alex@in -o json",
			json: map[string]string{"0.license_id": "$P", "0.inherit": "true"}},
		{name: "and out", args: set + "--inherit no -o json", json: map[string]string{"inherit": "false"}},
		{name: "who is no contact is refused",
			args: "preferences set --as dana@in --license $P --inherit yes", code: 3, want: []string{"R90"}},
		{name: "neither yes nor no is wrong input", args: set + "--inherit maybe", code: 2,
			want: []string{"--inherit is yes or no"}},
		{name: "nobody acting is wrong input", args: "preferences", code: 2,
			want: []string{"--as is required"}},
	})
}
