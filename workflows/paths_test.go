package workflows_test

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/worker"
	"google.golang.org/protobuf/encoding/protojson"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/worker/engine/enginetest"
	"vlroles/workflows"
)

var record = flag.Bool(
	"record",
	false,
	"keep the histories of paths that have none yet in testdata/histories",
)

// TestMain switches the sticky cache off: every workflow task of these tests replays its run from the start,
// which shows at once where a workflow does something else the second time. Tests on real components wait
// more than they work, so more of them run at once than the machine has cores.
func TestMain(m *testing.M) {
	flag.Parse()
	worker.SetStickyWorkflowCacheSize(0)
	if err := flag.Set("test.parallel", "5"); err != nil {
		panic(err)
	}
	os.Exit(rig.Main(m))
}

// kept compares a path with nothing, but keeps its history where asked to: a path that was released is never
// recorded again.
func kept(t *testing.T, name string, h *historypb.History) {
	t.Helper()
	if !*record || name == "" {
		return
	}
	file := filepath.Join("testdata", "histories", name+".json")
	if _, err := os.Stat(file); err == nil {
		return
	}
	text, err := protojson.MarshalOptions{Indent: " "}.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReplay_EveryKeptHistoryGoesTheSameWayAgain(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "histories", "*.json"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d histories are kept: %v", len(files), err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			r := worker.NewWorkflowReplayer()
			for _, w := range workflows.All() {
				r.RegisterWorkflow(w)
			}
			if err := r.ReplayWorkflowHistoryFromJSONFile(rig.Quiet(), f); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// bill counts a history's events and the actions that a cloud would bill for it: the start, timers, updates,
// upserts, one for all markers of a task, and each attempt of an activity.
func bill(h *historypb.History) (events, actions int) {
	marked := map[int64]bool{}
	for _, e := range h.Events {
		switch e.EventType {
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
			enumspb.EVENT_TYPE_TIMER_STARTED,
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
			enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
			enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
			actions++
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			actions += int(e.GetActivityTaskStartedEventAttributes().Attempt)
		case enumspb.EVENT_TYPE_MARKER_RECORDED:
			if task := e.GetMarkerRecordedEventAttributes().WorkflowTaskCompletedEventId; !marked[task] {
				marked[task] = true
				actions++
			}
		}
	}
	return len(h.Events), actions
}

func within(t *testing.T, what string, h *historypb.History, events, actions int) {
	t.Helper()
	e, a := bill(h)
	t.Logf("%s: %d events, %d actions", what, e, a)
	if e > events || actions > 0 && a > actions {
		t.Errorf("%s: %d events and %d actions, the budget is %d and %d", what, e, a, events, actions)
		for _, e := range h.Events {
			t.Log(e.EventId, e.EventType)
		}
	}
}

func TestTheHistoriesKeepTheirBudget(t *testing.T) {
	s := enginetest.New(
		t,
		enginetest.Options{
			Policy: func(p *licensing.Policy) { p.Propagation, p.Processing = 2*time.Second, 2*time.Second },
		},
	)
	request, people := s.Save(enginetest.Person("kim", enginetest.Add("E1")))
	kim := people[0].User
	s.Mail("kim", "welcome", 1)
	s.Until(
		"the invitation's run to rest",
		func() bool { return len(s.History(workflows.InvitationID(kim), "").Events) >= 10 },
	)
	s.Register("kim")
	s.Becomes(kim, "E1", licensing.StatusActive)
	invitation, _ := s.Closed(workflows.InvitationID(kim))
	within(t, "invitation", invitation, 32, 8)
	save, _ := s.Closed(workflows.SaveID(request))
	within(t, "save of one person", save, 24, 0)
	kept(t, "invitation-accepted", invitation)
	kept(t, "save", save)

	request, _ = s.Save(enginetest.Person("kim", enginetest.Add("E1", licensing.BenefitsReader)))
	assignment, _ := s.Closed(workflows.AssignmentID(request, kim))
	within(t, "assignment", assignment, 18, 5)
	kept(t, "assignment", assignment)

	var many []licensing.PersonChange
	for i := range 500 {
		many = append(many,
			enginetest.Person("p"+string(rune('a'+i/26%26))+string(rune('a'+i%26)), enginetest.Add("E1")))
	}
	request, people = s.Save(many...)
	for _, p := range people {
		if !p.Accepted() {
			t.Fatalf("%+v", p)
		}
	}
	save, _ = s.Closed(workflows.SaveID(request))
	within(t, "save of 500 people", save, 24, 0)
}

// TestPaths walks every path of the workflows once, on real components.
func TestPaths(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t, enginetest.Options{})

	t.Run("R60 two License IDs become active at two due times", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("ada", enginetest.Add("E1"),
			enginetest.Add("E2", licensing.Administrator)))
		ada := people[0].User
		s.Register("ada")
		s.Becomes(ada, "E1", licensing.StatusActive)
		s.Becomes(ada, "E2", licensing.StatusActive)
		s.Mail("ada", "registered", 1)
		h, status := s.Closed(workflows.InvitationID(ada))
		completed(t, status)
		kept(t, "invitation-two-dues", h)
	})

	t.Run("R70 a save that is refused for everybody ends without a workflow for anybody", func(t *testing.T) {
		unknown := enginetest.Person("bob", enginetest.Add("E1"))
		unknown.SignIn, unknown.Business = "bob@contoso.example", ""
		request, people := s.Save(unknown)
		if people[0].Accepted() || people[0].Error == nil || people[0].Error.Rule != "R63" {
			t.Fatalf("%+v", people)
		}
		s.Mail("alex@contoso.example", "confirmation", 1)
		h, _ := s.Closed(workflows.SaveID(request))
		kept(t, "save-refused", h)
	})

	t.Run("R05 a save by nobody is refused as a whole", func(t *testing.T) {
		sv := licensing.Save{
			ID:     enginetest.Request(),
			Org:    s.Org,
			Admin:  licensing.UserID(enginetest.Request()),
			People: []licensing.PersonChange{enginetest.Person("bob", enginetest.Add("E1"))},
		}
		_, err := s.Flows.Save(s.Ctx(), sv)
		refusedBy(t, err, licensing.NotFound, "R43")
		h, status := s.Closed(workflows.SaveID(sv.ID))
		completed(t, status)
		kept(t, "save-by-nobody", h)
	})

	t.Run("R62 a person whose invitation is open gets no second mail", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("cem", enginetest.Add("E1")))
		s.Mail("cem", "welcome", 1)
		_, again := s.Save(enginetest.Person("cem", enginetest.Add("E2")))
		if again[0].Verdicts[0].Outcome != licensing.Joined || again[0].User != people[0].User {
			t.Fatalf("%+v", again)
		}
		out := s.Register("cem")
		if len(out.Access) != 2 {
			t.Fatalf("registered for %+v", out.Access)
		}
		s.Becomes(people[0].User, "E2", licensing.StatusActive)
		count(t, s, "cem", "welcome", 1)
	})

	t.Run("R58 a resend mails the same link again", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("dan", enginetest.Add("E1")))
		one := s.Registration(s.Mail("dan", "welcome", 1), "dan@fabrikam.example")
		if _, err := s.Flows.Resend(s.Ctx(), s.Command(people[0].User)); err != nil {
			t.Fatal(err)
		}
		two := s.Registration(s.Mail("dan", "welcome", 2), "dan@fabrikam.example")
		if one.Invitation != two.Invitation || one.Generation != two.Generation {
			t.Fatalf("%+v, %+v", one, two)
		}
		if _, err := s.Flows.Register(s.Ctx(), two); err != nil {
			t.Fatal(err)
		}
		h, _ := s.Closed(workflows.InvitationID(people[0].User))
		kept(t, "invitation-resent", h)
	})

	t.Run("R58 a reset kills the old link; the new one works", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("eva", enginetest.Add("E1")))
		old := s.Registration(s.Mail("eva", "welcome", 1), "eva@fabrikam.example")
		c := s.Command(people[0].User)
		out, err := s.Flows.Reset(s.Ctx(), c)
		if err != nil || out.Generation != 2 {
			t.Fatal(out, err)
		}
		if twice, err := s.Flows.Reset(s.Ctx(), c); err != nil || twice.Generation != 2 {
			t.Fatalf("a double click: %+v, %v", twice, err)
		}
		_, err = s.Flows.Register(s.Ctx(), old)
		refusedBy(t, err, licensing.Gone, "R58")
		if _, err := s.Flows.Register(s.Ctx(),
			s.Registration(s.Mail("eva", "welcome", 2), "eva@fabrikam.example")); err != nil {
			t.Fatal(err)
		}
		h, _ := s.Closed(workflows.InvitationID(people[0].User))
		kept(t, "invitation-reset", h)
	})

	t.Run("R28 another identity may not accept a bound invitation", func(t *testing.T) {
		s.Save(enginetest.Person("fay", enginetest.Add("E1")))
		_, err := s.Flows.Register(s.Ctx(),
			s.Registration(s.Mail("fay", "welcome", 1), "mallory@fabrikam.example"))
		refusedBy(t, err, licensing.Forbidden, "R28")
	})

	t.Run("R29 a link works once", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("gil", enginetest.Add("E1")))
		r := s.Registration(s.Mail("gil", "welcome", 1), "gil@fabrikam.example")
		if _, err := s.Flows.Register(s.Ctx(), r); err != nil {
			t.Fatal(err)
		}
		if again, err := s.Flows.Register(s.Ctx(), r); err != nil || again.User != people[0].User {
			t.Fatalf("a double click: %+v, %v", again, err)
		}
		r.Request = enginetest.Request()
		_, err := s.Flows.Register(s.Ctx(), r)
		refusedBy(t, err, licensing.Gone, "R29")
		s.Closed(workflows.InvitationID(people[0].User))
		r.Request = enginetest.Request()
		_, err = s.Flows.Register(s.Ctx(), r)
		refusedBy(t, err, licensing.Gone, "R29")
	})

	t.Run("R82 a cancelled invitation's link is dead", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("hal", enginetest.Add("E1")))
		r := s.Registration(s.Mail("hal", "welcome", 1), "hal@fabrikam.example")
		out, err := s.Flows.Cancel(s.Ctx(), s.Command(people[0].User))
		if err != nil || !out.Ended {
			t.Fatal(out, err)
		}
		_, err = s.Flows.Register(s.Ctx(), r)
		refusedBy(t, err, licensing.Gone, "R82")
		h, status := s.Closed(workflows.InvitationID(people[0].User))
		completed(t, status)
		kept(t, "invitation-cancelled", h)
	})

	t.Run("R82 clearing the last pending role ends the invitation and its run", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("ida", enginetest.Add("E1")))
		r := s.Registration(s.Mail("ida", "welcome", 1), "ida@fabrikam.example")
		s.Save(
			licensing.PersonChange{
				User:   people[0].User,
				Access: []licensing.AccessChange{enginetest.Remove("E1", licensing.ProductDownloadManager)},
			},
		)
		_, err := s.Flows.Register(s.Ctx(), r)
		refusedBy(t, err, licensing.Gone, "R82")
		h, status := s.Closed(workflows.InvitationID(people[0].User))
		if status != enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED {
			t.Fatal(status)
		}
		kept(t, "invitation-withdrawn", h)
		// The person can be invited anew.
		s.Save(enginetest.Person("ida", enginetest.Add("E1")))
		if _, err := s.Flows.Register(s.Ctx(),
			s.Registration(s.Mail("ida", "welcome", 2), "ida@fabrikam.example")); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("R71 roles that are taken away are denied at once, with a mail", func(t *testing.T) {
		_, people := s.Save(
			enginetest.Person("jan",
				enginetest.Add("E1", licensing.ProductDownloadManager, licensing.BenefitsReader)),
		)
		jan := people[0].User
		s.Register("jan")
		s.Becomes(jan, "E1", licensing.StatusActive)
		request, verdict := s.Save(
			licensing.PersonChange{
				User:   jan,
				Access: []licensing.AccessChange{enginetest.Remove("E1", licensing.BenefitsReader)},
			},
		)
		if v := verdict[0].Verdicts[0]; v.Outcome != licensing.Changed || v.After != licensing.StatusActive {
			t.Fatalf("%+v", v)
		}
		if a, err := s.Views.Access(s.Ctx(), s.Org, jan, "E1", licensing.ManageBenefits); err != nil ||
			a.Allowed {
			t.Fatal(a, err)
		}
		if a, err := s.Views.Access(s.Ctx(), s.Org, jan, "E1", licensing.DownloadSoftware); err != nil ||
			!a.Allowed {
			t.Fatal(a, err)
		}
		s.Mail("jan", "changes", 1)
		h, _ := s.Closed(workflows.AssignmentID(request, jan))
		kept(t, "assignment-removal", h)
	})

	t.Run("R52 an assignment in progress is locked with its time", func(t *testing.T) {
		slow := s.Policy.Propagation
		_, people := s.Save(enginetest.Person("kay", enginetest.Add("E1")))
		s.Register("kay")
		_, verdict := s.Save(enginetest.Person("kay", enginetest.Add("E1", licensing.BenefitsReader)))
		e := verdict[0].Verdicts[0].Error
		if e == nil || e.Rule != "R52" || e.Until.IsZero() || time.Until(e.Until) > slow {
			t.Fatalf("%+v", verdict)
		}
		s.Becomes(people[0].User, "E1", licensing.StatusActive)
	})

	t.Run("R55 a refused address is Failed and mended by correction and reset", func(t *testing.T) {
		s.Mailbox.Refuse("lea@fabrikam.example", 550, "no such mailbox")
		_, people := s.Save(enginetest.Person("lea", enginetest.Add("E1")))
		lea := people[0].User
		s.Becomes(lea, "E1", licensing.StatusFailed)
		s.Until(
			"the run to know",
			func() bool { return status(s, workflows.InvitationID(lea)) == workflows.StatusFailed },
		)
		s.Save(licensing.PersonChange{User: lea, Business: "lea.right@fabrikam.example"})
		if _, err := s.Flows.Reset(s.Ctx(), s.Command(lea)); err != nil {
			t.Fatal(err)
		}
		m := s.Mail("lea.right", "welcome", 1)
		s.Becomes(lea, "E1", licensing.StatusInvitationSent)
		if _, err := s.Flows.Register(s.Ctx(), s.Registration(m, "lea@fabrikam.example")); err != nil {
			t.Fatal(err)
		}
		h, _ := s.Closed(workflows.InvitationID(lea))
		kept(t, "invitation-refused-mended", h)
	})

	t.Run("R62 a save invites anew whose mail was refused, in the run that is open", func(t *testing.T) {
		s.Mailbox.Refuse("mo@fabrikam.example", 550, "no such mailbox")
		_, people := s.Save(enginetest.Person("mo", enginetest.Add("E1")))
		mo := people[0].User
		s.Becomes(mo, "E1", licensing.StatusFailed)
		p := enginetest.Person("mo", enginetest.Add("E2"))
		p.Business = "mo.right@fabrikam.example"
		s.Save(p)
		_, err := s.Flows.Register(s.Ctx(),
			s.Registration(s.Mail("mo.right", "welcome", 1), "mo@fabrikam.example"))
		if err != nil {
			t.Fatal(err)
		}
		s.Becomes(mo, "E2", licensing.StatusActive)
		h, _ := s.Closed(workflows.InvitationID(mo))
		kept(t, "invitation-adopted", h)
	})

	t.Run("R45 an operator's cancel shows as Failed and can be reset", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("nia", enginetest.Add("E1")))
		nia := people[0].User
		s.Mail("nia", "welcome", 1)
		if err := s.Client.CancelWorkflow(s.Ctx(), workflows.InvitationID(nia), ""); err != nil {
			t.Fatal(err)
		}
		h, ended := s.Closed(workflows.InvitationID(nia))
		if ended != enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED {
			t.Fatal(ended)
		}
		kept(t, "invitation-ended-by-operator", h)
		s.Becomes(nia, "E1", licensing.StatusFailed)
		if _, err := s.Flows.Reset(s.Ctx(), s.Command(nia)); err != nil {
			t.Fatal(err)
		}
		s.Becomes(nia, "E1", licensing.StatusInvitationSent)
		if _, err := s.Flows.Register(s.Ctx(),
			s.Registration(s.Mail("nia", "welcome", 2), "nia@fabrikam.example")); err != nil {
			t.Fatal(err)
		}
		h, _ = s.Closed(workflows.InvitationID(nia))
		kept(t, "invitation-started-by-reset", h)
	})

	t.Run("R58 a registration finds a run that was terminated and takes over", func(t *testing.T) {
		_, people := s.Save(enginetest.Person("oda", enginetest.Add("E1")))
		oda := people[0].User
		m := s.Mail("oda", "welcome", 1)
		if err := s.Client.TerminateWorkflow(s.Ctx(), workflows.InvitationID(oda), "", "test"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Flows.Register(s.Ctx(), s.Registration(m, "oda@fabrikam.example")); err != nil {
			t.Fatal(err)
		}
		s.Becomes(oda, "E1", licensing.StatusActive)
		h, _ := s.Closed(workflows.InvitationID(oda))
		kept(t, "invitation-started-by-register", h)
	})

	t.Run("R25 a contract's first administrator is invited and may forward the mail", func(t *testing.T) {
		in := licensing.Intake{
			ID:   enginetest.Request(),
			Org:  s.Org,
			Name: "Contoso Ltd.",
			Agreements: []licensing.ContractAgreement{{
				License: "E3", Program: "Enterprise Agreement", ProcessedAt: time.Now().Add(-24 * time.Hour),
				Administrators: []licensing.ContractAdministrator{
					{SignIn: "pia@fabrikam.example", Name: "Pia"},
				},
			}},
		}
		out, err := s.Flows.Apply(s.Ctx(), in)
		if err != nil || out.Work != 1 {
			t.Fatal(out, err)
		}
		r := s.Registration(s.Mail("pia", "welcome", 1), "quentin@fabrikam.example")
		r.Identity.Name = "Quentin"
		done, err := s.Flows.Register(s.Ctx(), r)
		if err != nil || done.User == out.People[0].User {
			t.Fatalf("forwarded: %+v, %v", done, err)
		}
		s.Until("Quentin to be admin", func() bool {
			a, err := s.Views.Access(s.Ctx(), s.Org, done.User, "E3", licensing.ManageAssignments)
			return err == nil && a.Allowed
		})
		h, _ := s.Closed(workflows.ApplyID(in.ID))
		kept(t, "apply", h)
	})
}

