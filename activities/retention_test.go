package activities

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"vlroles/licensing"
)

// turns is a PersonalData with one profile for each letter.
type turns struct {
	PersonalData
	began  []licensing.UserID
	broken licensing.UserID // the turn behind it fails
}

var errAway = errors.New("the database is away")

func (x *turns) EraseDue(
	_ context.Context, page licensing.ErasePage,
) (licensing.ErasePage, bool, error) {
	x.began = append(x.began, page.After)
	if x.broken != "" && page.After == x.broken {
		return page, true, errAway
	}
	next := map[licensing.UserID]licensing.UserID{"": "a", "a": "b", "b": "c"}[page.After]
	page.After, page.Done.People = next, page.Done.People+1
	return page, next != "c", nil
}

func TestL10_TheErasureGoesOnTurnByTurnFromWhereAnEarlierAttemptCame(t *testing.T) {
	x := &turns{}
	r := &Retention{Data: x, Log: slog.New(slog.DiscardHandler)}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(r)
	env.SetHeartbeatDetails(licensing.ErasePage{After: "a", Done: licensing.Erased{People: 1}})
	value, err := env.ExecuteActivity(r.EraseDue, licensing.ErasePage{})
	if err != nil {
		t.Fatal(err)
	}
	var page licensing.ErasePage
	if err := value.Get(&page); err != nil || page.Done.People != 3 || len(x.began) != 2 || x.began[0] != "a" {
		t.Errorf("%+v, %v, turns began at %v", page, err, x.began)
	}
	x.broken = "b"
	if _, err := env.ExecuteActivity(r.EraseDue, licensing.ErasePage{}); err == nil {
		t.Error("a turn that fails doesn't end the activity")
	}
}
