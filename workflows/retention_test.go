package workflows_test

import (
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"vlroles/licensing"
	"vlroles/worker/engine/enginetest"
	"vlroles/workflows"
)

func TestL10_TheScheduleErasesWhomNothingNeedsAnyMore(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t, enginetest.Options{Policy: func(p *licensing.Policy) {
		p.KeepMails, p.KeepPeople = time.Millisecond, time.Millisecond
	}})
	if err := s.Flows.Retain(s.Ctx(), time.Hour); err != nil {
		t.Fatal(err)
	}
	_, people := s.Save(enginetest.Person("kim", enginetest.Add("E1", licensing.BenefitsReader)))
	kim := people[0].User
	s.Mail("kim@fabrikam.example", "welcome", 1)
	if _, err := s.Flows.Delete(s.Ctx(), s.Command(kim)); err != nil {
		t.Fatal(err)
	}
	erased := func() bool {
		out, err := s.Views.PersonalData(s.Ctx(), s.Org, kim)
		return err == nil && out.Tables["users"][0]["name"] == licensing.ErasedName
	}
	schedule := s.Client.ScheduleClient().GetHandle(s.Ctx(), workflows.RetentionID)
	s.Until("kim is erased", func() bool {
		if err := schedule.Trigger(s.Ctx(), client.ScheduleTriggerOptions{}); err != nil {
			t.Fatal(err)
		}
		return erased()
	})
	d, err := schedule.Describe(s.Ctx())
	if err != nil || len(d.Info.RecentActions) == 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	h, status := s.Closed(d.Info.RecentActions[0].StartWorkflowResult.WorkflowID)
	completed(t, status)
	kept(t, "retention", h)
}

func TestL10_SupportErasesAPersonByARequest(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t, enginetest.Options{})
	_, people := s.Save(enginetest.Person("kim", enginetest.Add("E1", licensing.BenefitsReader)))
	kim := people[0].User
	s.Mail("kim@fabrikam.example", "welcome", 1)
	erase := licensing.Erasure{ID: enginetest.Request(), Org: s.Org, User: kim, Reason: "case 1"}
	if _, err := s.Flows.Erase(s.Ctx(), erase); licensing.KindOf(err) != licensing.Conflict {
		t.Fatal(err)
	}
	if _, err := s.Flows.Delete(s.Ctx(), s.Command(kim)); err != nil {
		t.Fatal(err)
	}
	s.Until("the last mail to kim has arrived", func() bool {
		erase.ID = enginetest.Request()
		out, err := s.Flows.Erase(s.Ctx(), erase)
		return err == nil && out.People == 1
	})
	h, status := s.Closed("erase/" + string(erase.ID))
	completed(t, status)
	kept(t, "erase", h)
}
