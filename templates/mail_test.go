package templates

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func mustMail(t testing.TB, m mailer) Mail {
	t.Helper()
	mail, err := m.Mail()
	if err != nil {
		t.Fatal(err)
	}
	return mail
}

func TestMailsReadAsTheirGoldenFiles(t *testing.T) {
	for name, m := range samples() {
		t.Run(name, func(t *testing.T) {
			mail := mustMail(t, m)
			golden(t, name+".txt", "Subject: "+mail.Subject+"\n\n"+mail.Text)
			golden(t, name+".html", mail.HTML)
		})
	}
	t.Run("a confirmation of 120 people", func(t *testing.T) {
		golden(t, "confirmation-120.txt", mustMail(t, manyPeople(120)).Text)
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s reads differently; run go test ./templates -update and read the difference. It is now:\n%s", name, got)
	}
}

func TestHTMLBodiesAreSoundAndFetchNothing(t *testing.T) {
	for name, m := range samples() {
		t.Run(name, func(t *testing.T) {
			checkHTML(t, mustMail(t, m).HTML, sampleLink, samplePortal, "mailto:"+sampleSupport)
		})
	}
}

func TestTextAndHTMLSayTheSame(t *testing.T) {
	all := samples()
	all["a confirmation of 120 people"] = manyPeople(120)
	all["a confirmation of 120 people without a portal"] = func() mailer { m := manyPeople(120); m.Portal = ""; return m }()
	all["a welcome that knows little"] = Welcome{Link: sampleLink, Expires: sampleTime}
	all["a registration that knows little"] = Registered{}
	all["changes that know little"] = Changes{}
	all["an empty confirmation"] = Confirmation{}
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			mail := mustMail(t, m)
			root := checkHTML(t, mail.HTML, sampleLink, samplePortal, "mailto:"+sampleSupport)
			text, html := wordsOf(mail.Text), wordsOf(readable(root))
			if slices.Equal(text, html) {
				return
			}
			n := 0
			for n < min(len(text), len(html)) && text[n] == html[n] {
				n++
			}
			t.Errorf("after %q the text goes on %q, the HTML %q", text[max(0, n-5):n], text[n:min(n+8, len(text))], html[n:min(n+8, len(html))])
		})
	}
}

func TestTextFitsATerminal(t *testing.T) {
	long := sampleWelcome()
	long.Name = strings.Repeat("Very Long Name ", 30)
	long.Organization = strings.Repeat("組織", 120)
	long.Support = strings.Repeat("the desk in room 3 ", 12)
	long.Access = []Access{{License: "CT-100", Roles: allRoles(), DueAt: sampleTime}}
	all := samples()
	all["a long welcome"] = long
	all["a confirmation of 120 people"] = manyPeople(120)
	for name, m := range all {
		t.Run(name, func(t *testing.T) { checkText(t, mustMail(t, m).Text) })
	}
}

// checkText says what a plain reader would show badly.
func checkText(t testing.TB, text string) {
	t.Helper()
	for l := range strings.Lines(text) {
		l = strings.TrimSuffix(l, "\n")
		if strings.HasPrefix(l, "http") {
			if strings.ContainsAny(l, " ") {
				t.Errorf("an address shares its line: %q", l)
			}
			continue
		}
		if columns(l) > 78 {
			t.Errorf("%d columns: %q", columns(l), l)
		}
		if strings.TrimRight(l, " \t\r") != l {
			t.Errorf("space at the end of %q", l)
		}
	}
	if strings.Contains(text, "\n\n\n") || !strings.HasSuffix(text, "\n") {
		t.Error("empty lines in a row, or no end of line")
	}
}

func allRoles() (out []licensing.Role) {
	for _, r := range licensing.Roles() {
		out = append(out, r.Role)
	}
	return out
}

func TestR35_NoMailNamesAnAdmin(t *testing.T) {
	allowed := []string{
		"Name",                    // the recipient's own
		"Organization", "Support", // the deployment's
		"Link", "Portal", // pages
		"License", "Roles", "Added", "Removed", // what it is about
	}
	for _, m := range []mailer{Welcome{}, Reminder{}, Registered{}, Changes{}} {
		for _, f := range stringFields(reflect.TypeOf(m)) {
			if !slices.Contains(allowed, f) {
				t.Errorf("%T has room for somebody's name: %s", m, f)
			}
		}
	}
	for name, m := range samples() {
		if mail := mustMail(t, m); name != "confirmation" && name != "expired" && strings.Contains(mail.Text+mail.HTML+mail.Subject, "Grace Hopper") {
			t.Errorf("%s names the admin", name)
		}
	}
}

func stringFields(t reflect.Type) (out []string) {
	for f := range t.Fields() {
		inner := f.Type
		for inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		switch {
		case inner.Kind() == reflect.String:
			out = append(out, f.Name)
		case inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]():
			out = append(out, stringFields(inner)...)
		}
	}
	return out
}

func TestSubjectsHoldNoNamesAndNoAddresses(t *testing.T) {
	for name, m := range samples() {
		subject := mustMail(t, m).Subject
		for _, word := range []string{"Ada", "Grace", "Contoso", "@", "http", "CT-100"} {
			if strings.Contains(subject, word) {
				t.Errorf("%s: the subject %q holds %q", name, subject, word)
			}
		}
		if len(subject) > 78 {
			t.Errorf("%s: the subject is too long: %q", name, subject)
		}
	}
}

func TestR73_SubjectIsExactlyTheOneOfTheRule(t *testing.T) {
	checkSubject(t, sampleWelcome(), "Action required: Sign in to manage your volume licensing assets")
}

