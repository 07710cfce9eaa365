package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"vlroles/licensing"
	"vlroles/rig"
	"vlroles/store/rows"
	"vlroles/store/views"
)

// wantUnavailable expects a refusal that says what to do and names neither host nor user nor driver.
func wantUnavailable(t *testing.T, err error, said, advice string) {
	t.Helper()
	if licensing.KindOf(err) != licensing.Unavailable {
		t.Fatalf("got %v, want a refusal of kind unavailable", err)
	}
	for _, word := range []string{"the database doesn't work now: " + said, advice} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q doesn't say %q", err, word)
		}
	}
	for _, word := range []string{"pq:", "127.0.0.1", "vl@", `"vl"`, "SQLITE", "sql:"} {
		if strings.Contains(err.Error(), word) {
			t.Errorf("%q says %q", err, word)
		}
	}
}

// outage is one way in which a database doesn't work, made real.
type outage struct {
	name, said string
	begin      func(t *testing.T, p *rig.Postgres, s *Store)
}

// superuser runs statements past the store.
func superuser(t *testing.T, p *rig.Postgres, statements ...string) {
	t.Helper()
	s := openAt(t, p.URL("postgres"))
	for _, q := range statements {
		if _, err := s.writes.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

var outages = []outage{
	{"the server is stopped", "", func(_ *testing.T, p *rig.Postgres, _ *Store) { p.Stop() }},
	{"others took all connections", "it has no connection left",
		func(t *testing.T, p *rig.Postgres, s *Store) {
			superuser(t, p, `ALTER DATABASE town CONNECTION LIMIT 0`, `ALTER ROLE clerk NOSUPERUSER`)
			s.writes.SetMaxIdleConns(0) // log in anew
		}},
	{"a statement takes too long", "it took too long", func(t *testing.T, p *rig.Postgres, s *Store) {
		superuser(t, p, `ALTER ROLE clerk SET statement_timeout = 1`)
		s.writes.SetMaxIdleConns(0)
		hold(t, p)
	}},
}

// hold keeps the table of requests locked until the test ends.
func hold(t *testing.T, p *rig.Postgres) {
	t.Helper()
	tx, err := openAt(t, p.URL("town")).writes.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.ExecContext(t.Context(), `LOCK TABLE requests`); err != nil {
		t.Fatal(err)
	}
}

// TestL01_ADatabaseThatIsAwayIsUnavailableWithWhatToDo makes outages of a real server, each in the middle of
// its work, and expects the same refusal of whatever somebody does then, and that all is well afterwards.
func TestL01_ADatabaseThatIsAwayIsUnavailableWithWhatToDo(t *testing.T) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			p := rig.PostgresFor(t, rig.PostgresOptions{})
			superuser(t, p, `CREATE ROLE clerk LOGIN SUPERUSER`, `CREATE DATABASE town OWNER clerk`)
			s := openAt(t, strings.Replace(p.URL("town"), "vl@", "clerk@", 1))
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			h := newHouse(t, s)
			sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"), People: []licensing.PersonChange{
				ext("kim", add(a1, licensing.BenefitsReader))}}
			o.begin(t, p, s)
			_, err := h.Write().Save(t.Context(), sv)
			wantUnavailable(t, err, o.said, rows.AgainSame)
		})
	}
}

func TestL01_ADatabaseThatStopsIsUnavailableToAllAndTheRequestIsCarriedOutAfterwards(t *testing.T) {
	p := rig.PostgresFor(t, rig.PostgresOptions{})
	s := openAt(t, p.URL("postgres"))
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, s)
	ada := h.ID("ada")
	sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: ada, People: []licensing.PersonChange{
		ext("kim", add(a1, licensing.BenefitsReader))}}
	p.Stop()
	wantUnavailable(t, s.Ping(t.Context()), "", rows.Again) // maybe the end of a connection that was open
	_, err := views.New(s.Reader()).User(t.Context(), h.Org, ada, ada)
	wantUnavailable(t, err, "", rows.Again)
	_, err = s.Verify(t.Context(), sv)
	wantUnavailable(t, err, "connect: connection refused", rows.Again)
	_, err = s.Present(t.Context(), h.Org)
	wantUnavailable(t, err, "connect: connection refused", rows.Again)
	_, err = h.Write().Save(t.Context(), sv)
	wantUnavailable(t, err, "connect: connection refused", rows.AgainSame)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer, err := h.Write().Save(t.Context(), sv)
	if err != nil || answer.People[0].Error != nil {
		t.Errorf("afterwards: %+v, %v", answer, err)
	}
}

