package templates

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"vlroles/licensing"
)

// hostile are names that want to be more than names.
var hostile = map[string]string{
	"markup":                         `<b>Ada</b>`,
	"a script":                       `<script>alert(1)</script>`,
	"an image with a handler":        `"><img src=x onerror=alert(1)>`,
	"the end of the document":        `</bdi></p></body></html><h1>Hello</h1>`,
	"the end of a comment and style": `--></style></title><h1>`,
	"a template":                     `{{.Link}} {{template "mail" .}}`,
	"a line break and a header":      "Ada\r\nBcc: everybody@example.org\r\n\r\nbody",
	"a paragraph of text":            "Ada\n\nYour account is locked. Go to\nhttp://evil.example/\n",
	"line and paragraph separators":  "Ada\u2028Love\u2029lace\u0085\v\f",
	"a right-to-left override":       "Ada \u202eecalevoL",
	"isolates and embeddings":        "\u2066Ada\u2069 \u202aLove\u202clace\u200f\u061c",
	"controls and a bell":            "Ada\x00\x07\x1b[31m Lovelace\x7f\u009b",
	"what can't be seen":             "\u200bA\u2060d\ufeffa\u00ad\u180e\u3164",
	"tags":                           "Ada\U000e0041\U000e0042",
	"bytes that are no UTF-8":        "Ada\xff\xfe\xc3",
	"256 letters without a space":    strings.Repeat("W", 256),
	"1000 wide letters":              strings.Repeat("漢", 1000),
	"a page":                         "https://evil.example/a?b=c&d=e",
	"a list and a rule":              "- Ada",
	"many spaces":                    "  Ada \t\u00a0\u3000  Lovelace  ",
	"letters of many scripts":        "عائشة שלום Владимир 株式会社 é́ नमस्ते",
	"only marks":                     "\u0301\u0301",
	"only joiners":                   "\u200d\u200c",
	"nothing":                        "",
}

// named returns one mail of each kind with s wherever a name is shown.
func named(s string) map[string]sample {
	out := samples()
	for kind, m := range out {
		m.Name, m.Organization, m.Person = s, s, s
		m.People = slices.Clone(m.People)
		for n := range m.People {
			m.People[n].Name = s
		}
		out[kind] = m
	}
	return out
}

// plainMails are the mails with a plain name and without one, by name and kind.
var plainMails = sync.OnceValue(func() map[string]Mail {
	out := map[string]Mail{}
	for _, name := range []string{"", "Ada Lovelace"} {
		for kind, m := range named(name) {
			mail, err := m.write()
			if err != nil {
				panic(err)
			}
			out[name+kind] = mail
		}
	}
	return out
})

// checkNames compares mails that hold s for a name with mails that hold a plain name, or none where s shows
// nothing.
func checkNames(t testing.TB, s string) {
	t.Helper()
	plain := "Ada Lovelace"
	if Line(s) == "" {
		plain = ""
	}
	for kind, m := range named(s) {
		got, want := m.mail(t), plainMails()[plain+kind]
		if got.Subject != want.Subject {
			t.Errorf("%s: the subject became %q", kind, got.Subject)
		}
		if g, w := shape(t, got.HTML), shape(t, want.HTML); !slices.Equal(g, w) {
			t.Errorf("%s: the elements became %q, want %q", kind, g, w)
		}
		if g, w := strings.Count(got.Text, "\n"), strings.Count(want.Text, "\n"); g != w {
			t.Errorf("%s: the text has %d lines, want %d:\n%s", kind, g, w, got.Text)
		}
		checkText(t, got.Text)
		if r, ok := disruptive(got.Text + got.HTML); ok {
			t.Errorf("%s: it holds %U", kind, r)
		}
	}
}

// disruptive finds a rune that breaks lines, reorders text or hides.
func disruptive(s string) (rune, bool) {
	for _, r := range s {
		if r == '\n' || r == '\u200c' || r == '\u200d' {
			continue
		}
		if r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return r, true
		}
	}
	return 0, false
}

func TestR44_NamesAreDataInEveryMail(t *testing.T) {
	for name, s := range hostile {
		t.Run(name, func(t *testing.T) { checkNames(t, s) })
	}
}

func FuzzNamesAreData(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkNames(t, s) })
}

