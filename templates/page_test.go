package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"vlroles/licensing"
)

func samplePages(t testing.TB) map[string]string {
	t.Helper()
	w, r := sampleOf(licensing.MailWelcome).mail(t), sampleOf(licensing.MailRegistered).mail(t)
	out := map[string]string{}
	for name, write := range map[string]func(io.Writer) error{
		"inbox": func(b io.Writer) error {
			return Inbox(b, InboxPage{Mails: []InboxMail{
				{Open: "/mail/1", At: sampleTime, To: "ada@contoso.example", Subject: w.Subject,
					Kind: "welcome"},
				{Open: "/mail/2", At: sampleTime.Add(time.Minute), To: "ada@contoso.example",
					Subject: r.Subject, Kind: "registered"},
			}})
		},
		"paused inbox": func(b io.Writer) error { return Inbox(b, InboxPage{Paused: true}) },
		"mail": func(b io.Writer) error {
			return MailView(b,
				MailPage{Back: "/", At: sampleTime, To: "ada@contoso.example", Subject: w.Subject,
					Kind: "welcome", Text: w.Text, HTML: w.HTML, Headers: []Header{
						{"From", "Licensing <licensing@contoso.example>"},
						{"Auto-Submitted", "auto-generated"}}})
		},
		"invitation": func(b io.Writer) error {
			return InvitationShow(b, InvitationPage{Organization: "Contoso Ltd", Support: sampleSupport,
				Access: sampleAccess(), Expires: sampleWelcome().Expires, Propagation: 2 * time.Hour,
				Action: "/register", Token: "k1.abc.1.def", SignIn: "ada@contoso.example"})
		},
		"refused invitation": func(b io.Writer) error {
			problem := licensing.Refuse(licensing.Forbidden, "R28",
				"this invitation is for another sign-in email")
			return InvitationShow(b, InvitationPage{
				Access: sampleAccess(), Expires: sampleTime, Token: "t",
				Problem: problem.In("identity.email")})
		},
		"refusal": func(b io.Writer) error {
			used := licensing.Refuse(licensing.Gone, "R29", "this invitation has already been used")
			return Notice(b, NoticePage{Title: "Not registered", Message: Explain(used), Next: "/"})
		},
		"result": func(b io.Writer) error {
			return Notice(b, NoticePage{Title: "Registered", Message: "Welcome.", OK: true})
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

func TestPagesAreSoundAndFetchNothing(t *testing.T) {
	for name, doc := range samplePages(t) {
		t.Run(name, func(t *testing.T) {
			checkHTML(t, doc, "/", "/mail/1", "/mail/2", "?pause=1", "?pause=0", "/register", supportLink,
				sampleLink)
		})
	}
}

func TestInboxShowsTheNewestFirstAndRefreshesUntilPaused(t *testing.T) {
	pages := samplePages(t)
	if doc := pages["inbox"]; strings.Index(doc, "/mail/2") > strings.Index(doc, "/mail/1") {
		t.Error("the older mail comes first")
	}
	for name, want := range map[string]bool{"inbox": true, "paused inbox": false} {
		if got := strings.Contains(pages[name], `http-equiv="refresh" content="5"`); got != want {
			t.Errorf("%s refreshes: %v", name, got)
		}
	}
}

func TestInboxLeavesItsInputAsItIs(t *testing.T) {
	p := InboxPage{Mails: []InboxMail{{Open: "/1", At: sampleTime}, {Open: "/2", At: sampleTime.Add(1)}}}
	if err := Inbox(io.Discard, p); err != nil || p.Mails[0].Open != "/1" {
		t.Error(err, p)
	}
}

func TestMailViewKeepsTheHTMLInASandbox(t *testing.T) {
	m := sampleOf(licensing.MailWelcome).mail(t)
	hostile := `</iframe>"'><script>alert(1)</script>&lt;&amp;` + "\u202e"
	for name, body := range map[string]string{"a mail": m.HTML, "a hostile mail": hostile} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := MailView(&b, MailPage{Subject: "x", Text: body, HTML: body}); err != nil {
				t.Fatal(err)
			}
			frame := find(checkHTML(t, b.String(), sampleLink), "iframe")
			if got := attr(frame, "srcdoc"); got != body {
				t.Errorf("the frame holds %q", got)
			}
			closed := func(a html.Attribute) bool { return a.Key == "sandbox" && a.Val == "" }
			if !slices.ContainsFunc(frame.Attr, closed) {
				t.Error("the frame has no empty sandbox")
			}
		})
	}
}

