package licensing

import (
	"strings"
	"testing"
)

func TestR08_ALicenseIDIsTheNumberOfOneAgreement(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"digits are kept", "12345678", "12345678"},
		{"letters become capitals", "v-ab12", "V-AB12"},
		{"spaces around it are dropped", "\t E123 \n", "E123"},
		{"one character is enough", "7", "7"},
		{"32 characters are the most", strings.Repeat("9", 32), strings.Repeat("9", 32)},
		{"33 characters are too many", strings.Repeat("9", 33), ""},
		{"nothing is none", "", ""},
		{"blanks are none", "   ", ""},
		{"a space inside is refused", "12 34", ""},
		{"an underscore is refused", "12_34", ""},
		{"letters outside ASCII are refused", "É123", ""},
		{"a letter that only folds to a capital is refused", "12\u017f", ""},
		{"a quote is refused", "1'--", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseLicenseID(c.in)
			if c.want == "" {
				refusal(t, err, Invalid, "R08")
			} else if err != nil || string(got) != c.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
