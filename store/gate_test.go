package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vlroles/licensing"
	"vlroles/store/storetest"
)

// ways are all ways in which a role comes to a person, by random people on
// random License IDs. A refusal is fine.
func ways(h *house, outsiders []string, wanted licensing.Role) map[string]func(*rapid.T) {
	who := func(r *rapid.T) string { return rapid.SampledFrom(outsiders).Draw(r, "who") }
	where := func(r *rapid.T) licensing.LicenseID {
		return rapid.SampledFrom([]licensing.LicenseID{m1, a1, a2, b1}).Draw(r, "license")
	}
	admin := func(r *rapid.T) string { return rapid.SampledFrom([]string{"ada", "grace"}).Draw(r, "admin") }
	role := func(r *rapid.T) licensing.Role {
		return rapid.SampledFrom([]licensing.Role{wanted, wanted, licensing.ProductKeysReader}).Draw(r,
			"role")
	}
	now := func() *Store { return h.atTime(h.Now) }
	save := func(r *rapid.T, c licensing.AccessChange) {
		sv := licensing.Save{ID: newRequest(), Org: h.Org, Admin: h.ID(admin(r)),
			People: []licensing.PersonChange{ext(who(r), c)}}
		_, _ = now().Save(h.Context(), sv)
	}
	kind := rapid.SampledFrom([]licensing.ContactKind{
		licensing.PrimaryContact, licensing.NoticesContact, licensing.OnlineAdministratorContact,
		licensing.BillToContact,
	})
	return map[string]func(*rapid.T){
		"save": func(r *rapid.T) { save(r, add(where(r), role(r))) },
		"paste": func(r *rapid.T) {
			from := licensing.RoleSource{User: h.ID(admin(r)), License: where(r),
				Replace: rapid.Bool().Draw(r, "replace")}
			save(r, licensing.AccessChange{License: where(r), From: &from})
		},
		"contract": func(r *rapid.T) {
			a := agreement(where(r), "", contact(kind.Draw(r, "kind"), who(r)))
			_, _ = now().PutAgreement(h.Context(),
				licensing.AgreementPut{ID: newRequest(), Org: h.Org, Agreement: a})
		},
		"change of contact": func(r *rapid.T) {
			c := licensing.ContactChange{ID: newRequest(), Org: h.Org,
				Contact: contact(kind.Draw(r, "kind"), who(r)), Licenses: []licensing.LicenseID{where(r)}}
			_, _ = now().ChangeContact(h.Context(), c)
		},
		"registered elsewhere": func(r *rapid.T) {
			a := agreement(where(r), "")
			name := who(r)
			a.Administrators = []licensing.ContractAdministrator{{
				SignIn: licensing.Email(name + "@fabrikam.example"), Name: name, Registered: start.Add(-day),
			}}
			_, _ = now().PutAgreement(h.Context(),
				licensing.AgreementPut{ID: newRequest(), Org: h.Org, Agreement: a})
		},
		"accept": func(r *rapid.T) {
			var open []struct {
				ID         licensing.InvitationID `db:"id"`
				Generation int                    `db:"generation"`
			}
			const query = `SELECT id, generation FROM invitations WHERE org_id = ? AND state = 'open'
				ORDER BY created_at, id`
			if err := h.reads.Select(&open, h.reads.Rebind(query), h.Org); err != nil || len(open) == 0 {
				return
			}
			i := rapid.SampledFrom(open).Draw(r, "invitation")
			name := who(r)
			identity := licensing.Identity{Email: licensing.Email(name + "@fabrikam.example"), Name: name}
			if out, err := h.accept(i.ID, i.Generation, identity); err == nil {
				h.Activates(out)
			}
		},
		"hand-over": func(r *rapid.T) {
			handOver := licensing.HandOver{ID: newRequest(), Org: h.Org, Admin: h.ID(admin(r)),
				Successor: ext(who(r)), Licenses: []licensing.LicenseID{where(r)}}
			_, _ = now().StartHandOver(h.Context(), handOver)
		},
		"seat": func(r *rapid.T) {
			object, email := licensing.ObjectID("o-grace"), licensing.Email("grace@contoso.example")
			h.Leaves(object, email, "Grace Hopper", true)
			seat := licensing.Appointment{ID: newRequest(), Org: h.Org, License: where(r),
				Person: ext(who(r)), Reason: "case 4711"}
			_, _ = now().Appoint(h.Context(), seat)
			h.Leaves(object, email, "Grace Hopper", false)
			_, _ = now().Recheck(h.Context(), h.Command("ada", h.ID("grace")))
		},
	}
}

