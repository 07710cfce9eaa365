package licensing

import (
	"strings"
	"testing"
)

func TestR47_SignInEmails(t *testing.T) {
	for _, s := range []string{"user@userorg.onmicrosoft.com", "USER@UserOrg.OnMicrosoft.com",
		"u_x#ext#@contoso.onmicrosoft.com"} {
		if e, err := ParseEmail(s); err != nil || string(e) != s {
			t.Errorf("%s is read as %q, %v", s, e, err)
		}
	}
}

func TestR66_TheSyntaxOfAnEmailAddress(t *testing.T) {
	for _, c := range []struct {
		name, in string
		good     bool
	}{
		{"an ordinary one is taken", "ada@contoso.example", true},
		{"plus and dots are taken", "a.d.a+vl@mail.contoso.example", true},
		{"64 characters before the @ are taken", strings.Repeat("a", 64) + "@contoso.example", true},
		{"65 characters before the @ are refused", strings.Repeat("a", 65) + "@contoso.example", false},
		{"a label of 63 characters is taken", "a@" + strings.Repeat("b", 63) + ".example", true},
		{"a label of 64 characters is refused", "a@" + strings.Repeat("b", 64) + ".example", false},
		{"255 characters are refused", "a@" + strings.Repeat("b.", 122) + "examplex1", false},
		{"nothing is refused", "", false},
		{"a name around it is refused", "Ada <ada@contoso.example>", false},
		{"two addresses are refused", "a@b.example,c@d.example", false},
		{"a domain without a dot is refused", "ada@localhost", false},
		{"a domain that ends in a dot is refused", "ada@contoso.example.", false},
		{"an empty label is refused", "ada@contoso..example", false},
		{"a label that begins with a dash is refused", "ada@-contoso.example", false},
		{"a label that ends with a dash is refused", "ada@contoso-.example", false},
		{"an address of numbers for a domain is refused", "ada@192.0.2.1", false},
		{"a domain that begins with a number is taken", "ada@365.contoso.example", true},
		{"an underscore in the domain is refused", "ada@con_toso.example", false},
		{"two dots in the local part are refused", "a..b@contoso.example", false},
		{"a missing local part is refused", "@contoso.example", false},
		{"two @ are refused", "a@b@contoso.example", false},
		{"a quoted local part is refused", `"a b"@contoso.example`, false},
		{"an address literal is refused", "ada@[192.0.2.1]", false},
		{"a line break is refused", "ada@contoso.example\r\nBcc: x@y.example", false},
		{"letters outside ASCII are refused", "ada@münchen.example", false},
		{"their xn-- form is taken", "ada@xn--mnchen-3ya.example", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseEmail(c.in)
			if c.good {
				if err != nil || string(got) != c.in {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			e := refusal(t, err, Invalid, "R66")
			if c.in != "" && strings.Contains(e.Message, strings.TrimSpace(c.in)) {
				t.Error("the refusal repeats the input")
			}
		})
	}
}

func TestR66_AddressesCompareWithoutCaseAndFoldNothingElse(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b Email
		same bool
	}{
		{"capitals make no difference", "Ada@Contoso.Example", "ada@contoso.example", true},
		{"a plus makes a difference", "ada+vl@contoso.example", "ada@contoso.example", false},
		{"a dot makes a difference", "a.da@contoso.example", "ada@contoso.example", false},
		{"the domain makes a difference", "ada@contoso.example", "ada@fabrikam.example", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.a.Key() == c.b.Key(); got != c.same {
				t.Errorf("same: %t", got)
			}
		})
	}
	if d := Email("Ada@Contoso.Example").Domain(); d != "contoso.example" {
		t.Errorf("domain %q", d)
	}
}
