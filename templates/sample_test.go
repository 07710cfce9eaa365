package templates

import (
	"fmt"
	"testing"
	"time"

	"vlroles/licensing"
)

const (
	sampleLinkBase = "https://licensing.contoso.example/invitation/"
	sampleToken    = "k1.6f1d2a30-8d0e-4f0b-9c55-2f6f6f1f8a11.1.q0Zp3v6sYl9mT1bXr8uKcW2eJ5nHgD4aFoQiVtLzE7s"
	sampleLink     = sampleLinkBase + sampleToken
	samplePortal   = "https://licensing.contoso.example/"
)

// sample is a mail that can be written: a job on a letterhead.
type sample struct {
	licensing.MailJob
	head Letterhead
}

func (s sample) write() (Mail, error) { return Write(s.MailJob, s.head) }

func (s sample) mail(t testing.TB) Mail {
	t.Helper()
	m, err := s.write()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sampleLetterhead() Letterhead {
	return Letterhead{
		Support: sampleSupport, Portal: samplePortal, LinkBase: sampleLinkBase, Propagation: 2 * time.Hour,
		Token: func(licensing.Ticket, string) (string, error) { return sampleToken, nil },
	}
}

// sampleOf returns the table's sample of a kind.
func sampleOf(kind licensing.MailKind) sample {
	for _, k := range Kinds() {
		if k.Kind == kind {
			return sample{MailJob: k.Sample, head: sampleLetterhead()}
		}
	}
	panic("there is no kind " + kind)
}

// samples returns one mail of each kind by name.
func samples() map[string]sample {
	out := map[string]sample{}
	for _, k := range Kinds() {
		out[string(k.Kind)] = sampleOf(k.Kind)
	}
	return out
}

// bare is a mail that knows no more than it must: its kind, and an invitation's link and end.
func bare(kind licensing.MailKind) sample {
	head := Letterhead{LinkBase: sampleLinkBase, Token: sampleLetterhead().Token}
	return sample{MailJob: licensing.MailJob{Kind: kind, Expires: sampleTime}, head: head}
}

// manyPeople returns the confirmation of a save of n people, of whom every seventh is refused.
func manyPeople(n int) sample {
	m := sampleOf(licensing.MailConfirmation)
	m.People = nil
	for i := range n {
		v := licensing.Verdict{
			License: "CT-100", Outcome: licensing.Invited,
			Added: []licensing.Role{licensing.ProductKeysReader}}
		if i%7 == 0 {
			why := licensing.Refuse(licensing.Forbidden, "R05", "you don't administer License ID CT-100")
			v = licensing.Verdict{License: "CT-100", Outcome: licensing.Refused, Error: why}
		}
		m.People = append(m.People, licensing.ConfirmedPerson{
			Name:    fmt.Sprintf("Person Number %d", i),
			Email:   licensing.Email(fmt.Sprintf("person.%d@contoso.example", i)),
			Verdict: licensing.PersonVerdict{Verdicts: []licensing.Verdict{v}},
		})
	}
	return m
}
