package engine_test

import (
	"database/sql"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/templates"
	"vlroles/worker/engine/enginetest"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestL02_EveryKindOfMailIsQueuedAndSentByTheRunsThatTheTableNames walks stories that queue every kind of
// mail in every place that queues one, until no mail waits. Then it compares what the ledger, the relay and
// the histories have with the table of mails. A new kind needs a story here.
func TestL02_EveryKindOfMailIsQueuedAndSentByTheRunsThatTheTableNames(t *testing.T) {
	s := stories{enginetest.New(t, enginetest.Options{})}
	s.aPersonIsInvitedRegistersAndIsChanged()
	s.anInvitationExpires()
	s.anInvitationIsForwarded()
	s.anAdministratorHandsOver()

	s.allMailIsSent()
	ledger := s.ledger()
	runs := s.runsThatSend(ledger)
	for _, k := range templates.Kinds() {
		sent := map[string]bool{}
		for id, kind := range ledger {
			if kind == k.Kind {
				sent[runs[id]] = true
			}
		}
		want := slices.Sorted(slices.Values(k.Runs))
		if len(sent) == 0 {
			t.Errorf("no story queues a mail of kind %s", k.Kind)
		} else if got := slices.Sorted(maps.Keys(sent)); !slices.Equal(got, want) {
			t.Errorf("mails of kind %s were sent by %q, the table of mails says %q", k.Kind, got, want)
		}
	}
	for _, m := range s.Mailbox.Messages() {
		name, _, _ := strings.Cut(m.To, "@")
		if !strings.HasSuffix(name, ".desk") && !slices.Contains(oneAddress, name) {
			t.Errorf("a mail of kind %s went to %s, which is not a business email", enginetest.Kind(m), m.To)
		}
	}
}

// stories are what people do so that mails are written. Everybody has a business email that isn't the sign-in
// email, NAME.desk, except for those of oneAddress.
type stories struct{ *enginetest.Env }

// oneAddress are the people for whom nobody gave a business email: the admin, and who accepts a forwarded
// invitation.
var oneAddress = []string{"alex", "quentin"}

func person(name string, access ...licensing.AccessChange) licensing.PersonChange {
	p := enginetest.Person(name, access...)
	p.Business = licensing.Email(name + ".desk@fabrikam.example")
	return p
}

// register accepts the number-th invitation mail to a person, as somebody who signs in with another name.
func (s stories) register(to string, number int, as string) licensing.UserID {
	s.TB.Helper()
	r := s.Registration(s.Mail(to+".desk", "welcome", number), licensing.Email(as+"@fabrikam.example"))
	r.Identity.Name = strings.ToUpper(as[:1]) + as[1:]
	out, err := s.Flows.Register(s.Ctx(), r)
	if err != nil {
		s.TB.Fatal(err)
	}
	return out.User
}

func (s stories) aPersonIsInvitedRegistersAndIsChanged() {
	_, people := s.Save(person("kim", enginetest.Add("E1")))
	s.Mail("kim.desk", "welcome", 1)
	if _, err := s.Flows.Resend(s.Ctx(), s.Command(people[0].User)); err != nil {
		s.TB.Fatal(err)
	}
	kim := s.register("kim", 2, "kim")
	s.Becomes(kim, "E1", licensing.StatusActive)
	s.Save(person("kim", enginetest.Add("E1", licensing.BenefitsReader)))
}

func (s stories) anInvitationExpires() {
	save := licensing.Save{ID: enginetest.Request(), Org: s.Org, Admin: s.Admin, InviteFor: 2 * time.Second,
		People: []licensing.PersonChange{person("lou", enginetest.Add("E1"))}}
	if _, err := s.Flows.Save(s.Ctx(), save); err != nil {
		s.TB.Fatal(err)
	}
	notice := s.Mail("alex@contoso.example", "expired", 1)
	if strings.Contains(notice.Text+notice.HTML, "lou.desk@") {
		s.TB.Errorf("the notice shows the business email:\n%s", notice.Text)
	}
	if want := "Sign-in email: lou@fabrikam.example"; !strings.Contains(notice.Text, want) {
		s.TB.Errorf("the notice doesn't say %q:\n%s", want, notice.Text)
	}
}

// anInvitationIsForwarded ends with a bound invitation for what an admin gave the addressee.
func (s stories) anInvitationIsForwarded() {
	in := licensing.Intake{ID: enginetest.Request(), Org: s.Org, Name: "Contoso Ltd."}
	in.Agreements = []licensing.ContractAgreement{{
		License: "E3", Program: "Enterprise Agreement", ProcessedAt: time.Now().Add(-24 * time.Hour),
		Administrators: []licensing.ContractAdministrator{
			{SignIn: "pia@fabrikam.example", Business: "pia.desk@fabrikam.example", Name: "Pia"}},
	}}
	if _, err := s.Flows.Apply(s.Ctx(), in); err != nil {
		s.TB.Fatal(err)
	}
	s.Mail("pia.desk", "welcome", 1)
	s.Save(person("pia", enginetest.Add("E1")))
	s.register("pia", 1, "quentin")
	s.Mail("pia.desk", "forwarded", 1)
	s.Mail("pia.desk", "welcome", 2)
}

func (s stories) anAdministratorHandsOver() {
	h := licensing.HandOver{ID: enginetest.Request(), Org: s.Org, Admin: s.Admin, Successor: person("sam"),
		Licenses: []licensing.LicenseID{"E1"}}
	if _, err := s.Flows.HandOver(s.Ctx(), h); err != nil {
		s.TB.Fatal(err)
	}
	s.Mail("sam.desk", "handover", 1)
	s.register("sam", 1, "sam")
}

// allMailIsSent waits until every mail of the ledger has left, and fails the test for those that nothing
// sends.
func (s stories) allMailIsSent() {
	s.TB.Helper()
	var waiting []string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		waiting = slices.Sorted(maps.Keys(s.mails(`
			SELECT kind || ' mail ' || id || ' is ' || state, kind FROM mails WHERE state <> 'sent'`)))
		if len(waiting) == 0 {
			return
		}
	}
	s.TB.Fatalf("mails were queued and nothing sends them:\n%s", strings.Join(waiting, "\n"))
}

