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
	"vlroles/workflows"
)

// person is one of the save, and what was answered about him.
type person struct {
	email      licensing.Email
	user       licensing.UserID
	registers  bool // was answered
	generation int  // the newest that was answered
}

// run is one run of faults.
type run struct {
	*house
	*testing.T
	answers *answers
	people  []*person
	end     time.Time // until when callers repeat
}

func TestL01_WhatWasAnsweredHasHappenedWhateverStoppedInBetween(t *testing.T) {
	h := newHouse(t, 2)
	r := &run{house: h, T: t, answers: newAnswers(), end: time.Now().Add(load() + settle())}
	storm, calm := context.WithTimeout(t.Context(), load())
	defer calm()
	w := &weather{house: h, at: rand.New(rand.NewPCG(seed(t), 0)), told: map[string]int{}}
	var ended sync.WaitGroup
	ended.Go(func() { w.last(storm, t) })
	r.save()
	ended.Go(r.everybody)
	ended.Wait()
	t.Logf("what happened: %v\nanswers:\n%s", w.told, r.answers)
	o := &oracle{h.Env, r.answers}
	o.settle(t, settle(), r.differences)
	o.doubled(t)
}

// size is how many people are saved.
func size() int {
	if *long {
		return 300
	}
	return 40
}

// save adds everybody with one request, repeated until it is answered.
func (r *run) save() {
	s := licensing.Save{ID: enginetest.Request(), Org: r.Org, Admin: r.Admin}
	for n := range size() {
		name := fmt.Sprintf("p%d", n)
		s.People = append(s.People, enginetest.Person(name, enginetest.Add("E1")))
		r.people = append(r.people, &person{email: s.People[n].SignIn, generation: 1})
	}
	var answer licensing.SaveAnswer
	err := r.answers.until(r.end, "save", s.ID, func(ctx context.Context) (err error) {
		answer, err = r.callers.Save(ctx, s)
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	for n, p := range answer.People {
		r.people[n].user = p.User
	}
}

// everybody acts at once, as many as there are callers.
func (r *run) everybody() {
	const callers = 16
	next := make(chan int)
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for n := range next {
				r.one(r.people[n], rand.New(rand.NewPCG(oneSeed(), uint64(n)+1)))
			}
		})
	}
	for n := range r.people {
		next <- n
	}
	close(next)
	all.Wait()
}

// one resends or resets perhaps, and registers mostly, by the mail that came of it.
func (r *run) one(p *person, at *rand.Rand) {
	cmd := func() licensing.Command {
		return licensing.Command{Request: enginetest.Request(), Org: r.Org, User: p.user, By: r.Admin}
	}
	if at.IntN(4) == 0 {
		c := cmd()
		r.ask("resend", c.Request, func(ctx context.Context) error {
			_, err := r.callers.Resend(ctx, c)
			return err
		})
	}
	if at.IntN(4) == 0 {
		c := cmd()
		var now licensing.InvitationRun
		if r.ask("reset", c.Request, func(ctx context.Context) (err error) {
			now, err = r.callers.Reset(ctx, c)
			return err
		}) {
			p.generation = now.Generation
		}
	}
	if at.IntN(5) == 0 {
		return // stays invited
	}
	link, found := r.link(p)
	if !found {
		return // the oracle tells
	}
	p.registers = r.ask("register", link.Request, func(ctx context.Context) error {
		_, err := r.callers.Register(ctx, link)
		return err
	})
}

func (r *run) ask(what string, id licensing.RequestID, call func(context.Context) error) bool {
	err := r.answers.until(r.end, what, id, call)
	var never *unanswered
	if errors.As(err, &never) {
		r.Error(err)
	}
	return err == nil
}

// link waits for the mail of the newest generation.
func (r *run) link(p *person) (licensing.Registration, bool) {
	for time.Now().Before(r.end) {
		if link, found := linkOf(r.Env, p.email); found && link.Generation >= p.generation {
			return link, true
		}
		time.Sleep(200 * time.Millisecond)
	}
	return licensing.Registration{}, false
}

// differences says who doesn't stand where the answers said.
func (r *run) differences() []string {
	var out []string
	for _, p := range r.people {
		if what := r.difference(p); what != "" {
			out = append(out, fmt.Sprintf("%s: %s (run %s)", p.email, what, workflows.InvitationID(p.user)))
		}
	}
	return out
}

func (r *run) difference(p *person) string {
	want, kind := licensing.StatusInvitationSent, "welcome"
	if p.registers {
		want, kind = licensing.StatusActive, "registered"
	}
	status, err := r.status(p.user)
	if err != nil {
		return err.Error()
	}
	if status != want {
		return fmt.Sprintf("was answered %q (generation %d) and is %q", want, p.generation, status)
	}
	link, found := linkOf(r.Env, p.email)
	if !found || link.Generation < p.generation {
		return fmt.Sprintf("the welcome mail of generation %d never came", p.generation)
	}
	for _, m := range r.Mailbox.To(string(p.email)) {
		if enginetest.Kind(m) == kind {
			return ""
		}
	}
	return "the mail " + kind + " never came"
}

func (r *run) status(u licensing.UserID) (licensing.Status, error) {
	v, err := r.Views.User(context.Background(), r.Org, r.Admin, u)
	if err != nil || len(v.Access) == 0 {
		return "", err
	}
	return v.Access[0].Status, nil
}
