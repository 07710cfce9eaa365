package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vlroles/licensing"
)

// inProgress are assignments that a change could settle, and all that it could be mistaken for.
type inProgress struct {
	*house
	user   licensing.UserID
	change licensing.ChangeID
	due    time.Time
}

// newInProgress gives kim roles by one change on M1, A1, A2 and B1, and lea by one of the same id. Then A2 is
// due later, B1 is of another change, and A1 stands in the state.
func newInProgress(t *testing.T, s *Store, state string) inProgress {
	t.Helper()
	h := newHouse(t, s)
	var people []licensing.UserID
	for _, name := range []string{"kim", "lea"} {
		u := h.Member("ada", name, add(m1, licensing.BenefitsReader), add(a1, licensing.BenefitsReader))
		h.Change("grace", edit(u, add(a2, licensing.BenefitsReader), add(b1, licensing.BenefitsReader)))
		people = append(people, u)
	}
	p := inProgress{h, people[0], "of-both.1", h.Now.Add(time.Minute)}
	p.sets(`UPDATE grants SET effective = ? WHERE user_id IN (?, ?)`, false, people[0], people[1])
	p.sets(`UPDATE assignments SET state = 'propagating', change_id = ?, due_at = ?, attempts = 0
		WHERE user_id IN (?, ?)`, p.change, ts(p.due), people[0], people[1])
	p.sets(`UPDATE assignments SET due_at = ? WHERE license_id = ? AND state = 'propagating'`,
		ts(p.due.Add(time.Microsecond)), a2)
	p.sets(`UPDATE assignments SET change_id = ? WHERE license_id = ?`, "another.1", b1)
	if state != "propagating" {
		p.sets(`UPDATE assignments SET state = ?, due_at = NULL, reason = ? WHERE license_id = ? AND user_id = ?`,
			state, "before", a1, p.user)
	}
	return p
}

func (p inProgress) sets(query string, args ...any) {
	p.Helper()
	if _, err := p.writes.ExecContext(p.Context(), p.writes.Rebind(query), args...); err != nil {
		p.Fatal(err)
	}
}

// stands is each assignment of both, with how many of its roles are effective.
func (p inProgress) stands() (out []string) {
	p.Helper()
	var all []struct {
		Email   string `db:"sign_in_email"`
		License string `db:"license_id"`
		State   string
		Roles   int
	}
	p.Select(&all, `
		SELECT u.sign_in_email, a.license_id, a.state, (
			SELECT COUNT(*)
			FROM grants g
			WHERE g.user_id = a.user_id AND g.license_id = a.license_id AND g.effective
		) AS roles
		FROM assignments a
		JOIN users u ON u.id = a.user_id
		WHERE a.attempts >= 0 AND u.name IN ('kim', 'lea')`)
	for _, a := range all {
		out = append(out, fmt.Sprintf("%.3s %s %s %d", a.Email, a.License, a.State, a.Roles))
	}
	slices.Sort(out)
	return out
}

// settled is what stands once what the change of kim has due ended in a state.
func settled(onA1, onM1 string) []string {
	return []string{"kim A1 " + onA1, "kim A2 propagating 0", "kim B1 propagating 0", "kim M1 " + onM1,
		"lea A1 propagating 0", "lea A2 propagating 0", "lea B1 propagating 0", "lea M1 propagating 0"}
}

func TestR51_R53_AChangeMakesEffectiveWhatIsItsOwnInProgressAndDueAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		for state, onA1 := range map[string]string{
			"propagating": "active 1", "pending": "pending 0", "failed": "failed 0",
		} {
			t.Run(state, func(t *testing.T) {
				p := newInProgress(t, freshStore(t, databaseOf(s)), state)
				must[int](t)(p.atTime(p.Now).Activate(t.Context(), p.user, p.change, p.due))
				same(t, "assignments", p.stands(), settled(onA1, "active 1"))
			})
		}
	})
}

func TestR54_AChangeFailsWhatIsItsOwnInProgressAndDueAndNothingElse(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		for state, onA1 := range map[string]string{
			"propagating": "failed 0", "pending": "pending 0", "active": "active 0",
		} {
			t.Run(state, func(t *testing.T) {
				p := newInProgress(t, freshStore(t, databaseOf(s)), state)
				if err := p.atTime(p.Now).Fail(t.Context(), p.user, p.change, p.due, "no answer"); err != nil {
					t.Fatal(err)
				}
				same(t, "assignments", p.stands(), settled(onA1, "failed 0"))
			})
		}
	})
}

func databaseOf(s *Store) string {
	if s.lite {
		return "SQLite"
	}
	return "PostgreSQL"
}

func TestR51_R86_ADownstreamSystemIsToldWhatIsEffectiveOrDueAndNothingThatIsSuspended(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		p := newInProgress(t, s, "failed")
		told := func(want ...licensing.LicenseID) {
			t.Helper()
			e := must[licensing.Effective](t)(p.Effective(t.Context(), p.user, p.due))
			var got []licensing.LicenseID
			for _, g := range e.Grants {
				got = append(got, g.License)
			}
			same(t, "License IDs", got, want)
		}
		told(b1, m1)
		p.sets(`UPDATE grants SET effective = ? WHERE license_id = ? AND user_id = ?`, true, a1, p.user)
		told(a1, b1, m1) // failed, and keeps what was effective before
		p.sets(`UPDATE assignments SET suspended = ? WHERE license_id IN (?, ?)`, true, b1, m1)
		told(a1)
	})
}

func TestR86_WhatAChangeMakesActiveOnASuspendedAssignmentIsSuspended(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		p := newInProgress(t, s, "propagating")
		p.sets(`UPDATE assignments SET suspended = ? WHERE license_id = ? AND user_id = ?`, true, a1, p.user)
		p.sets(`UPDATE assignments SET suspended = ? WHERE license_id = ? AND user_id <> ?`, true, m1, p.user)
		must[int](t)(p.atTime(p.Now).Activate(t.Context(), p.user, p.change, p.due))
		same(t, "assignments", p.stands(), settled("active 0", "active 1"))
		equal(t, "suspended roles", p.Count(`SELECT COUNT(*) FROM grants WHERE suspended`), 1)
	})
}

func TestR53_AChangeDoesNotMakeEffectiveWhatAnotherLeftBehind(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		p := newInProgress(t, s, "propagating")
		p.sets(`UPDATE assignments SET state = 'active', due_at = NULL WHERE license_id = ?`, b1)
		must[int](t)(p.atTime(p.Now).Activate(t.Context(), p.user, p.change, p.due))
		equal(t, "roles on B1 that became effective", p.Count(`SELECT COUNT(*) FROM grants
			WHERE license_id = ? AND user_id = ? AND effective`, b1, p.user), 0)
	})
}