type mails map[string]licensing.MailKind

// ledger returns every mail that was queued.
func (s stories) ledger() mails { return s.mails(`SELECT id, kind FROM mails`) }

func (s stories) mails(query string) mails {
	s.TB.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(s.Database, "sqlite:"))
	if err != nil {
		s.TB.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query(query)
	if err != nil {
		s.TB.Fatal(err)
	}
	out := mails{}
	for rows.Next() {
		var id string
		var kind licensing.MailKind
		if err := rows.Scan(&id, &kind); err != nil {
			s.TB.Fatal(err)
		}
		out[id] = kind
	}
	if err := rows.Err(); err != nil {
		s.TB.Fatal(err)
	}
	return out
}

// runsThatSend returns for each mail of the ledger the type of the workflow that sent it. The server lists a
// run a moment after it began.
func (s stories) runsThatSend(ledger mails) map[string]string {
	s.TB.Helper()
	out := map[string]string{}
	s.Until("the runs of all mails to be listed", func() bool {
		list, err := s.Client.ListWorkflow(s.Ctx(),
			&workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000})
		if err != nil {
			s.TB.Fatal(err)
		}
		for _, run := range list.Executions {
			for _, id := range s.sentBy(run.Execution.WorkflowId, run.Execution.RunId) {
				out[id] = run.Type.Name
			}
		}
		return len(out) >= len(ledger)
	})
	return out
}

// sentBy returns the mails that a run's history has sent.
func (s stories) sentBy(workflow, run string) (out []string) {
	s.TB.Helper()
	for _, e := range s.History(workflow, run).Events {
		a := e.GetActivityTaskScheduledEventAttributes()
		if a == nil || a.ActivityType.Name != "SendMail" {
			continue
		}
		var id string
		if err := converter.GetDefaultDataConverter().FromPayloads(a.Input, &id); err != nil {
			s.TB.Fatal(err)
		}
		out = append(out, id)
	}
	return out
}
