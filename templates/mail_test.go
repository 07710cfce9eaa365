package templates

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
)

const supportLink = "mailto:" + sampleSupport

var update = flag.Bool("update", false, "write the golden files anew")

func TestMailsReadAsTheirGoldenFiles(t *testing.T) {
	for name, m := range samples() {
		t.Run(name, func(t *testing.T) {
			mail := m.mail(t)
			golden(t, name+".txt", "Subject: "+mail.Subject+"\n\n"+mail.Text)
			golden(t, name+".html", mail.HTML)
		})
	}
	t.Run("a confirmation of 120 people", func(t *testing.T) {
		golden(t, "confirmation-120.txt", manyPeople(120).mail(t).Text)
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
		t.Errorf("%s reads differently: run go test ./templates -update and read the "+
			"difference. It is now:\n%s", name, got)
	}
}

func TestHTMLBodiesAreSoundAndFetchNothing(t *testing.T) {
	for name, m := range samples() {
		t.Run(name, func(t *testing.T) {
			checkHTML(t, m.mail(t).HTML, sampleLink, samplePortal, supportLink)
		})
	}
}

func TestTextAndHTMLSayTheSame(t *testing.T) {
	all := samples()
	all["a confirmation of 120 people"] = manyPeople(120)
	without := manyPeople(120)
	without.head.Portal = ""
	all["a confirmation of 120 people without a portal"] = without
	for _, k := range Kinds() {
		all["a bare "+string(k.Kind)] = bare(k.Kind)
	}
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			mail := m.mail(t)
			root := checkHTML(t, mail.HTML, sampleLink, samplePortal, supportLink)
			text, html := wordsOf(mail.Text), wordsOf(readable(root))
			if slices.Equal(text, html) {
				return
			}
			n := 0
			for n < min(len(text), len(html)) && text[n] == html[n] {
				n++
			}
			t.Errorf("after %q the text goes on %q, the HTML %q",
				text[max(0, n-5):n], text[n:min(n+8, len(text))], html[n:min(n+8, len(html))])
		})
	}
}

