package activities

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"vlroles/licensing"
)

const dana = licensing.UserID("0b7c1f2e-6c8b-4d8e-9a53-6f1f6a2d7a11")

// assignments is an Assignments that remembers what it was told.
type assignments struct {
	err    error
	reason string
	upTo   time.Time
}

func (a *assignments) Activate(
	_ context.Context, _ licensing.UserID, _ licensing.ChangeID, upTo time.Time,
) (int, error) {
	a.upTo = upTo
	return 2, a.err
}

func (a *assignments) Fail(
	_ context.Context, _ licensing.UserID, _ licensing.ChangeID, upTo time.Time, reason string,
) error {
	a.upTo, a.reason = upTo, reason
	return a.err
}

func (a *assignments) Effective(
	_ context.Context,
	u licensing.UserID,
	_ time.Time,
) (licensing.Effective, error) {
	return licensing.Effective{User: u}, a.err
}

// putFunc is a Provisioner.
type putFunc func(key string) error

func (f putFunc) Put(_ context.Context, key string, _ licensing.Effective) error { return f(key) }

func TestR54_WhatIsRefusedDownstreamEndsAndEverythingElseIsTriedAgain(t *testing.T) {
	for _, tc := range []struct {
		name    string
		err     error
		ends    bool
		kind    string
		message string
		delay   time.Duration
		logged  string
	}{
		{"a refusal ends, with its reason",
			&ProvisionError{Refused: true, Status: 409, Reason: "closed there"},
			true, licensing.RefusedDownstream, "closed there", 0, ""},
		{"a wait that is asked for is kept",
			&ProvisionError{Status: 503, Reason: "answered 503", RetryAfter: time.Minute},
			false, "Provisioner", "answered 503", time.Minute, "level=WARN"},
		{"a wrong key is tried again and logged as an error",
			&ProvisionError{Status: 401, Misconfigured: true, Reason: "check the keys"},
			false, "Provisioner", "check the keys", 0, "level=ERROR"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log bytes.Buffer
			d := &Downstream{Assignments: &assignments{}, Log: slog.New(slog.NewTextHandler(&log, nil))}
			d.Provisioner = putFunc(func(string) error { return tc.err })
			var app *temporal.ApplicationError
			if err := d.Provision(t.Context(), licensing.ChangeRef{User: dana}); !errors.As(err, &app) {
				t.Fatalf("got %v", err)
			}
			if app.NonRetryable() != tc.ends || app.Type() != tc.kind || app.Message() != tc.message ||
				app.NextRetryDelay() != tc.delay {
				t.Errorf("got %t %s %q %s", app.NonRetryable(), app.Type(), app.Message(),
					app.NextRetryDelay())
			}
			if !strings.Contains(log.String(), tc.logged) || tc.logged == "" && log.Len() > 0 {
				t.Errorf("logged %q", &log)
			}
		})
	}
}

func TestTheSameChangeHasTheSameKeyDownstreamAndAnotherDueTimeAnotherOne(t *testing.T) {
	var seen []string
	d := &Downstream{Assignments: &assignments{}}
	d.Provisioner = putFunc(func(key string) error { seen = append(seen, key); return nil })
	for _, due := range []time.Time{noon, noon.In(time.FixedZone("east", 3600)), noon.Add(time.Hour)} {
		err := d.Provision(t.Context(), licensing.ChangeRef{User: dana, Change: "c.1", UpTo: due})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen[0] != seen[1] || seen[1] == seen[2] {
		t.Errorf("keys are %v", seen)
	}
}

func TestWithoutADownstreamSystemNobodyIsTold(t *testing.T) {
	d := &Downstream{Assignments: &assignments{err: errors.New("asked")}}
	if err := d.Provision(t.Context(), licensing.ChangeRef{User: dana}); err != nil {
		t.Error(err)
	}
}

func TestAProvisionThatIsStoppedIsNoRefusal(t *testing.T) {
	d := &Downstream{
		Assignments: &assignments{},
		Provisioner: putFunc(func(string) error { return context.Canceled }),
	}
	if err := d.Provision(t.Context(), licensing.ChangeRef{User: dana}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestR60_WhatIsDueBecomesEffectiveOrFailsWithItsReason(t *testing.T) {
	rows := &assignments{}
	d := &Downstream{Assignments: rows}
	n, err := d.Activate(t.Context(), licensing.ChangeRef{User: dana, Change: "c.1", UpTo: noon})
	if n != 2 || err != nil || rows.upTo != noon {
		t.Errorf("activated %d up to %s: %v", n, rows.upTo, err)
	}
	later := noon.Add(time.Hour)
	err = d.Fail(t.Context(), licensing.ChangeRef{User: dana, Change: "c.1", UpTo: later, Reason: "quota"})
	if err != nil || rows.reason != "quota" || rows.upTo != later {
		t.Errorf("failed up to %s because of %q: %v", rows.upTo, rows.reason, err)
	}
}