func TestR44_NamesStayAsPeopleWriteThem(t *testing.T) {
	for _, s := range []string{
		"Ada Lovelace", "Åsa Öberg", "عائشة بنت محمد", "שלום עליכם", "株式会社 田中", "Nguyễn Văn A",
		"O’Brien-D'Arcy", "محمد\u200cرضا", "क्\u200dष", "渡邉\U000e0100", "J. R. (Bob) Smith, Jr.",
	} {
		if got := Line(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
		if mail := named(s)["welcome"].mail(t); !strings.Contains(mail.Text, "Hello "+s+",") {
			t.Errorf("%q is not in the text as it is", s)
		}
	}
}

func TestReasonsAndAddressesAreDataToo(t *testing.T) {
	for name, s := range hostile {
		t.Run(name, func(t *testing.T) {
			m := sampleOf(licensing.MailConfirmation)
			m.head.Support, m.Request = s, licensing.RequestID(s)
			v := licensing.PersonVerdict{Error: &licensing.Error{Message: "no: " + s},
				Verdicts: []licensing.Verdict{{
					License: licensing.LicenseID(s), Outcome: licensing.Refused, Advice: s, Reference: s,
					Added: []licensing.Role{licensing.Role(s)}, Error: &licensing.Error{Message: s, Rule: s},
				}}}
			m.People = []licensing.ConfirmedPerson{{Name: "Ada", Email: licensing.Email(s), Verdict: v}}
			mail := m.mail(t)
			if r, ok := disruptive(mail.Text + mail.HTML); ok {
				t.Errorf("it holds %U", r)
			}
			checkHTML(t, mail.HTML, samplePortal, s)
			if strings.Contains(mail.Text, "\nBcc") || strings.Contains(mail.Text, "\nYour account") {
				t.Errorf("a line was added:\n%s", mail.Text)
			}
			for _, k := range Kinds() {
				m := bare(k.Kind)
				roles := []licensing.Role{licensing.Role(s)}
				m.Access = []licensing.AccessEntry{{License: licensing.LicenseID(s), Roles: roles}}
				m.Changes = []licensing.Verdict{{License: licensing.LicenseID(s), Added: roles}}
				m.PersonEmail = licensing.Email(s)
				checkHTML(t, m.mail(t).HTML, sampleLink)
			}
		})
	}
}

func TestSupportIsAnAddressAPageOrWords(t *testing.T) {
	for _, c := range []struct{ name, in, href string }{
		{"an address", "help@contoso.example", "mailto:help@contoso.example"},
		{"an address with a question mark", "help?cc=x@contoso.example",
			"mailto:help%3Fcc=x@contoso.example"},
		{"a page", "https://contoso.example/help?a=b&c=d", "https://contoso.example/help?a=b&c=d"},
		{"words", "the licensing desk, extension 4711", ""},
		{"a script", "javascript:alert(1)", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := contactOf(c.in); got.Href != c.href || got.Text != c.in {
				t.Errorf("it became %+v", got)
			}
			m := sampleOf(licensing.MailRegistered)
			m.head.Support = c.in
			checkHTML(t, m.mail(t).HTML, samplePortal, c.href)
		})
	}
	if got := contactOf("\u202e"); got.Href != "" || got.Text == "" {
		t.Errorf("without support it says %+v", got)
	}
}

func TestR44_NamesAreDataOnPages(t *testing.T) {
	for name, s := range hostile {
		t.Run(name, func(t *testing.T) {
			for page, doc := range hostilePages(t, s) {
				checkHTML(t, doc, "/", "/mail/1", "?pause=1", "/register", supportLink,
					"http://evil.example/", s)
				if page == "mail" {
					continue // it shows a body's text as it is
				}
				if r, ok := disruptive(doc); ok {
					t.Errorf("%s holds %U", page, r)
				}
			}
		})
	}
}

// hostilePages returns each page with s wherever data stands.
func hostilePages(t testing.TB, s string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"inbox": func(b *bytes.Buffer) error {
			m := InboxMail{Open: "/mail/1", At: sampleTime, To: s, Subject: s, Kind: s}
			return Inbox(b, InboxPage{Mails: []InboxMail{m}})
		},
		"mail": func(b *bytes.Buffer) error {
			return MailView(b, MailPage{Back: "/", At: sampleTime, To: s, Subject: s, Kind: s,
				Headers: []Header{{s, s}}, Text: s, HTML: s})
		},
		"invitation": func(b *bytes.Buffer) error {
			return InvitationShow(b, InvitationPage{Organization: s, Support: sampleSupport,
				Access: []licensing.AccessEntry{{License: licensing.LicenseID(s)}}, Expires: sampleTime,
				Action: "/register", Token: "t.o.k", SignIn: s,
				Problem: &licensing.Error{Message: s, Rule: s}})
		},
		"notice": func(b *bytes.Buffer) error {
			return Notice(b, NoticePage{Title: "x" + s, Message: s, Next: "/"})
		},
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		out[name] = b.String()
	}
	return out
}
