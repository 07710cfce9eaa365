package activities

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"vlroles/licensing"
	"vlroles/workflows/refusal"
)

// saves is a Saves.
type saves struct{ err error }

func (s saves) Save(context.Context, licensing.Save) (licensing.SaveAnswer, error) {
	return licensing.SaveAnswer{Work: 1}, s.err
}

func (s saves) Appoint(context.Context, licensing.Appointment) (licensing.SaveAnswer, error) {
	return licensing.SaveAnswer{Work: 1}, s.err
}

func TestARefusalEndsAnActivityAndEverythingElseIsTriedAgain(t *testing.T) {
	away := errors.New("database is away")
	for _, tc := range []struct {
		name string
		err  error
		ends bool
	}{
		{"a rule refuses", licensing.Refuse(licensing.Forbidden, "R05", "you may not").In("people[0]"), true},
		{"a refusal with words around it",
			fmt.Errorf("save: %w", licensing.Refuse(licensing.Invalid, "R10", "no")), true},
		{"a part is unavailable", licensing.Refuse(licensing.Unavailable, "", "come later"), false},
		{"the database is away", away, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := &Requests{Saves: saves{err: tc.err}}
			_, err := r.Decide(t.Context(), licensing.Save{})
			var app *temporal.ApplicationError
			if errors.As(err, &app) != tc.ends || tc.ends && !app.NonRetryable() {
				t.Fatalf("ends with %v", err)
			}
			if !tc.ends && !errors.Is(err, tc.err) {
				t.Errorf("ends with %v", err)
			}
		})
	}
}

func TestR33_WhatOperatorsMustKnowIsLoggedWithoutAName(t *testing.T) {
	var log bytes.Buffer
	r := &Requests{Saves: saves{}, Users: users{}, Log: slog.New(slog.NewTextHandler(&log, nil))}
	person := licensing.PersonChange{SignIn: "kim@fabrikam.example"}
	if _, err := r.Seat(t.Context(), licensing.Appointment{License: "E7", Person: person}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Directory(t.Context(), licensing.DirectoryChange{ID: "r1"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"license=E7", "license=E8", "license=E9", "request=r1", "level=WARN"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%s is missing in %q", want, &log)
		}
	}
	if strings.Contains(log.String(), "kim") {
		t.Errorf("logged %q", &log)
	}
}

func TestR33_AnAppointmentThatIsRefusedIsNotLoggedAsOne(t *testing.T) {
	var log bytes.Buffer
	refused := saves{err: licensing.Refuse(licensing.Conflict, "R05", "it has an admin")}
	r := &Requests{Saves: refused, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if _, err := r.Seat(t.Context(), licensing.Appointment{}); refusal.Decode(err) == nil || log.Len() > 0 {
		t.Errorf("%v, logged %q", err, &log)
	}
}

// users is a Users whose directory changes orphan two agreements. What it embeds is not asked.
type users struct{ Users }

func (users) Directory(context.Context, licensing.DirectoryChange) (licensing.DirectoryAnswer, error) {
	return licensing.DirectoryAnswer{Orphaned: []licensing.LicenseID{"E8", "E9"}}, nil
}

// outbox is an Outbox and a Starter that remembers whom it started.
type outbox struct {
	mu       sync.Mutex
	work     []licensing.OutboxEntry
	started  []string
	failing  licensing.UserID
	finished bool
	err      error
}

func newOutbox(n int) *outbox {
	o := &outbox{}
	for i := range n {
		o.work = append(o.work, licensing.OutboxEntry{User: licensing.UserID(fmt.Sprintf("u%02d", i))})
	}
	return o
}

func (o *outbox) Outbox(context.Context, licensing.RequestID) ([]licensing.OutboxEntry, error) {
	return o.work, o.err
}

func (o *outbox) ClearOutbox(context.Context, licensing.RequestID) error {
	o.finished = true
	return nil
}

func (o *outbox) Start(_ context.Context, w licensing.OutboxEntry) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w.User == o.failing {
		return errors.New("Temporal is away")
	}
	o.started = append(o.started, string(w.User))
	return nil
}

// startWork runs the activity as a worker does. before is what an earlier attempt said it had started, or
// nil.
func (o *outbox) startWork(t *testing.T, before any) (int, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	if before != nil {
		env.SetHeartbeatDetails(before)
	}
	env.RegisterActivity(&Requests{Outbox: o, Starter: o})
	value, err := env.ExecuteActivity("StartWork", licensing.RequestID("r1"))
	if err != nil {
		return 0, err
	}
	slices.Sort(o.started)
	var n int
	err = value.Get(&n)
	return n, err
}

func TestTheWorkOfARequestIsStartedOnceForEachPerson(t *testing.T) {
	o := newOutbox(40)
	if n, err := o.startWork(t, nil); err != nil || n != 40 {
		t.Fatal(n, err)
	}
	if len(o.started) != 40 || len(slices.Compact(o.started)) != 40 || !o.finished {
		t.Errorf("started %v, finished %t", o.started, o.finished)
	}
}

func TestAnAttemptGoesOnWhereTheOneBeforeItStopped(t *testing.T) {
	o := newOutbox(40)
	if _, err := o.startWork(t, 32); err != nil {
		t.Fatal(err)
	}
	if len(o.started) != 8 || o.started[0] != "u32" || !o.finished {
		t.Errorf("started %v, finished %t", o.started, o.finished)
	}
}

func TestAHeartbeatThatCanNotBeReadCostsOnlyARepetition(t *testing.T) {
	o := newOutbox(3)
	if _, err := o.startWork(t, "three"); err != nil {
		t.Fatal(err)
	}
	if len(o.started) != 3 {
		t.Errorf("started %v", o.started)
	}
}

func TestAWorkflowThatCanNotBeStartedKeepsTheOutboxAsItIs(t *testing.T) {
	o := newOutbox(20)
	o.failing = "u18"
	if _, err := o.startWork(t, nil); err == nil || o.finished {
		t.Fatalf("%v, finished %t", err, o.finished)
	}
	if len(o.started) != 19 {
		t.Errorf("started %d, want everybody else", len(o.started))
	}
}

func TestAnOutboxThatCanNotBeReadStartsNobody(t *testing.T) {
	o := newOutbox(2)
	o.err = errors.New("database is away")
	if _, err := o.startWork(t, nil); err == nil || len(o.started) > 0 {
		t.Errorf("%v, started %v", err, o.started)
	}
}

// keyring refuses every registration as one without a proof.
type keyring struct{ asked int }

func (k *keyring) MayProve(licensing.Registration) error {
	k.asked++
	return licensing.Refuse(licensing.Forbidden, "L09", "no proof")
}

func TestL09_ARegistrationWithoutAProofIsRefusedBeforeAnythingIsLookedUp(t *testing.T) {
	var log bytes.Buffer
	keys := &keyring{}
	r := &Requests{Links: keys, Log: slog.New(slog.NewTextHandler(&log, nil))} // without rows to look into
	_, err := r.Register(t.Context(), licensing.Registration{Invitation: "i", Request: "r",
		Identity: licensing.Identity{Email: "mallory@evil.example"}})
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || !app.NonRetryable() || keys.asked != 1 {
		t.Fatalf("got %v", err)
	}
	if text := log.String(); !strings.Contains(text, "invitation=i") || strings.Contains(text, "mallory") {
		t.Errorf("the log says %s", text)
	}
}
