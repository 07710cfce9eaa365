package store

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/lib/pq"
	"pgregory.net/rapid"

	"vlroles/licensing"
	"vlroles/store/storetest"
)

// anySave is a save of any caller for any people: some that there are, some new, some that there can't be.
func anySave(h *house, r *rapid.T) licensing.Save {
	license := rapid.SampledFrom([]licensing.LicenseID{m1, a1, a2, b1, "NONE"})
	role := rapid.SampledFrom([]licensing.Role{licensing.Administrator, licensing.InvoiceReader,
		licensing.BenefitsReader})
	who := rapid.SampledFrom([]string{"ada@contoso.example", "ada@contoso.example", "grace@contoso.example",
		"kim@fabrikam.example", "nobody@fabrikam.example"})
	access := func() licensing.AccessChange {
		c := licensing.AccessChange{License: license.Draw(r, "license")}
		switch rapid.IntRange(0, 4).Draw(r, "change") {
		case 0:
			c.Remove = []licensing.Role{role.Draw(r, "remove")}
		case 1:
			c.Add, c.Remove = []licensing.Role{licensing.Administrator}, []licensing.Role{licensing.InvoiceReader}
		case 2:
			c.From = &licensing.RoleSource{User: h.ID(rapid.SampledFrom([]string{"ada", "grace"}).Draw(r, "from")),
				License: license.Draw(r, "source"), Replace: rapid.Bool().Draw(r, "replace")}
		default:
			c.Add = []licensing.Role{role.Draw(r, "add")}
		}
		return c
	}
	person := func(n int) licensing.PersonChange {
		p := ext(rapid.SampledFrom([]string{"kim", "lee", "pat", fmt.Sprint("new", n)}).Draw(r, "external"))
		switch rapid.IntRange(0, 5).Draw(r, "person") {
		case 0:
			p = licensing.PersonChange{SignIn: "leo@contoso.example"}
		case 1:
			p = licensing.PersonChange{SignIn: "unknown@contoso.example", Name: "Unknown"}
		case 2:
			p = edit(h.ID(rapid.SampledFrom([]string{"ada", "grace"}).Draw(r, "admin")))
		case 3:
			p.Name, p.Business = "", "other@fabrikam.example"
		}
		p.Access = []licensing.AccessChange{access()}
		if other := access(); other.License != p.Access[0].License {
			p.Access = append(p.Access, other)
		}
		return p
	}
	sv := licensing.Save{ID: newRequest(), Org: h.Org, People: []licensing.PersonChange{person(0)}}
	for n := range rapid.IntRange(0, 2).Draw(r, "more people") {
		sv.People = append(sv.People, person(n+1))
	}
	if sv.Admin = h.userOf(who.Draw(r, "caller")); sv.Admin == "" {
		sv.Admin = licensing.UserID(newRequest())
	}
	return sv
}

