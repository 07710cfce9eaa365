package command_test

import "testing"

func TestL10_ExportAndErase(t *testing.T) {
	s := newShell(t)
	s.check([]call{
		{name: "one's own data", args: "export --as alex@in",
			json: map[string]string{"tables.users.0.name": "Alex Wilber", "tables.users.0.sign_in_email": "alex@in"}},
		{name: "a user's data, for support", args: "export --org $ORG --user alex@in -o json",
			json: map[string]string{"tables.users.0.sign_in_email": "alex@in"}},
		{name: "nobody's data is wrong input", args: "export --org $ORG", code: 2, want: []string{"--as", "--user"}},
		{name: "both is wrong input", args: "export --as alex@in --user alex@in", code: 2},
		{name: "no such user is refused", args: "export --org $ORG --user nobody@in", code: 3},
		{name: "a person with roles is not erased", args: "erase --org $ORG --user alex@in --reason x", code: 3,
			want: []string{"L10", "remove them first"}},
		{name: "an erasure needs a reason", args: "erase --org $ORG --user alex@in", code: 2,
			want: []string{"--reason"}},
		{name: "what isn't an address is wrong input", args: "erase --org $ORG --user alex --reason x", code: 2},
	})
}