func TestR56_AnExpiredInvitationIsTold_AndResetWorksFromTheEndedRun(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t,
		enginetest.Options{Policy: func(p *licensing.Policy) { p.InviteFor = 2 * time.Second }})
	_, people := s.Save(enginetest.Person("kim", enginetest.Add("E1")))
	kim := people[0].User
	s.Mail("kim", "reminder", 1)
	old := s.Registration(s.Mail("kim", "welcome", 1), "kim@fabrikam.example")
	s.Becomes(kim, "E1", licensing.StatusInvitationExpired)
	s.Mail("alex@contoso.example", "expired", 1)
	_, err := s.Flows.Register(s.Ctx(), old)
	refusedBy(t, err, licensing.Gone, "R56")
	h, ended := s.Closed(workflows.InvitationID(kim))
	completed(t, ended)
	kept(t, "invitation-expired", h)
	if _, err := s.Flows.Reset(s.Ctx(), s.Command(kim)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Flows.Register(s.Ctx(),
		s.Registration(s.Mail("kim", "welcome", 2), "kim@fabrikam.example")); err != nil {
		t.Fatal(err)
	}
	s.Becomes(kim, "E1", licensing.StatusActive)
	count(t, s, "kim", "reminder", 1)
}

func TestR54_ARefusalDownstreamIsFailed_AssigningAgainMendsIt_AfterThreeItNamesSupport(t *testing.T) {
	t.Parallel()
	refusals := 3
	downstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if refusals--; refusals >= 0 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write(
				[]byte(`{"detail":"account of kim@fabrikam.example is being moved"}`),
			) // the caller sees what arrives
		}
	}))
	t.Cleanup(downstream.Close)
	s := enginetest.New(t, enginetest.Options{Provisioner: downstream.URL})
	_, people := s.Save(enginetest.Person("kim", enginetest.Add("E1")))
	kim := people[0].User
	s.Register("kim")
	s.Becomes(kim, "E1", licensing.StatusFailed)
	h, ended := s.Closed(workflows.InvitationID(kim))
	if ended != enumspb.WORKFLOW_EXECUTION_STATUS_FAILED {
		t.Fatal(ended)
	}
	kept(t, "invitation-provision-refused", h)
	a, err := s.Views.Access(s.Ctx(), s.Org, kim, "E1", licensing.DownloadSoftware)
	if err != nil || a.Allowed {
		t.Fatal(a, err)
	}
	var last licensing.Verdict
	for attempt := range 3 {
		request, verdict := s.Save(enginetest.Person("kim", enginetest.Add("E1")))
		last = verdict[0].Verdicts[0]
		if last.Outcome != licensing.Assigned || (last.Advice != "") != (attempt == 2) {
			t.Fatalf("attempt %d: %+v", attempt, last)
		}
		h, _ = s.Closed(workflows.AssignmentID(request, kim))
		kept(t, map[int]string{0: "assignment-provision-refused", 2: "assignment-provisioned"}[attempt], h)
	}
	if last.Reference == "" {
		t.Fatal("no reference after three attempts")
	}
	s.Becomes(kim, "E1", licensing.StatusActive)
}