// userOf returns the user of an email address, "" for none.
func (h *house) userOf(email string) licensing.UserID {
	var found []licensing.UserID
	h.Select(&found, `SELECT id FROM users WHERE org_id = ? AND sign_in_key = ?`, h.Org, email)
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// withoutNew takes the ids of people out who were not there before.
func withoutNew(people []licensing.PersonVerdict, known []licensing.UserID) []licensing.PersonVerdict {
	out := slices.Clone(people)
	for n := range out {
		if !slices.Contains(known, out[n].User) {
			out[n].User = ""
		}
	}
	return out
}

// likeSave verifies a save, expects that nothing is written, saves, and expects the same verdicts.
func likeSave(h *house, r *rapid.T, sv licensing.Save, seen map[string]bool) {
	var known []licensing.UserID
	h.Select(&known, `SELECT id FROM users`)
	before := h.contents()
	verified, verr := h.atTime(h.Now).Verify(h.Context(), sv)
	for table, now := range h.contents() {
		if now != before[table] {
			r.Fatalf("verifying changed %s", table)
		}
	}
	saved, serr := h.atTime(h.Now).Save(h.Context(), sv)
	if v, s := licensing.RefusalOf(verr), licensing.RefusalOf(serr); !reflect.DeepEqual(v, s) ||
		(verr == nil) != (serr == nil) || verr != nil && v == nil {
		r.Fatalf("verifying: %v; saving: %v", verr, serr)
	}
	got, want := withoutNew(verified.People, nil), withoutNew(saved.People, nil)
	if !reflect.DeepEqual(got, want) {
		r.Fatalf("verified as\n%+v\nsaved as\n%+v", got, want)
	}
	for n, p := range verified.People {
		if user := withoutNew(saved.People, known)[n].User; p.User != user {
			r.Fatalf("people[%d] is %q, and by the save %q", n, p.User, user)
		}
		for _, v := range p.Verdicts {
			seen[string(v.Outcome)] = true
		}
		seen[fmt.Sprint("whole: ", p.Error != nil)] = true
	}
	seen[fmt.Sprint("request: ", verr != nil)] = true
}

func TestR67_VerifyingAnySaveGivesItsVerdictsAndWritesNothing(t *testing.T) {
	setFlag(t, "rapid.checks", "3")
	setFlag(t, "rapid.steps", "25")
	for _, name := range storetest.Databases {
		t.Run(name, func(t *testing.T) {
			seen := map[string]bool{}
			want := []string{"invited", "joined", "assigned", "changed", "unchanged", "refused", "whole: true",
				"whole: false", "request: true", "request: false"}
			enough := func() bool {
				return !slices.ContainsFunc(want, func(o string) bool { return !seen[o] })
			}
			for n := 0; (n == 0 || !enough()) && n < 20 && !t.Failed(); n++ { // a round may be short
				rapid.Check(t, func(r *rapid.T) {
					h := newHouse(t, freshStore(t, name))
					r.Repeat(map[string]func(*rapid.T){
						"save":       func(r *rapid.T) { likeSave(h, r, anySave(h, r), seen) },
						"save again": func(r *rapid.T) { likeSave(h, r, anySave(h, r), seen) },
						"register": func(r *rapid.T) {
							user := h.userOf(rapid.SampledFrom([]string{"kim", "lee", "pat"}).Draw(r, "who") + "@fabrikam.example")
							if user == "" {
								return
							}
							run, err := h.InvitationStatusOf(h.Context(), h.Org, user)
							if err != nil || run.State != licensing.InvitationOpen {
								return
							}
							var signIn licensing.Email
							h.Get(&signIn, `SELECT sign_in_email FROM users WHERE id = ?`, user)
							who := licensing.Identity{Email: signIn}
							if out, err := h.accept(run.Run.Invitation, run.Run.Generation, who); err == nil {
								h.Activates(out)
							}
						},
						"wait": func(*rapid.T) { h.Now = h.Now.Add(3 * time.Hour) },
					})
				})
			}
			if !enough() {
				t.Errorf("seen were only %v", seen)
			}
		})
	}
}

func TestR67_VerifyingNeedsNoConnectionThatWrites(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		reading := *h.atTime(h.Now)
		reading.writes = nil // whoever uses it ends the test
		out := must[licensing.SaveAnswer](t)(reading.Verify(t.Context(), licensing.Save{ID: newRequest(),
			Org:   h.Org,
			Admin: h.ID("ada"), People: []licensing.PersonChange{ext("kim", add(a1, licensing.BenefitsReader))}}))
		same(t, "verdict", out.People[0].Verdicts[0].Outcome, licensing.Invited)
		equal(t, "people like that", h.userOf("kim@fabrikam.example"), "")
	})
}

func TestR67_PostgreSQLVerifiesInATransactionThatOnlyReads(t *testing.T) {
	h := newHouse(t, freshStore(t, "PostgreSQL"))
	err := h.read(t.Context(), "try", func(t *tx) error {
		var mode string
		if err := t.get(&mode, `SHOW transaction_read_only`); err != nil || mode != "on" {
			return fmt.Errorf("reads only: %s, %w", mode, err)
		}
		var gone []licensing.Role
		return t.all(&gone, `DELETE FROM grants RETURNING role`)
	})
	var answer *pq.Error
	if !errors.As(err, &answer) || answer.Code != "25006" {
		t.Errorf("a write while verifying: %v", err)
	}
}

func TestR05_L06_WhatIsNoIDIsRefusedByVerifyingAsBySaving(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		for name, change := range map[string]func(*licensing.Save){
			"the request's id is a word":      func(sv *licensing.Save) { sv.ID = "first" },
			"the organization is a name":      func(sv *licensing.Save) { sv.Org = "Contoso" },
			"there is no such organization":   func(sv *licensing.Save) { sv.Org = licensing.OrgID(newRequest()) },
			"the caller is an address":        func(sv *licensing.Save) { sv.Admin = "ada@contoso.example" },
			"there is no such caller":         func(sv *licensing.Save) { sv.Admin = licensing.UserID(newRequest()) },
			"nobody calls":                    func(sv *licensing.Save) { sv.Admin = "" },
			"one of the people is an address": func(sv *licensing.Save) { sv.People[0].User = "ada@contoso.example" },
			"one of the people is nobody": func(sv *licensing.Save) {
				sv.People[0].User = licensing.UserID(newRequest())
			},
			"whose roles are copied is a name": func(sv *licensing.Save) { sv.People[0].Access[0].From.User = "ada" },
		} {
			sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID("ada"), People: []licensing.PersonChange{
				edit(h.ID("grace"), licensing.AccessChange{License: a1, From: &licensing.RoleSource{License: a2}})}}
			change(&sv)
			verified, verr := h.atTime(h.Now).Verify(t.Context(), sv)
			saved, serr := h.atTime(h.Now).Save(t.Context(), sv)
			if v, w := licensing.RefusalOf(verr), licensing.RefusalOf(serr); !reflect.DeepEqual(v, w) ||
				(verr != nil) != (v != nil) || (serr != nil) != (w != nil) {
				t.Errorf("%s: verifying %v; saving %v", name, verr, serr)
			}
			if !reflect.DeepEqual(verified.People, saved.People) {
				t.Errorf("%s: verified as %+v, saved as %+v", name, verified.People, saved.People)
			}
		}
	})
}
