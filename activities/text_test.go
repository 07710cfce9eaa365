package activities

import (
	"strings"
	"testing"
)

func TestAReasonIsFitForAHistoryAndAPage(t *testing.T) {
	for _, tc := range []struct{ name, said, want string }{
		{"an address is left out", "no such user: Dana.O'Neil+vl@contoso.example, ask <it@contoso.example>",
			"no such user: [address], ask <[address]>"},
		{"an address of a URL is left out", "GET /users/dana%40contoso.example failed",
			"GET [address] failed"},
		{"lines become one", "first\r\n\tsecond\u2028third", "first second third"},
		{"what reorders text is left out", "a\u202eb\x00c\x1b[31m", "abc[31m"},
		{"a long text is cut", strings.Repeat("é", 400), strings.Repeat("é", 299) + "…"},
		{"broken UTF-8 is mended", "a\xffb", "ab"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := OneLine(tc.said); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
