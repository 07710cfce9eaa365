package licensing

import (
	"encoding/base64"
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"", "ada@contoso.example", " A.B+c@X-y.onmicrosoft.com ",
		"Ada <ada@contoso.example>", `"a b"@c.example`, "a@[192.0.2.1]",
		"a@b", "a@b..c", "a@b.example\r\nBcc: x@y.example", "ä@b.example", "=?utf-8?q?a?=@b.example",
		"a@xn--mnchen-3ya.example", "a@b.c,d@e.f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEmail(s)
		if err != nil {
			if e != "" || KindOf(err) != Invalid {
				t.Fatalf("%q, %v", e, err)
			}
			return
		}
		if again, err := ParseEmail(string(e)); err != nil || again != e {
			t.Fatalf("%q is read again as %q, %v", e, again, err)
		}
		if string(e) != strings.TrimSpace(s) || len(e) > 254 ||
			strings.ContainsAny(string(e), " \r\n\t,;<>\"") ||
			strings.Count(string(e), "@") != 1 {
			t.Fatalf("%q is taken as %q", s, e)
		}
		// A header that holds it has this one address and nothing else.
		if l, err := mail.ParseAddressList(fmt.Sprintf("Ada <%s>", e)); err != nil || len(l) != 1 ||
			l[0].Address != string(e) {
			t.Fatalf("%q in a header is %v, %v", e, l, err)
		}
		if k, err := ParseEmail(e.Key()); err != nil || string(k) != e.Key() || k.Key() != e.Key() ||
			!strings.HasSuffix(e.Key(), "@"+e.Domain()) {
			t.Fatalf("the key of %q is %q", e, e.Key())
		}
	})
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"", "Ada Lovelace", " 山田 太郎 ", "A\nB", "A\x00B", "\u202eabc", "\u200b",
		"\xff\xfe", strings.Repeat("ü", 300), "a\u2028b", "क्\u200dष", "\ufffd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := ParseName(s)
		clean := CleanName(s)
		if err != nil {
			if name != "" || KindOf(err) != Invalid {
				t.Fatalf("%q, %v", name, err)
			}
		} else if name != clean {
			t.Fatalf("%q is read as %q but cleaned to %q", s, name, clean)
		}
		for _, n := range []string{name, clean} {
			if n == "" {
				continue
			}
			if again, err := ParseName(n); err != nil || again != n {
				t.Fatalf("%q is read again as %q, %v", n, again, err)
			}
			if !utf8.ValidString(n) || utf8.RuneCountInString(n) > MaxName ||
				strings.ContainsAny(n, "\r\n\t\x00\u2028\u2029\u202e") {
				t.Fatalf("%q is taken as %q", s, n)
			}
		}
	})
}

func FuzzParseRole(f *testing.F) {
	for _, r := range Roles() {
		f.Add(string(r.Role))
		f.Add(" " + strings.ToUpper(r.Name) + " ")
		f.Add(strings.ReplaceAll(r.VLSC, " ", "-"))
	}
	for _, s := range []string{"", " -_ ", "admin", "Global Administrator", "administrator,invoice_reader",
		"Licence position reader", "\xffdownload", "down\x00load", "\u212aeys"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRole(s)
		if err != nil {
			if r != "" || KindOf(err) != Invalid {
				t.Fatalf("%q, %v", r, err)
			}
			return
		}
		if again, err := ParseRole(string(r)); err != nil || again != r {
			t.Fatalf("%q is read again as %q, %v", r, again, err)
		}
		letters := func(s string) string {
			return strings.ToLower(strings.NewReplacer("-", "", "_", "", " ",
				"").Replace(strings.TrimSpace(s)))
		}
		i := r.Info()
		if got := letters(s); len(i.Permissions) == 0 ||
			got != letters(string(r)) && got != letters(i.Name) && got != letters(i.VLSC) {
			t.Fatalf("%q is read as %q", s, r)
		}
	})
}

func FuzzVerifyLink(f *testing.F) {
	k := ring(f, "k1:"+secretOf(1, 32)+",k0:"+secretOf(2, 32))
	for _, s := range []string{"", ".", "...", "k1.a.1.", "k1.a.1.AAAA", "k2.a.1.AAAA",
		token(f, k, invitationA, 1, "k1"), token(f, k, invitationA, 12, "k0"),
		token(f, ring(f, "k1:"+secretOf(9, 32)), invitationA, 1, "k1")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := k.Verify(s)
		if err != nil {
			if got != (Ticket{}) || KindOf(err) != NotFound {
				t.Fatalf("%q: %+v, %v", s, got, err)
			}
			return
		}
		key, _, _ := strings.Cut(s, ".")
		if again, err := k.Token(got, key); err != nil || again != s || got.Generation < 1 {
			t.Fatalf("%q verifies, but the link of %+v is %q", s, got, again)
		}
	})
}

func FuzzParseLinkKeys(f *testing.F) {
	good := secretOf(1, 32)
	for _, s := range []string{"", ",", ":", "k1", "k1:" + good, "k1:" + good + ", k0:" + secretOf(2, 40),
		"k1:" + good + ",k1:" + good, "k.1:" + good, "k1:" + secretOf(1, 31), "k1:\n" + good} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseLinkKeys(s)
		if err != nil {
			if k.Current() != "" || k.secrets != nil {
				t.Fatalf("%q is refused but gives %v", s, k)
			}
			return
		}
		for _, part := range strings.Split(s, ",") {
			id, enc, _ := strings.Cut(strings.TrimSpace(part), ":")
			if b, err := base64.StdEncoding.DecodeString(enc); err != nil || len(b) < 32 || len(id) == 0 ||
				len(id) > 16 || strings.Contains(id, ".") {
				t.Fatalf("%q is taken", part)
			}
			link := token(t, k, invitationA, 7, id)
			if got, err := k.Verify(link); err != nil || got != (Ticket{invitationA, 7, OwnLink}) ||
				!strings.HasPrefix(link, id+".") {
				t.Fatalf("the key %q signs %q, which verifies as %+v, %v", id, link, got, err)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", k, k, k), enc) {
				t.Fatalf("the ring shows a secret")
			}
		}
	})
}
