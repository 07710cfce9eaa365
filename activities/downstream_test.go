package activities

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
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

// tellings is a Tellings that counts.
type tellings struct {
	version int64
	told    []int64
	err     error
}

func (n *tellings) Tell(_ context.Context, u licensing.UserID, _ time.Time) (licensing.Effective, error) {
	n.version++
	return licensing.Effective{User: u, Version: n.version}, n.err
}

func (n *tellings) Told(_ context.Context, e licensing.Effective) error {
	n.told = append(n.told, e.Version)
	return n.err
}

func (n *tellings) Surpass(_ context.Context, _ licensing.UserID, version int64) (bool, error) {
	lower := n.version < version
	n.version = max(n.version, version)
	return lower, n.err
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
			d := &Downstream{Tellings: &tellings{}, Log: slog.New(slog.NewTextHandler(&log, nil))}
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

func TestL08_EachTellingHasItsKeyAndIsToldWhenItWasTaken(t *testing.T) {
	var seen []string
	n := &tellings{}
	d := &Downstream{Tellings: n}
	d.Provisioner = putFunc(func(key string) error {
		if seen = append(seen, key); len(seen) == 2 {
			return context.DeadlineExceeded
		}
		return nil
	})
	for range 3 {
		_ = d.Provision(t.Context(), licensing.ChangeRef{User: dana, Change: "c.1", UpTo: noon})
	}
	want := []string{string(dana) + ".1", string(dana) + ".2", string(dana) + ".3"}
	if !slices.Equal(seen, want) || !slices.Equal(n.told, []int64{1, 3}) {
		t.Errorf("keys are %v, told %v", seen, n.told)
	}
}

func TestL08_WhoKnowsANewerStateNeedsNoOlderOneUnlessOurRowsAreOlder(t *testing.T) {
	n := &tellings{version: 5}
	d := &Downstream{Tellings: n}
	d.Provisioner = putFunc(func(string) error {
		n.version = 9 // somebody else told it meanwhile
		return &ProvisionError{Refused: true, Newer: 9}
	})
	if err := d.Provision(t.Context(), licensing.ChangeRef{User: dana}); err != nil || len(n.told) > 0 {
		t.Errorf("overtaken: %v, told %v", err, n.told)
	}
	d.Provisioner = putFunc(func(string) error { return &ProvisionError{Refused: true, Newer: 99} })
	var app *temporal.ApplicationError
	err := d.Provision(t.Context(), licensing.ChangeRef{User: dana})
	if !errors.As(err, &app) || app.NonRetryable() || n.version != 99 {
		t.Errorf("rows that are older: %v, number %d", err, n.version)
	}
}

func TestWithoutADownstreamSystemNobodyIsTold(t *testing.T) {
	d := &Downstream{Tellings: &tellings{err: errors.New("asked")}}
	if err := d.Provision(t.Context(), licensing.ChangeRef{User: dana}); err != nil {
		t.Error(err)
	}
}

func TestAProvisionThatIsStoppedIsNoRefusal(t *testing.T) {
	d := &Downstream{
		Tellings:    &tellings{},
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
