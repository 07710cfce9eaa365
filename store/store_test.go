package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// start is when the tests begin.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func policy() licensing.Policy {
	p := licensing.DefaultPolicy()
	p.LinkKey = "k1"
	return p
}

// onBoth runs a test on SQLite and on PostgreSQL, each on a fresh database with the schema.
func onBoth(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	for _, name := range databases {
		t.Run(name, func(t *testing.T) { test(t, freshStore(t, name)) })
	}
}

var databases = []string{"SQLite", "PostgreSQL"}

// freshStore is a fresh database with the schema.
func freshStore(t *testing.T, name string) *Store {
	t.Helper()
	s := openFresh(t, name)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// setFlag sets a flag of the test binary until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	was := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(was) })
}

func openFresh(t testing.TB, name string) *Store {
	t.Helper()
	return openAt(t, addressOf(t, name))
}

func addressOf(t testing.TB, name string) string {
	t.Helper()
	if name == "PostgreSQL" {
		return rig.PostgresURL(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "rows.db")
}

func openAt(t testing.TB, address string) *Store {
	t.Helper()
	s, err := Open(context.Background(), address, Options{Policy: policy()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// at is the store when other periods hold, at a time.
func (s *Store) at(p licensing.Policy, now time.Time) *Store {
	other := s.atTime(now)
	other.policy = p
	return other
}

// atTime is the store at a time.
func (s *Store) atTime(now time.Time) *Store {
	other := *s
	other.now = func() time.Time { return now }
	return &other
}

// house is an organization with agreements and the people who are known from the start.
type house struct {
	testing.TB
	*Store
	org licensing.OrgID
	now time.Time
}

// The License IDs of a house: B1 stands below M1.
const (
	m1 = licensing.LicenseID("M1")
	a1 = licensing.LicenseID("A1")
	a2 = licensing.LicenseID("A2")
	b1 = licensing.LicenseID("B1")
)

// newHouse takes in Contoso: ada administers M1 and A1, grace A2 and B1, both registered and in the directory. Leo, whom no
// role was given, is in the directory too.
func newHouse(t testing.TB, s *Store) *house {
	t.Helper()
	h := &house{TB: t, Store: s, org: licensing.OrgID(uuid.NewString()), now: start}
	ada := []licensing.ContractAdministrator{{SignIn: "ada@contoso.example", Name: "Ada", Registered: start.Add(-day)}}
	grace := []licensing.ContractAdministrator{{SignIn: "grace@contoso.example", Name: "Grace", Registered: start.Add(-day)}}
	processed := start.Add(-30 * day)
	h.apply(licensing.Intake{
		Name: "Contoso", Domains: []string{"contoso.example"},
		Directory: []licensing.DirectoryPerson{
			{ObjectID: "o-ada", Email: "ada@contoso.example", Name: "Ada Lovelace"},
			{ObjectID: "o-grace", Email: "grace@contoso.example", Name: "Grace Hopper"},
			{ObjectID: "o-leo", Email: "leo@contoso.example", Name: "Leo Internal"},
		},
		Agreements: []licensing.ContractAgreement{
			{License: m1, Program: "MBSA", ProcessedAt: processed, Administrators: ada},
			{License: a1, Program: "MPSA", ProcessedAt: processed, Administrators: ada},
			{License: a2, Program: "MPSA", ProcessedAt: processed, Administrators: grace},
			{License: b1, Program: "Enterprise Agreement", Parent: m1, ProcessedAt: processed, Administrators: grace},
		},
	})
	return h
}

func (h *house) apply(in licensing.Intake) licensing.IntakeAnswer {
	h.Helper()
	in.ID, in.Org = licensing.RequestID(uuid.NewString()), h.org
	out, err := h.Store.atTime(h.now).Apply(h.Context(), in)
	if err != nil {
		h.Fatal(err)
	}
	return out
}

// leaves takes a person out of the tenant, or back in.
func (h *house) leaves(object licensing.ObjectID, email licensing.Email, name string, left bool) {
	h.Helper()
	h.apply(licensing.Intake{Name: "Contoso", Directory: []licensing.DirectoryPerson{{ObjectID: object, Email: email, Name: name, Left: left}}})
}

// id finds a user by the part of the sign-in e-mail before contoso.example, or by the whole of it.
func (h *house) id(who string) licensing.UserID {
	h.Helper()
	e := licensing.Email(who)
	if e.Domain() == e.Key() {
		e = licensing.Email(who + "@contoso.example")
	}
	id, err := h.UserBySignIn(h.Context(), h.org, e)
	if err != nil {
		h.Fatalf("%s: %v", who, err)
	}
	return id
}

// ext is an external person whom an admin adds.
func ext(name string, access ...licensing.AccessChange) licensing.PersonChange {
	return licensing.PersonChange{SignIn: licensing.Email(name + "@fabrikam.example"), Name: name, Access: access}
}

func add(l licensing.LicenseID, r ...licensing.Role) licensing.AccessChange {
	return licensing.AccessChange{License: l, Add: r}
}

// save saves as an admin, and expects every verdict to be accepted.
func (h *house) save(admin string, people ...licensing.PersonChange) licensing.SaveAnswer {
	h.Helper()
	out := h.saveAny(admin, people...)
	for n, p := range out.People {
		if p.Error != nil {
			h.Fatalf("people[%d]: %v", n, p.Error)
		}
		for _, v := range p.Verdicts {
			if v.Error != nil {
				h.Fatalf("people[%d], %s: %v", n, v.License, v.Error)
			}
		}
	}
	return out
}

func (h *house) saveAny(admin string, people ...licensing.PersonChange) licensing.SaveAnswer {
	h.Helper()
	sv := licensing.Save{ID: licensing.RequestID(uuid.NewString()), Org: h.org, Admin: h.id(admin), People: people}
	out, err := h.Store.atTime(h.now).Save(h.Context(), sv)
	if err != nil {
		h.Fatal(err)
	}
	return out
}

// invite saves one external person with roles and returns the user.
func (h *house) invite(admin, name string, access ...licensing.AccessChange) licensing.UserID {
	h.Helper()
	return h.save(admin, ext(name, access...)).People[0].User
}

func (h *house) standing(user licensing.UserID) licensing.Standing {
	h.Helper()
	st, err := h.StandingOf(h.Context(), h.org, user)
	if err != nil {
		h.Fatal(err)
	}
	return st
}

// welcome is the id of the welcome mail of a user's first sending.
func (h *house) welcome(user licensing.UserID) licensing.MailID {
	h.Helper()
	s := h.standing(user).Sending
	return licensing.MailID(string(licensing.InvitationChange(s.Invitation, s.Generation)) + ".welcome")
}

// register accepts the user's invitation as the addressee.
func (h *house) register(user licensing.UserID, email licensing.Email) licensing.Registered {
	h.Helper()
	s := h.standing(user).Sending
	out, err := h.atTime(h.now).Register(h.Context(), licensing.Registration{
		Request: licensing.RequestID(uuid.NewString()), Invitation: s.Invitation, Generation: s.Generation,
		Identity: licensing.Identity{Email: email},
	})
	if err != nil {
		h.Fatal(err)
	}
	return out
}

// activate makes everything effective that a registration put in progress.
func (h *house) activate(r licensing.Registered) {
	h.Helper()
	for _, due := range r.Propagation.Dues {
		if _, err := h.atTime(due).Activate(h.Context(), r.User, r.Propagation.Change, due); err != nil {
			h.Fatal(err)
		}
	}
}

// member is an external person who has registered and whose roles are effective.
func (h *house) member(admin, name string, access ...licensing.AccessChange) licensing.UserID {
	h.Helper()
	u := h.invite(admin, name, access...)
	h.activate(h.register(u, licensing.Email(name+"@fabrikam.example")))
	return u
}

func (h *house) command(admin string, user licensing.UserID) licensing.Command {
	h.Helper()
	return licensing.Command{Request: licensing.RequestID(uuid.NewString()), Org: h.org, User: user, By: h.id(admin)}
}

func wantRefusal(t testing.TB, err error, kind licensing.Kind, rule string) {
	t.Helper()
	var e *licensing.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Rule != rule {
		t.Fatalf("got %v, want a refusal %s by %s", err, kind, rule)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}