func TestInvitationPageOnlyActsByPost(t *testing.T) {
	root := checkHTML(t, samplePages(t)["invitation"], "/register", supportLink)
	form := find(root, "form")
	if attr(form, "method") != "post" || attr(form, "action") != "/register" {
		t.Errorf("the form is %v", form.Attr)
	}
	fields := map[string]string{}
	for n := range form.Descendants() {
		if n.Data == "input" {
			fields[attr(n, "name")] = attr(n, "value")
		}
	}
	if len(fields) != 2 || fields[FieldToken] != "k1.abc.1.def" ||
		fields[FieldSignIn] != "ada@contoso.example" {
		t.Errorf("the form posts %v", fields)
	}
	if n := find(root, "a"); attr(n, "href") != supportLink {
		t.Errorf("a link leads to %q", attr(n, "href"))
	}
	text := textOf(root)
	for _, want := range []string{
		"License ID CT-100", "Administrator", "License position reader, Product keys reader",
		"The invitation expires on 2 December 2026, 09:00 UTC.", "Contoso Ltd", "Sign-in email",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestR35_PagesHaveNoRoomForAnAdminsName(t *testing.T) {
	for _, doc := range samplePages(t) {
		if strings.Contains(doc, "Grace") {
			t.Error("a page names the admin")
		}
	}
}

func TestPagesForInvitedPeopleNameNoRuleAndNoField(t *testing.T) {
	pages := samplePages(t)
	for _, name := range []string{"invitation", "refused invitation", "refusal", "result"} {
		for _, inner := range []string{"R28", "R29", "identity.email"} {
			if strings.Contains(pages[name], inner) {
				t.Errorf("%s shows %s", name, inner)
			}
		}
	}
	want := "This invitation is for another sign-in email."
	if !strings.Contains(pages["refused invitation"], want) {
		t.Errorf("the page doesn't say %q", want)
	}
}

func TestAnErrorIsExplainedToAPersonOnlyWhereItIsARefusal(t *testing.T) {
	const used = "this invitation has already been used"
	refusal := licensing.Refuse(licensing.Gone, "R29", used).In("token")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"no error says nothing", nil, ""},
		{"a refusal says its sentence alone", refusal, used},
		{"a wrapped refusal does so too", fmt.Errorf("register: %w", refusal), used},
		{"anything else is hidden", errors.New("dial tcp 10.0.0.7: refused"),
			"Something went wrong. Try again later."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Explain(c.err); got != c.want {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}

func TestStyleHashAllowsTheStylesAsTheyAreSent(t *testing.T) {
	all := samplePages(t)
	for name, m := range samples() {
		all["mail "+name] = m.mail(t).HTML
	}
	for name, doc := range all {
		root, err := html.Parse(strings.NewReader(doc))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(textOf(find(root, "style"))))
		want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if !strings.Contains(StyleHash(), want) || !strings.Contains(CSP(), want) {
			t.Errorf("%s: style-src lacks %s", name, want)
		}
	}
}

func TestPagesRefuseAddressesThatLeadElsewhere(t *testing.T) {
	for name, u := range map[string]string{
		"a script": "javascript:alert(1)", "another host without a scheme": "//evil.example/",
		"a backslash": `/\evil.example`, "data": "data:text/html,x", "a tab within": "/\t/evil.example",
		"a word": "mail",
	} {
		t.Run(name, func(t *testing.T) {
			for page, err := range map[string]error{
				"inbox":      Inbox(nothing{t}, InboxPage{Mails: []InboxMail{{Open: u}}}),
				"mail":       MailView(nothing{t}, MailPage{Back: u}),
				"invitation": InvitationShow(nothing{t}, InvitationPage{Action: u}),
				"notice":     Notice(nothing{t}, NoticePage{Next: u}),
			} {
				if err == nil {
					t.Errorf("%s takes it", page)
				}
			}
		})
	}
}

// nothing is a writer that must not be written to.
type nothing struct{ t *testing.T }

func (n nothing) Write(b []byte) (int, error) {
	n.t.Errorf("something was written: %q", b)
	return len(b), nil
}

func TestAPageThatCanNotBeWrittenIsAnError(t *testing.T) {
	if err := Notice(broken{}, NoticePage{Title: "x", Message: "y"}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the error is %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
