package workflows_test

import (
	"context"
	"testing"

	"vlroles/licensing"
	"vlroles/worker/engine/enginetest"
)

// The same request id belongs to one content, whether the run that carries it out is running or has ended.
func TestL06_TheSameRequestIDWithOtherContentIsRefusedOnEveryWay(t *testing.T) {
	t.Parallel()
	s := enginetest.New(t, enginetest.Options{})
	id := enginetest.Request()
	save := licensing.Save{ID: id, Org: s.Org, Admin: s.Admin, People: []licensing.PersonChange{
		enginetest.Person("kim", enginetest.Add("E1"))}}
	answer, err := s.Flows.Save(s.Ctx(), save)
	if err != nil {
		t.Fatal(err)
	}
	kim := answer.People[0].User
	other := save
	other.People = []licensing.PersonChange{enginetest.Person("kim", enginetest.Add("E1", licensing.Administrator))}
	for round, state := range []string{"while it may be running", "after it has ended"} {
		if round == 1 {
			s.Closed("save/" + string(id))
		}
		if _, err := s.Flows.Save(s.Ctx(), other); licensing.KindOf(err) != licensing.Conflict {
			t.Errorf("%s, another role: %v", state, err)
		}
		again, err := s.Flows.Save(s.Ctx(), save)
		if err != nil || again.People[0].User != kim {
			t.Errorf("%s, the same save: %+v, %v", state, again, err)
		}
	}
	s.Mail("kim", "welcome", 1)
	c := s.Command(kim)
	if _, err := s.Flows.Resend(s.Ctx(), c); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(context.Context) error{
		"a reset":    func(ctx context.Context) error { _, err := s.Flows.Reset(ctx, c); return err },
		"a cancel":   func(ctx context.Context) error { _, err := s.Flows.Cancel(ctx, c); return err },
		"a deletion": func(ctx context.Context) error { _, err := s.Flows.Delete(ctx, c); return err },
	} {
		if err := call(s.Ctx()); licensing.KindOf(err) != licensing.Conflict {
			t.Errorf("%s under a resend's id: %v", name, err)
		}
	}
	if run, err := s.Flows.Resend(s.Ctx(), c); err != nil || run.Generation != 1 {
		t.Errorf("the same resend: %+v, %v", run, err)
	}
}