func completed(t *testing.T, s enumspb.WorkflowExecutionStatus) {
	t.Helper()
	if s != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		t.Fatalf("ended as %s", s)
	}
}

func refusedBy(t *testing.T, err error, kind licensing.Kind, rule string) {
	t.Helper()
	e, ok := err.(*licensing.Error)
	if !ok || e.Kind != kind || e.Rule != rule {
		t.Fatalf("want a refusal (%s) by %s, got %v", kind, rule, err)
	}
}

func count(t *testing.T, s *enginetest.Env, to, kind string, want int) {
	t.Helper()
	n := 0
	for _, m := range s.Mailbox.Messages() {
		if m.To == to+"@fabrikam.example" && enginetest.Kind(m) == kind {
			n++
		}
	}
	if n != want {
		t.Fatalf("%d mails of kind %s to %s, want %d", n, kind, to, want)
	}
}

// status reads the search attribute that operators filter by.
func status(s *enginetest.Env, id string) string {
	d, err := s.Client.DescribeWorkflowExecution(s.Ctx(), id, "")
	if err != nil {
		s.TB.Fatal(err)
	}
	text := string(d.WorkflowExecutionInfo.GetSearchAttributes().GetIndexedFields()["VlStatus"].GetData())
	if len(text) > 2 {
		return text[1 : len(text)-1]
	}
	return text
}
