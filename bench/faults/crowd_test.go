//go:build faults

package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/worker/engine/enginetest"
)

// crowd is many callers on the same few people.
type crowd struct {
	*enginetest.Env
	answers *answers
	people  []licensing.Email
	end     time.Time
}

const (
	callers = 50
	crowded = 20
)

func TestL01_ManyCallersOnTheSamePeopleGetNamedAnswersAndLeaveNothingHanging(t *testing.T) {
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		t.Run(database, func(t *testing.T) {
			e := enginetest.New(t, enginetest.Options{Postgres: database == "PostgreSQL"})
			c := &crowd{Env: e, answers: newAnswers(), end: time.Now().Add(load())}
			for n := range crowded {
				c.people = append(c.people, licensing.Email(fmt.Sprintf("p%d@fabrikam.example", n)))
			}
			c.all(t)
			t.Logf("answers:\n%s", c.answers)
			if len(c.answers.unnamed) > 0 {
				t.Error("not every answer has a name")
			}
			o := &oracle{e, c.answers}
			o.settle(t, settle(), func() []string { return nil })
			o.doubled(t)
		})
	}
}

// all lets every caller act until the time is over.
func (c *crowd) all(t *testing.T) {
	picked := seed(t)
	var callersDone sync.WaitGroup
	for n := range callers {
		callersDone.Go(func() {
			at := rand.New(rand.NewPCG(picked, uint64(n)))
			for time.Now().Before(c.end) {
				if err := c.act(at); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	callersDone.Wait()
}

// act does one thing to one person. It returns an error only where the request was never answered.
func (c *crowd) act(at *rand.Rand) error {
	email := c.people[at.IntN(len(c.people))]
	user, known := c.user(email)
	cmd := c.Command(user)
	license := licensing.LicenseID([]string{"E1", "E2"}[at.IntN(2)])
	var err error
	switch what := at.IntN(10); {
	case what < 3 || !known:
		err = c.save(email, enginetest.Add(license, anyRole(at)))
	case what == 3:
		err = c.save(email, enginetest.Remove(license, anyRole(at)))
	case what == 4:
		err = c.ask("resend", cmd.Request, func(ctx context.Context) error {
			_, err := c.Flows.Resend(ctx, cmd)
			return err
		})
	case what == 5:
		err = c.ask("reset", cmd.Request, func(ctx context.Context) error {
			_, err := c.Flows.Reset(ctx, cmd)
			return err
		})
	case what == 6:
		err = c.ask("cancel", cmd.Request, func(ctx context.Context) error {
			_, err := c.Flows.Cancel(ctx, cmd)
			return err
		})
	case what == 7:
		err = c.ask("delete", cmd.Request, func(ctx context.Context) error {
			_, err := c.Flows.Delete(ctx, cmd)
			return err
		})
	default:
		r, found := linkOf(c.Env, email)
		if !found {
			return nil
		}
		err = c.ask("register", r.Request, func(ctx context.Context) error {
			_, err := c.Flows.Register(ctx, r)
			return err
		})
	}
	var never *unanswered
	if errors.As(err, &never) {
		return err
	}
	return nil
}

func anyRole(at *rand.Rand) licensing.Role {
	some := []licensing.Role{licensing.ProductDownloadManager, licensing.BenefitsReader,
		licensing.LicensePositionReader}
	return some[at.IntN(len(some))]
}

func (c *crowd) save(email licensing.Email, access licensing.AccessChange) error {
	s := licensing.Save{ID: enginetest.Request(), Org: c.Org, Admin: c.Admin, People: []licensing.PersonChange{
		{SignIn: email, Name: "Pat Fabrikam", Access: []licensing.AccessChange{access}},
	}}
	return c.ask("save", s.ID, func(ctx context.Context) error {
		answer, err := c.Flows.Save(ctx, s)
		if err == nil && !answer.People[0].Accepted() {
			return errNothing
		}
		return err
	})
}

func (c *crowd) ask(what string, id licensing.RequestID, call func(context.Context) error) error {
	return c.answers.until(time.Now().Add(time.Minute), what, id, call)
}

func (c *crowd) user(email licensing.Email) (licensing.UserID, bool) {
	u, err := c.Views.UserBySignIn(context.Background(), c.Org, email)
	return u, err == nil
}