func TestTextFitsATerminal(t *testing.T) {
	long := sampleOf(licensing.MailWelcome)
	long.Name = strings.Repeat("Very Long Name ", 30)
	long.Organization = strings.Repeat("組織", 120)
	long.head.Support = strings.Repeat("the desk in room 3 ", 12)
	long.Access = []licensing.AccessEntry{{License: "CT-100", Roles: allRoles()}}
	all := samples()
	all["a long welcome"] = long
	all["a confirmation of 120 people"] = manyPeople(120)
	for name, m := range all {
		t.Run(name, func(t *testing.T) { checkText(t, m.mail(t).Text) })
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

func TestR35_NoMailNamesAnAdminWhateverItsJobHolds(t *testing.T) {
	// to an admin, about people
	about := []licensing.MailKind{licensing.MailConfirmation, licensing.MailExpired}
	for name, m := range samples() {
		if slices.Contains(about, m.Kind) {
			continue
		}
		m.Person, m.PersonEmail = "Grace Hopper", "grace@contoso.example"
		m.People = []licensing.ConfirmedPerson{{Name: "Grace Hopper", Email: "grace@contoso.example"}}
		mail := m.mail(t)
		if text := strings.ToLower(mail.Text + mail.HTML + mail.Subject); strings.Contains(text, "grace") {
			t.Errorf("%s names the admin:\n%s", name, mail.Text)
		}
	}
}

func TestOnlyTheConfirmationToAnAdminNamesRules(t *testing.T) {
	id := regexp.MustCompile(`\b[RL]\d\d\b`)
	for name, m := range samples() {
		mail := m.mail(t)
		html := readable(checkHTML(t, mail.HTML, sampleLink, samplePortal, supportLink))
		if got := id.MatchString(mail.Text + html); got != (m.Kind == licensing.MailConfirmation) {
			t.Errorf("%s names a rule: %v", name, got)
		}
	}
}

func TestMailsUseTheProductsWords(t *testing.T) {
	for name, m := range samples() {
		mail := m.mail(t)
		text := strings.ToLower(mail.Subject + " " + strings.Join(strings.Fields(mail.Text), " "))
		for _, word := range []string{
			"e-mail", "mail ", "somebody", "anew", "until", "at once", "who look after",
		} {
			if at := strings.Index(text, word); at >= 0 && !strings.HasSuffix(text[:at], "e") {
				t.Errorf("%s says %q: %s", name, word, text)
			}
		}
	}
}

func TestSubjectsHoldNoNamesAndNoAddresses(t *testing.T) {
	for name, m := range samples() {
		subject := m.mail(t).Subject
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
	checkSubject(t, sampleOf(licensing.MailWelcome),
		"Action required: Sign in to manage your volume licensing assets")
}

func TestR74_SubjectIsExactlyTheOneOfTheRule(t *testing.T) {
	checkSubject(t, sampleOf(licensing.MailRegistered),
		"Registration successful: Welcome to Microsoft admin center")
}

func TestR70_SubjectIsExactlyTheOneOfTheRule(t *testing.T) {
	checkSubject(t, sampleOf(licensing.MailChanges),
		"Permission changes for Microsoft Volume Licensing contracts")
}

func TestR56_SubjectsSayWhenAndThatAnInvitationEnds(t *testing.T) {
	checkSubject(t, sampleOf(licensing.MailExpired), "A volume licensing invitation has expired")
	checkSubject(t, sampleOf(licensing.MailReminder),
		"Reminder: your volume licensing invitation expires on 2 December 2026")
}

func checkSubject(t *testing.T, m sample, want string) {
	t.Helper()
	if got := m.mail(t).Subject; got != want {
		t.Errorf("the subject is %q, want %q", got, want)
	}
}

func TestR28_R49_R73_AnInvitationSaysWhatItGivesByWhenAndWhoCanUseIt(t *testing.T) {
	m := sampleOf(licensing.MailWelcome)
	m.Forwardable = false
	saysAll(t, m, sampleLink, "This link expires on 2 December 2026, 09:00 UTC and can be used once.",
		"It works only with the account that was invited.", "License ID CT-100", "Administrator",
		"License ID EA-2026-00417", "License position reader, Product keys reader",
		"About 2 hours after you register", sampleSupport, "Ada Lovelace", "Contoso Ltd")
	m.Forwardable = true
	saysAll(t, m, "You can forward this email. The first person to register gets the roles.")
}

func TestR74_RegisteredSaysWhenEachLicenseIDTakesEffect(t *testing.T) {
	saysAll(t, sampleOf(licensing.MailRegistered),
		"License ID CT-100", "Effective from 2 November 2026, 11:00 UTC",
		"License ID EA-2026-00417", "Effective from 2 November 2026, 19:00 UTC",
		"Invoice Reader", "Takes effect as soon as the assignment is processed", samplePortal, sampleSupport)
}

func TestR70_ChangesSayWhatEndedAndWhatBegins(t *testing.T) {
	saysAll(t, sampleOf(licensing.MailChanges), "Removed: Administrator", "Ended immediately",
		"Added: Benefits reader, Online services manager", "Effective from 2 November 2026, 11:00 UTC",
		samplePortal)
}

func TestR56_ExpiredSaysWhoWhatAndWhatToDo(t *testing.T) {
	saysAll(t, sampleOf(licensing.MailExpired),
		"Name: Ada Lovelace", "Sign-in email: ada@contoso.onmicrosoft.example",
		"License ID CT-100", "select Reset invite", samplePortal)
}

func TestR30_TheHandOverMailSaysWhatAndWhatToDo(t *testing.T) {
	saysAll(t, sampleOf(licensing.MailHandOver), "CT-100", "CT-200", "Then agree to the hand-over",
		samplePortal)
}

func TestR28_TheForwardedMailSaysWhatAndWhatToDo(t *testing.T) {
	saysAll(t, sampleOf(licensing.MailForwarded), "CT-100", "CT-200", "contact support", sampleSupport)
}

// saysAll checks that both bodies say each phrase, wherever lines break.
func saysAll(t *testing.T, m sample, phrases ...string) {
	t.Helper()
	mail := m.mail(t)
	root := checkHTML(t, mail.HTML, sampleLink, samplePortal, supportLink)
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
		mail := m.mail(t)
		text := strings.Join(strings.Fields(mail.Text), " ")
		want := "sent automatically on behalf of the organization that holds the agreements, not by Microsoft"
		if !strings.Contains(text, want) {
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
		{"an end is cut to the minute", endTime(odd), "31 December 2026, 23:59 UTC"},
		{"a begin goes up to the minute", startTime(odd), "1 January 2027, 00:00 UTC"},
		{"a whole minute stays", startTime(odd.Add(30 * time.Second)), "1 January 2027, 00:00 UTC"},
		{"another zone is turned into UTC",
			endTime(time.Date(2026, 1, 1, 1, 0, 0, 0, time.FixedZone("", 7200))),
			"31 December 2025, 23:00 UTC"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestMailsAreRefusedWithoutWhatTheyNeed(t *testing.T) {
	linkTo := func(base string) func(*sample) {
		return func(m *sample) { m.Kind, m.head.LinkBase = licensing.MailWelcome, base }
	}
	portal := func(kind licensing.MailKind, page string) func(*sample) {
		return func(m *sample) { m.Kind, m.head.Portal = kind, page }
	}
	for name, change := range map[string]func(*sample){
		"a mail of no kind":                   func(m *sample) { m.Kind = "" },
		"a mail of an unknown kind":           func(m *sample) { m.Kind = "evil" },
		"a welcome without an end":            func(m *sample) { m.Expires = time.Time{} },
		"a welcome without a link":            linkTo(""),
		"a welcome with a script for a link":  linkTo("javascript:alert(1)"),
		"a link that holds a user name":       linkTo("https://contoso.example@evil.example/"),
		"a link with a line break":            linkTo("https://contoso.example/\nBcc: x"),
		"a link with a mark that turns text":  linkTo("https://contoso.example/\u202e"),
		"a link with a quote":                 linkTo(`https://contoso.example/"onclick="x`),
		"a link with a backslash for a slash": linkTo(`https:\\evil.example`),
		"a registration with a strange page":  portal(licensing.MailRegistered, "ftp://contoso.example/"),
		"changes with a strange page":         portal(licensing.MailChanges, "//contoso.example/"),
		"a confirmation with a strange page":  portal(licensing.MailConfirmation, "https://"),
		"an expiry notice with a data: page":  portal(licensing.MailExpired, "data:text/html,x"),
		"an invitation whose key is unknown": func(m *sample) {
			m.head.Token = func(licensing.Ticket, string) (string, error) {
				return sampleToken, errors.New("there is no key")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := bare(licensing.MailWelcome)
			change(&m)
			mail, err := m.write()
			if err == nil || mail != (Mail{}) {
				t.Errorf("a mail was written: %+v", mail)
			}
			if err != nil && strings.Contains(err.Error(), "evil.") {
				t.Errorf("the error repeats the link: %v", err)
			}
		})
	}
}

func TestALinkIsMadeForTheInvitationOfTheJob(t *testing.T) {
	m := sampleOf(licensing.MailWelcome)
	m.Invitation, m.Generation, m.KeyID, m.MailJob.Link = "i", 3, "k2", "c1"
	m.head.Token = func(of licensing.Ticket, key string) (string, error) {
		return fmt.Sprintf("%s-%d-%s-%s", of.Invitation, of.Generation, of.Link, key), nil
	}
	if text := m.mail(t).Text; !strings.Contains(text, "\n"+sampleLinkBase+"i-3-c1-k2\n") {
		t.Errorf("the link is not the one of the job:\n%s", text)
	}
}