func TestR74_SubjectIsExactlyTheOneOfTheRule(t *testing.T) {
	checkSubject(t, sampleRegistered(), "Registration successful: Welcome to Microsoft admin center")
}

func TestR70_SubjectIsExactlyTheOneOfTheRule(t *testing.T) {
	checkSubject(t, sampleChanges(), "Permission changes for Microsoft Volume Licensing contracts")
}

func TestR56_SubjectsSayWhenAndThatAnInvitationEnds(t *testing.T) {
	checkSubject(t, sampleExpired(), "An invitation to volume licensing has expired")
	checkSubject(t, Reminder{sampleWelcome()}, "Reminder: your volume licensing invitation ends on 2 December 2026")
}

func checkSubject(t *testing.T, m mailer, want string) {
	t.Helper()
	if got := mustMail(t, m).Subject; got != want {
		t.Errorf("the subject is %q, want %q", got, want)
	}
}

func TestR73_WelcomeSaysWhatHowLongAndWhen(t *testing.T) {
	saysAll(t, sampleWelcome(),
		sampleLink, "2 December 2026, 09:00 UTC", "30 days", "License ID CT-100", "Administrator",
		"License ID EA-2026-00417", "License position reader, Product keys reader", "About 2 hours after you register", sampleSupport, "Ada Lovelace", "Contoso Ltd")
}

func TestR74_RegisteredSaysWhenEachLicenseIDTakesEffect(t *testing.T) {
	saysAll(t, sampleRegistered(),
		"License ID CT-100", "Effective from 2 November 2026, 11:00 UTC", "License ID EA-2026-00417", "Effective from 2 November 2026, 19:00 UTC",
		"Invoice Reader", "Effective as soon as the assignment is processed", samplePortal, sampleSupport)
}

func TestR70_ChangesSayWhatEndedAndWhatBegins(t *testing.T) {
	saysAll(t, sampleChanges(),
		"Removed: Administrator", "Ended at once", "Added: Benefits reader, Online services manager", "Effective from 2 November 2026, 11:00 UTC", samplePortal)
}

func TestR56_ExpiredSaysWhoWhatAndWhatToDo(t *testing.T) {
	saysAll(t, sampleExpired(), "Ada Lovelace", "ada@contoso.example", "License ID CT-100", "Reset invite", samplePortal)
}

// saysAll checks that both bodies say each phrase, wherever lines break.
func saysAll(t *testing.T, m mailer, phrases ...string) {
	t.Helper()
	mail := mustMail(t, m)
	root := checkHTML(t, mail.HTML, sampleLink, samplePortal, "mailto:"+sampleSupport)
	for kind, body := range map[string]string{"text": mail.Text, "HTML": readable(root)} {
		body = strings.Join(strings.Fields(body), " ")
		for _, p := range phrases {
			if !strings.Contains(body, p) {
				t.Errorf("the %s does not say %q:\n%s", kind, p, body)
			}
		}
	}
}

func TestMailsPoseAsNobody(t *testing.T) {
	for name, m := range samples() {
		mail := mustMail(t, m)
		if !strings.Contains(strings.Join(strings.Fields(mail.Text), " "), "sent automatically on behalf of the organization that holds the agreements, not by Microsoft") {
			t.Errorf("%s does not say from whom it comes", name)
		}
		if n := strings.Count(mail.Text, "Microsoft"); n != 1 {
			t.Errorf("%s names Microsoft %d times in its text", name, n)
		}
	}
}

func TestTimesAreNeverBetterThanTheTruth(t *testing.T) {
	odd := time.Date(2026, 12, 31, 23, 59, 30, 0, time.UTC)
	for _, c := range []struct{ name, got, want string }{
		{"an end is cut to the minute", until(odd), "31 December 2026, 23:59 UTC"},
		{"a begin goes up to the minute", from(odd), "1 January 2027, 00:00 UTC"},
		{"a whole minute stays", from(odd.Add(30 * time.Second)), "1 January 2027, 00:00 UTC"},
		{"another zone is turned into UTC", until(time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("", 7200))), "31 December 2025, 23:00 UTC"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestMailsAreRefusedWithoutWhatTheyNeed(t *testing.T) {
	for name, m := range map[string]mailer{
		"a welcome without an end":            Welcome{Link: sampleLink},
		"a welcome without a link":            Welcome{Expires: sampleTime},
		"a reminder without a link":           Reminder{Welcome{Expires: sampleTime}},
		"a welcome with a script for a link":  Welcome{Expires: sampleTime, Link: "javascript:alert(1)"},
		"a registration with a strange page":  Registered{Portal: "ftp://contoso.example/"},
		"changes with a strange page":         Changes{Portal: "//contoso.example/"},
		"a confirmation with a strange page":  Confirmation{Portal: "https://"},
		"an expiry notice with a data: page":  Expired{Portal: "data:text/html,x"},
		"a link that holds a user name":       Welcome{Expires: sampleTime, Link: "https://contoso.example@evil.example/"},
		"a link with a line break":            Welcome{Expires: sampleTime, Link: "https://contoso.example/\nBcc: x"},
		"a link with a mark that turns text":  Welcome{Expires: sampleTime, Link: "https://contoso.example/\u202e"},
		"a link with a quote":                 Welcome{Expires: sampleTime, Link: `https://contoso.example/"onclick="x`},
		"a link with a backslash for a slash": Welcome{Expires: sampleTime, Link: `https:\\evil.example`},
	} {
		t.Run(name, func(t *testing.T) {
			mail, err := m.Mail()
			if err == nil || mail != (Mail{}) {
				t.Errorf("a mail was written: %+v", mail)
			}
			if err != nil && strings.Contains(err.Error(), "evil") {
				t.Errorf("the error repeats the link: %v", err)
			}
		})
	}
}