// A rule that is added to licensing is in force on every way: none gives what it forbids.
func TestR19_NoWayGivesARoleThatARuleForbids(t *testing.T) {
	setFlag(t, "rapid.steps", "60")
	setFlag(t, "rapid.checks", "1")
	for _, name := range storetest.Databases {
		for _, forbidden := range []licensing.Role{
			licensing.Administrator, licensing.InvoiceReader, licensing.BenefitsReader,
		} {
			t.Run(name+", "+string(forbidden), func(t *testing.T) {
				asked := 0
				rule := func(f licensing.Facts, _ licensing.AccessChange,
					j licensing.Judgement) *licensing.Error {
					if !slices.Contains(j.Add, forbidden) || f.Person.Kind == licensing.Internal {
						return nil
					}
					asked++
					return licensing.Refuse(licensing.Conflict, "R19", "%s is for internal people only",
						forbidden)
				}
				for round := 0; asked < 10 && round < 40 && !t.Failed(); round++ { // a round may be short
					rapid.Check(t, func(r *rapid.T) { goAllWays(t, r, freshStore(t, name), rule, forbidden) })
				}
				if asked < 10 && !t.Failed() {
					t.Errorf("the rule was asked %d times only", asked)
				}
			})
		}
	}
}

func goAllWays(t *testing.T, r *rapid.T, s *Store, rule licensing.AddRule, forbidden licensing.Role) {
	h := newHouse(t, ruledBy(s, rule))
	steps := ways(h, []string{"kim", "lee", "pat"}, forbidden)
	steps[""] = func(r *rapid.T) {
		h.Now = h.Now.Add(3 * time.Hour)
		given := h.Count(`
			SELECT COUNT(*)
			FROM grants g
			JOIN users u ON u.id = g.user_id
			WHERE u.kind = 'external' AND g.role = ?`, forbidden)
		if given > 0 {
			r.Fatalf("%d people outside have %s", given, forbidden)
		}
	}
	r.Repeat(steps)
}

// Every way that can give Administrator is refused by the rule, and gives it without.
func TestR03_EveryWayThatGivesAdministratorAsksTheRules(t *testing.T) {
	holds := false
	never := func(f licensing.Facts, _ licensing.AccessChange, j licensing.Judgement) *licensing.Error {
		if holds && len(j.Add) > 0 && f.Person.Kind == licensing.External {
			return licensing.Refuse(licensing.Conflict, "R19", "%s is for internal people only", j.Add[0])
		}
		return nil
	}
	for _, w := range []struct {
		name string
		give func(h *house, rule func())
	}{
		{"a save", func(h *house, rule func()) {
			rule()
			h.TryChange("ada", ext("kim", add(a1, licensing.Administrator)))
		}},
		{"a paste", func(h *house, rule func()) {
			rule()
			from := licensing.RoleSource{User: h.ID("ada"), License: a1, Replace: true}
			h.TryChange("ada", ext("kim", licensing.AccessChange{License: a1, From: &from}))
		}},
		{"a contract", func(h *house, rule func()) {
			rule()
			h.Puts(agreement(a1, "", contact(licensing.PrimaryContact, "kim")))
		}},
		{"a contract's Bill To contact", func(h *house, rule func()) {
			rule()
			h.Puts(agreement(a1, "", contact(licensing.BillToContact, "kim")))
		}},
		{"a change of contact", func(h *house, rule func()) {
			rule()
			h.Replaces(contact(licensing.NoticesContact, "kim"), a1)
		}},
		{"an administrator who registered elsewhere", func(h *house, rule func()) {
			rule()
			a := agreement(a1, "")
			a.Administrators = []licensing.ContractAdministrator{
				{SignIn: "kim@fabrikam.example", Name: "Kim", Registered: start},
			}
			h.Puts(a)
		}},
		{"a hand-over", func(h *house, rule func()) { rule(); h.handOver("ada", ext("kim"), a1) }},
		{"a forwarded invitation", func(h *house, rule func()) {
			h.Puts(agreement(a1, "", contact(licensing.PrimaryContact, "first")))
			rule()
			_, _ = h.forward("first", licensing.Identity{Email: "kim@fabrikam.example", Name: "Kim"})
		}},
		{"support", func(h *house, rule func()) {
			rule()
			h.Leaves("o-ada", "ada@contoso.example", "Ada Lovelace", true)
			_, _ = h.atTime(h.Now).Appoint(h.Context(), licensing.Appointment{ID: newRequest(), Org: h.Org,
				License: a1, Person: ext("kim"), Reason: "case 1"})
		}},
	} {
		t.Run(w.name, func(t *testing.T) {
			for ruled, want := range map[bool]int{false: 1, true: 0} {
				onBoth(t, func(t *testing.T, s *Store) {
					holds = false
					h := newHouse(t, ruledBy(s, never))
					w.give(h, func() { holds = ruled })
					got := h.Count(`
						SELECT COUNT(*)
						FROM grants g
						JOIN users u ON u.id = g.user_id
						WHERE u.sign_in_key = 'kim@fabrikam.example'`)
					equal(t, fmt.Sprintf("roles of somebody outside where the rule holds: %v", ruled), got,
						want)
				})
			}
		})
	}
}

// ruledBy is the store of a deployment that has a rule of its own.
func ruledBy(s *Store, rule licensing.AddRule) *Store {
	c := *s
	c.policy.Rules = []licensing.AddRule{rule}
	return &c
}
