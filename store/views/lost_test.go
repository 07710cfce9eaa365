package views_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
)

// An assignment whose run will never settle it is due at start + 2 h, and counts as failed an hour later.
const leftBehindAfter = 3 * time.Hour

func TestR52_AnAssignmentLeftBehindShowsAsFailedFromAnHourAfterItsDueTimeOnEverywhere(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		kim := h.Member("ada", "kim", add(a1, licensing.ProductKeysReader))
		h.Change("ada", edit(kim, add(a1, licensing.BenefitsReader)))
		busy, failing := licensing.StatusAssignmentInProgress, licensing.StatusFailed
		for _, c := range []struct {
			after  time.Duration
			status licensing.Status
			action licensing.Action
			rule   string // of the access check
		}{
			{leftBehindAfter - time.Microsecond, busy, licensing.DeleteUser, "R53"},
			{leftBehindAfter, busy, licensing.DeleteUser, "R53"},
			{leftBehindAfter + time.Nanosecond, busy, licensing.DeleteUser, "R53"},
			{leftBehindAfter + time.Microsecond, failing, licensing.AssignAgain, "R54"},
			{leftBehindAfter + day, failing, licensing.AssignAgain, "R54"},
		} {
			h.Now = start.Add(c.after)
			what := c.after.String()
			equal(t, what+": list", h.Row("ada", kim).Status, c.status)
			view := h.View("ada", kim)
			equal(t, what+": View access", view.Access[0].Status, c.status)
			equal(t, what+": actions", slices.Contains(view.Actions, c.action), true)
			failed := c.status == licensing.StatusFailed
			same(t, what+": filter Failed", h.Names("ada", licensing.UserFilter{Status: failing}),
				map[bool]string{true: "[kim]", false: "[]"}[failed])
			same(t, what+": filter In Progress",
				h.Names("ada", licensing.UserFilter{Status: busy}),
				map[bool]string{true: "[]", false: "[kim]"}[failed])
			h.Denied(kim, a1, licensing.ManageBenefits, c.rule)
			equal(t, what+": what was effective before stays",
				h.May(kim, a1, licensing.ViewProductKeys).Allowed, true)
			if !failed {
				continue
			}
			e := view.Access[0]
			same(t, "reason, attempts, due", []any{e.Reason, e.Attempts, e.DueAt.IsZero()},
				[]any{licensing.LostReason, 1, true})
			if e.Reference == "" || e.Advice == "" ||
				!strings.Contains(h.May(kim, a1, licensing.ManageBenefits).Why, e.Reference) {
				t.Errorf("reference and advice: %+v", e)
			}
		}
	})
}

func TestR52_WhatWasLeftBehindIsAssignedAgainAsTheListOffers(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		kim := h.Member("ada", "kim", add(a1, licensing.ProductKeysReader))
		h.Change("ada", edit(kim, add(a1, licensing.BenefitsReader)))
		h.Now = start.Add(leftBehindAfter + time.Second)
		v := h.Verdict("ada", edit(kim, add(a1, licensing.BenefitsReader)))
		same(t, "verdict", []any{v.Outcome, v.Before, v.After},
			[]any{licensing.Assigned, licensing.StatusFailed, licensing.StatusAssignmentInProgress})
	})
}

func TestR52_RolesOfSomebodyWhoLeftAreTakenFromAnAssignmentThatWasLeftBehind(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		leo := h.Change("ada", internal("leo", add(a1, licensing.ProductKeysReader))).People[0].User
		h.Activates(h.Registers(leo, "leo@contoso.example"))
		h.Change("ada", edit(leo, add(a1, licensing.BenefitsReader, licensing.OnlineServicesManager)))
		h.Leaves("o-leo", "leo@contoso.example", "Leo Internal", true)
		h.Now = start.Add(leftBehindAfter + time.Second)
		v := h.Verdict("ada", edit(leo, take(a1, licensing.BenefitsReader)))
		equal(t, "outcome", v.Outcome, licensing.Changed)
		equal(t, "it has failed", h.View("ada", leo).Access[0].Attempts, 1)
	})
}

func TestR33_R52_WhoseRoleWasLeftBehindIsNotWaitedForWhereALicenseIDHasNoAdmin(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.Member("grace", "kim", add(a2, licensing.BenefitsReader))
		h.Change("grace", edit(h.ID("kim@fabrikam.example"), add(a2, licensing.Administrator)))
		h.Leaves("o-grace", "grace@contoso.example", "Grace Hopper", true)
		waiting := func() (n int) {
			for _, o := range must[[]licensing.Orphan](t)(h.Orphans(t.Context(), h.Org)) {
				if o.License == a2 {
					n = o.Waiting
				}
			}
			return n
		}
		equal(t, "in progress", waiting(), 1)
		h.Now = start.Add(leftBehindAfter + time.Second)
		equal(t, "left behind", waiting(), 0)
	})
}

func TestR56_AnInvitationPastItsEndShowsAsExpiredThoughItsTimerIsLate(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		kim := h.Invite("ada", "kim", add(a1, licensing.ProductKeysReader))
		for after, want := range map[time.Duration]licensing.Status{
			30*day - time.Microsecond: licensing.StatusInvitationSent,
			30 * day:                  licensing.StatusInvitationExpired,
		} {
			h.Now = start.Add(after)
			equal(t, "list", h.Row("ada", kim).Status, want)
			equal(t, "View access", h.View("ada", kim).Access[0].Status, want)
			both := []licensing.Status{licensing.StatusInvitationSent, licensing.StatusInvitationExpired}
			for _, s := range both {
				same(t, after.String()+": filter "+string(s), h.Names("ada", licensing.UserFilter{Status: s}),
					map[bool]string{true: "[kim]", false: "[]"}[s == want])
			}
		}
	})
}