func TestL01_SQLiteThatIsLockedIsUnavailable(t *testing.T) {
	s := freshStore(t, "SQLite")
	h := newHouse(t, s)
	other := openAt(t, "sqlite:"+s.path)
	tx, err := other.writes.BeginTxx(t.Context(), nil) // of those that lock at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := s.writes.ExecContext(t.Context(), `PRAGMA busy_timeout = 10`); err != nil {
		t.Fatal(err)
	}
	_, err = h.Write().Delete(t.Context(), h.Command("ada", h.ID("grace")))
	wantUnavailable(t, err, "others are changing it", rows.AgainSame)
}

func TestL01_WhoStopsWaitingIsToldThatAndNoOutage(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := h.Write().Delete(ctx, h.Command("ada", h.ID("grace")))
		if !errors.Is(err, context.Canceled) || licensing.RefusalOf(err) != nil {
			t.Errorf("got %v", err)
		}
		late, cancel := context.WithTimeout(t.Context(), -1)
		defer cancel()
		_, err = h.Write().Delete(late, h.Command("ada", h.ID("grace")))
		wantUnavailable(t, err, "it took too long", rows.AgainSame)
	})
}

func TestL01_WhatPostgreSQLSaysOfItselfIsSorted(t *testing.T) {
	for code, want := range map[string]licensing.Kind{
		"57P03": licensing.Unavailable, // starting up
		"57P01": licensing.Unavailable, // ended by its operator
		"57P02": licensing.Unavailable, "08006": licensing.Unavailable, "08P01": licensing.Unavailable,
		"53200": licensing.Unavailable, "25006": licensing.Unavailable,
		"53100": licensing.Unavailable, "58030": licensing.Unavailable,
		"40P01": licensing.Unavailable, "40001": licensing.Unavailable, "55P03": licensing.Unavailable,
		"25P03": licensing.Unavailable,
		"23505": "", "42601": "", "42P01": "", "22001": "", "25P02": "",
	} {
		err := rows.Outage(t.Context(), fmt.Errorf("save: %w", &pq.Error{Code: pqerror.Code(code)}), rows.Again)
		equal(t, code, licensing.KindOf(err), want)
		var driver *pq.Error
		equal(t, code+" can be found", errors.As(err, &driver), true)
	}
}

func TestL01_ALoginThatIsRefusedIsNoOutageAndNamesNobody(t *testing.T) {
	p := rig.PostgresFor(t, rig.PostgresOptions{})
	for name, address := range map[string]string{
		"the database refuses the login": strings.Replace(p.URL("postgres"), "vl@", "nobody@", 1),
		"there is no such database":      p.URL("atlantis"),
	} {
		_, err := Open(t.Context(), address, Options{})
		if err == nil || licensing.RefusalOf(err) != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %q", err, name)
		}
		for _, word := range []string{"pq:", "nobody", "atlantis", "127.0.0.1"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%q says %q", err, word)
			}
		}
	}
}

// mute is a server that accepts connections and says nothing.
func mute(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	u := url.URL{Scheme: "postgres", User: url.User("vl"), Host: l.Addr().String(), Path: "town",
		RawQuery: "sslmode=disable"}
	return u.String()
}

func TestL01_AServerThatAcceptsAndSaysNothingIsUnavailableWhenTheTimeIsOver(t *testing.T) {
	for name, address := range map[string]string{
		"the caller's time": mute(t), "the address's": mute(t) + "&connect_timeout=1",
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if !strings.Contains(address, "connect_timeout") {
				short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
				defer cancel()
				ctx = short
			}
			began := time.Now()
			_, err := Open(ctx, address, Options{})
			wantUnavailable(t, err, "it took too long", rows.Again)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestL01_EveryConnectionHasATimeToLogIn(t *testing.T) {
	for address, want := range map[string]time.Duration{
		"postgres://vl@127.0.0.1/town":                   loginPatience,
		"postgres://vl@127.0.0.1/town?connect_timeout=3": 3 * time.Second,
	} {
		c, err := loginConfig(address)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, address, c.ConnectTimeout, want)
	}
}

func TestL01_ALoginEndsWithItsContext(t *testing.T) {
	c, err := newConnector(mute(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = c.Connect(ctx)
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took > loginPatience/2 {
		t.Errorf("ended after %s: %v", took, err)
	}
}
