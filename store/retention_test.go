package store

import (
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
)

// mailsArrive settles every mail that is on its way.
func (h *house) mailsArrive() {
	h.Helper()
	var ids []licensing.MailID
	h.Select(&ids, `SELECT id FROM mails WHERE state = 'queued'`)
	for _, id := range ids {
		if c := h.Claims(id); c.State == licensing.MailSending {
			h.Settles(id, c.Job.Attempt, licensing.Settlement{State: licensing.MailSent,
				Answer: "250 2.0.0 queued for " + string(c.Job.To)})
		}
	}
}

// erases carries out the retention, turn by turn, and returns what it erased.
func (h *house) erases() (done licensing.Erased) {
	h.Helper()
	for page, more := (licensing.ErasePage{}), true; more; {
		var err error
		if page, more, err = h.atTime(h.Now).EraseDue(h.Context(), page); err != nil {
			h.Fatal(err)
		}
		done = page.Done
	}
	return done
}

func TestL10_WhatAMailSaidAndToWhomIsErasedWhenItsPeriodIsOver(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		h.Invite("ada", "pat", add(a1, licensing.BenefitsReader))
		h.mailsArrive()
		waits := `SELECT COUNT(*) FROM mails WHERE erased_at IS NULL AND org_id = ?`
		all := h.Count(waits, h.Org)
		h.Now = start.Add(policy().KeepMails)
		same(t, "in the last moment", h.erases(), licensing.Erased{})
		h.Now = h.Now.Add(time.Microsecond)
		done := h.erases()
		equal(t, "what is left is the welcome mail of an invitation that is open", h.Count(waits, h.Org), 1)
		same(t, "erased", done, licensing.Erased{Mails: all - 1})
		equal(t, "columns", h.Count(`SELECT COUNT(*) FROM mails WHERE user_id = ? AND erased_at IS NOT NULL
			AND recipient IS NULL AND answer IS NULL AND data = '{}' AND state IN ('sent', 'dropped')`, kim), 2)
		same(t, "once more", h.erases(), licensing.Erased{})
	})
}

func TestL10_AMailThatIsStillOnItsWayIsNotErased(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		h.Now = start.Add(policy().KeepMails + day)
		same(t, "erased", h.erases(), licensing.Erased{})
	})
}

func TestL10_AProfileThatNothingNeedsIsErasedWhenItsPeriodIsOver(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		stays := h.Member("ada", "pat", add(a1, licensing.BenefitsReader))
		h.mailsArrive()
		h.Now = start.Add(30 * day)
		h.Deletes("ada", kim)
		h.mailsArrive()
		h.Now = h.Now.Add(policy().KeepPeople)
		same(t, "people, in the last moment", h.erases().People, 0)
		h.Now = h.Now.Add(time.Microsecond)
		same(t, "people", h.erases().People, 1)
		same(t, "tables that know kim", h.Knows("kim"), []string(nil))
		same(t, "tables that know pat", h.Knows("pat@"), []string{"users"})
		equal(t, "pat's role", h.Held(stays, a1), "benefits_reader")
		var line auditRow
		h.Get(&line, `SELECT action, rule, outcome FROM audit WHERE user_id = ? ORDER BY id DESC LIMIT 1`, kim)
		same(t, "audit", []any{line.Action, line.Rule, line.Outcome}, []any{licensing.AuditErase, "L10", "done"})
		again := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		if again == kim {
			t.Error("who comes again is a new profile")
		}
	})
}

func TestL10_TheAddressesOfAFormerContactAreErasedWithTheProfile(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "olga")))
		olga := h.Joins("olga")
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "nora")))
		h.Joins("nora")
		h.Deletes("nora@fabrikam.example", olga)
		h.mailsArrive()
		h.Now = h.Now.Add(policy().KeepPeople + day)
		same(t, "people", h.erases().People, 1)
		same(t, "tables that know olga", h.Knows("olga"), []string(nil))
	})
}

