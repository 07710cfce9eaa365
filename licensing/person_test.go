package licensing

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestR44_TheDisplayName(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a full name is taken", "Ada Lovelace", "Ada Lovelace"},
		{"blanks around it are dropped", "  Ada Lovelace\t", "Ada Lovelace"},
		{"every script is taken", "山田 太郎", "山田 太郎"},
		{"a joiner inside a name is taken", "क्\u200dष", "क्\u200dष"},
		{"256 characters are taken, whatever their bytes", strings.Repeat("ü", 256),
			strings.Repeat("ü", 256)},
		{"257 characters are too many", strings.Repeat("a", 257), ""},
		{"nothing is refused", "", ""},
		{"blanks are refused", " \t\u00a0 ", ""},
		{"marks without width are refused as blank", "\u200b\ufeff", ""},
		{"a line break is refused", "Ada\nBcc: x", ""},
		{"a separator of paragraphs is refused", "Ada\u2029Lovelace", ""},
		{"a control character is refused", "Ada\x00", ""},
		{"a mark that reorders text is refused", "Ada\u202eecalevoL", ""},
		{"an isolate is refused", "Ada\u2066", ""},
		{"bytes that are no UTF-8 are refused", "Ada\xff", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseName(c.in)
			if c.want == "" {
				refusal(t, err, Invalid, "R44")
			} else if err != nil || got != c.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestR44_ADirectorysNameIsCleaned(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a good name stays", "Ada Lovelace", "Ada Lovelace"},
		{"line breaks become blanks", "Ada\nLovelace\r", "Ada Lovelace"},
		{"what reorders text goes", "\u202eAda\u2069", "Ada"},
		{"bytes that are no UTF-8 go", "A\xffda", "Ada"},
		{"a long one is cut without a blank at its end", strings.Repeat("a", 255) + " b",
			strings.Repeat("a", 255)},
		{"where nothing to see is left it is empty", "\u200b\x00\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := CleanName(c.in); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
	if n := utf8.RuneCountInString(CleanName(strings.Repeat("ü", 400))); n != MaxName {
		t.Errorf("a long name is cut to %d characters", n)
	}
}
