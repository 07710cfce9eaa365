package command

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vlroles/licensing"
)

// flagsOfField are the flags that may set a field of a request, by the field's last name. A command has one
// of them.
var flagsOfField = map[string][]string{
	"sign_in_email":  {"user", "to", "sign-in"},
	"user":           {"user"},
	"business_email": {"business"},
	"name":           {"name"},
	"email":          {"email"},
	"object_id":      {"object-id"},
	"license_id":     {"license", "to"},
	"license_ids":    {"license"},
	"access":         {"license", "to"},
	"people":         {"user"},
	"add":            {"role", "add", "license"},
	"remove":         {"remove"},
	"kind":           {"kind"},
	"from":           {"from"},
	"reason":         {"reason"},
	"status":         {"status"},
	"role":           {"role"},
	"q":              {"query"},
	"limit":          {"limit"},
	"cursor":         {"cursor"},
	"invite_for":     {"invite-days"},
}

// inFlags names the flag at fault instead of the field, where the command took its request from flags.
func inFlags(c *cobra.Command, err error) error {
	e := licensing.RefusalOf(err)
	if e == nil || e.Field == "" || c == nil || readsFile(c) {
		return err
	}
	if flag := flagOf(c, e.Field); flag != "" {
		return inFlag(flag, err)
	}
	return err
}

// inFlags is the verdicts with refusals that name flags, for people to read.
func (a *app) inFlags(people []licensing.PersonVerdict) []licensing.PersonVerdict {
	out := slices.Clone(people)
	for n := range out {
		if e := out[n].Error; e != nil {
			out[n].Error = licensing.RefusalOf(inFlags(a.command, e))
		}
	}
	return out
}

func readsFile(c *cobra.Command) bool {
	f := c.Flags().Lookup("file")
	return f != nil && f.Changed
}

// index is a place in a list: "[3]".
var index = regexp.MustCompile(`\[\d+\]`)

// flagOf returns the flag that sets a field such as "people[0].access[0].add[0]", "" where there is none.
func flagOf(c *cobra.Command, field string) string {
	names := strings.Split(index.ReplaceAllString(field, ""), ".")
	last := names[len(names)-1]
	if len(names) > 1 && names[len(names)-2] == "from" {
		last = "from"
	}
	for _, flag := range flagsOfField[last] {
		if c.Flags().Lookup(flag) != nil {
			return "--" + flag
		}
	}
	return ""
}