func TestL10_WhoeverIsNeededIsNotErased(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		for _, row := range []struct {
			name string
			need func() licensing.UserID
		}{
			{"a contact without roles", func() licensing.UserID {
				h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "olga")))
				olga := h.Joins("olga")
				h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "olga"),
					contact(licensing.NoticesContact, "nora")))
				h.Joins("nora")
				h.Deletes("nora@fabrikam.example", olga)
				return olga
			}},
			{"a person with an invitation that expired", func() licensing.UserID {
				return h.Invite("ada", "eve", add(a1, licensing.BenefitsReader))
			}},
			{"a person with a role", func() licensing.UserID {
				return h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
			}},
			{"a person who has left with a role, a moment ago", func() licensing.UserID {
				id := h.colleague()
				h.Hears(left(leo))
				return id
			}},
		} {
			h.Now = h.Now.Add(policy().KeepPeople - day)
			need := row.need()
			h.mailsArrive()
			h.Now = h.Now.Add(day + time.Second)
			h.erases()
			equal(t, row.name+", erased",
				h.Count(`SELECT COUNT(*) FROM users WHERE id = ? AND erased_at IS NOT NULL`, need), 0)
		}
	})
}

func TestL10_WhoLeftTheTenantLongAgoIsErasedWithTheRolesThatNobodyTook(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id := h.colleague()
		other := licensing.DirectoryPerson{ObjectID: "o-zoe", Email: "zoe@contoso.example", Name: "Zoe"}
		h.Hears(other)
		h.mailsArrive()
		h.Now = start.Add(day)
		h.Hears(left(leo), left(other))
		h.mailsArrive()
		h.Now = h.Now.Add(policy().KeepPeople)
		same(t, "in the last moment", []any{h.erases().People, h.Held(id, a1)}, []any{0, "benefits_reader?"})
		h.Now = h.Now.Add(time.Microsecond)
		same(t, "erased", h.erases(), licensing.Erased{Mails: 1, People: 1, Directory: 2})
		equal(t, "roles", h.Held(id, a1), "")
		for _, text := range []string{"leo", "zoe"} {
			same(t, "tables that know "+text, h.Knows(text), []string(nil))
		}
		equal(t, "the audit says who took the role",
			h.Count(`SELECT COUNT(*) FROM audit WHERE user_id = ? AND license_id = ? AND rule = 'L10'`, id, a1), 1)
	})
}

func TestL10_SupportErasesAPersonWhomNothingNeedsAnyMore(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		erase := func(u licensing.UserID, reason string) error {
			_, err := h.atTime(h.Now).Erase(t.Context(),
				licensing.Erasure{ID: newRequest(), Org: h.Org, User: u, Reason: reason})
			return err
		}
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		wantRefusal(t, erase(kim, "case 1"), licensing.Conflict, "L10")
		h.Joins("kim")
		wantRefusal(t, erase(kim, "case 1"), licensing.Conflict, "L10")
		h.Deletes("ada", kim)
		wantRefusal(t, erase(kim, "case 1"), licensing.Conflict, "L10") // a mail is on its way
		h.mailsArrive()
		wantRefusal(t, erase(kim, " "), licensing.Invalid, "L10")
		wantRefusal(t, erase(licensing.UserID(newRequest()), "case 1"), licensing.NotFound, "R43")
		if err := erase(kim, "case 1"); err != nil {
			t.Fatal(err)
		}
		same(t, "tables that know kim", h.Knows("kim"), []string(nil))
		wantRefusal(t, erase(kim, "case 1"), licensing.NotFound, "R43")
	})
}

func TestL10_TheAuditKeepsNoAddressThatAMailServerNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		mail := h.WelcomeMail(kim)
		c := h.Claims(mail)
		h.Settles(mail, c.Job.Attempt, licensing.Settlement{State: licensing.MailRefused, Code: 550,
			Answer: "5.1.1 <Kim@fabrikam.example>: unknown user, ask postmaster@fabrikam.example"})
		var detail string
		h.Get(&detail, `SELECT detail FROM audit WHERE user_id = ? AND action = 'mail.refused'`, kim)
		if strings.Contains(detail, "fabrikam") || !strings.Contains(detail, "unknown user") {
			t.Error(detail)
		}
	})
}
