package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/store/views"
)

// audited are the lines of the audit that a request left, each in one line of text.
func (h *house) audited(id licensing.RequestID) []string {
	h.Helper()
	var found []auditRow
	h.Select(&found, `
		SELECT at, org_id, actor, action, outcome, user_id, license_id, request_id, rule, before, after, detail
		FROM audit
		WHERE request_id = ?
		ORDER BY license_id, id`, id)
	var out []string
	for _, l := range found {
		equal(h.TB, "the time of a line", l.At, found[0].At)
		d := must[licensing.Detail](h.TB)(licensing.DecodeDetail(l.Action, l.Detail))
		out = append(out, fmt.Sprintf("%s %s %s of %s by %s %s: %s → %s %+v", l.LicenseID, l.Action, l.Outcome,
			h.nameOf(l.UserID), h.nameOf(l.Actor), l.Rule, l.Before, l.After, d))
	}
	slices.Sort(out)
	return out
}

func (h *house) nameOf(id nullString) string {
	h.Helper()
	if id == "" {
		return "nobody"
	}
	var name string
	h.Get(&name, `SELECT name FROM users WHERE id = ?`, id)
	return name
}

func TestR82_ACancelTakesTheCallersRolesAloneAndTheAuditSaysWhich(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader, licensing.ProductKeysReader))
		h.Change("grace", ext("kim", add(a2, licensing.Administrator)))
		given := h.Now
		h.Now = h.Now.Add(time.Hour)
		cancel := func(admin string) (licensing.Command, licensing.Withdrawal) {
			c := h.Command(admin, kim)
			return c, must[licensing.Withdrawal](t)(h.atTime(h.Now).Cancel(t.Context(), c))
		}

		run := h.Invitation(kim).Run
		c, out := cancel("ada")
		equal(t, "answer", out, licensing.Withdrawal{Withdrawn: 1, Remaining: 1})
		same(t, "roles", []string{h.Held(kim, a1), h.Held(kim, a2)}, []string{"", "administrator?"})
		equal(t, "the invitation", h.Invitation(kim).State, licensing.InvitationOpen)
		same(t, "audit", h.audited(c.Request),
			[]string{"A1 cancel done of kim by Ada Lovelace R82: invitation_sent →  " +
				"{Added:[] Removed:[benefits_reader product_keys_reader] Outcome:changed Reason: Other: AtOnce:false Back:false Refused:0}"})
		ada := "Ada Lovelace administrator by contract R62 "
		same(t, "before", h.Past("ada", a1, given), []string{ada, "kim benefits_reader? by save R73 Ada Lovelace",
			"kim product_keys_reader? by save R73 Ada Lovelace"})
		same(t, "after", h.Past("ada", a1, h.Now), []string{ada})
		lines := must[[]licensing.HistoryLine](t)(h.History(t.Context(), h.Org, h.ID("ada"), kim, views.Page{}))
		newest := lines[len(lines)-1]
		same(t, "history", []any{newest.Action, newest.Actor, newest.Detail}, []any{"cancel", "Ada Lovelace",
			`{"v":1,"d":{"removed":["benefits_reader","product_keys_reader"],"outcome":"changed"}}`})

		c, out = cancel("grace")
		equal(t, "answer", out, licensing.Withdrawal{Withdrawn: 1, Ended: true})
		same(t, "audit", h.audited(c.Request),
			[]string{"A2 cancel done of kim by Grace Hopper R82: invitation_sent →  " +
				"{Added:[] Removed:[administrator] Outcome:changed Reason: Other: AtOnce:false Back:false Refused:0}"})
		equal(t, "the invitation", h.Invitation(kim).State, licensing.InvitationCancelled)
		equal(t, "roles that are left", h.Count(`SELECT COUNT(*) FROM assignments WHERE user_id = ?`, kim), 0)
		_, err := h.accept(run.Invitation, run.Generation, licensing.Identity{Email: "kim@fabrikam.example"})
		wantRefusal(t, err, licensing.Gone, "R82")
		equal(t, "runs to tell: the one that asks ends by itself",
			len(must[[]licensing.OutboxEntry](t)(s.Outbox(t.Context(), c.Request))), 0)
	})
}

func TestR18_R82_ACancelTakesWhatTheContractGave(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement(a1, "", contact(licensing.BillToContact, "kim")))
		kim := h.ID("kim@fabrikam.example")
		equal(t, "roles", h.Held(kim, a1), "invoice_reader?")
		out := must[licensing.Withdrawal](t)(h.atTime(h.Now).Cancel(t.Context(), h.Command("ada", kim)))
		equal(t, "answer", out, licensing.Withdrawal{Withdrawn: 1, Ended: true})
		equal(t, "roles", h.Held(kim, a1), "")
	})
}

// partlyForwarded is an invitation of Pat, Administrator on C1 and Bill To of C2, whose mail Eve has: she
// can't have both roles on C2, where she is Administrator.
func partlyForwarded(t *testing.T, s *Store) (h *house, pat, eve licensing.UserID, r licensing.Registration) {
	h = newHouse(t, s)
	h.Puts(agreement("C2", "", contact(licensing.PrimaryContact, "eve")))
	eve = h.Joins("eve")
	h.Puts(agreement("C1", "", contact(licensing.NoticesContact, "prim"), contact(licensing.PrimaryContact,
		"pat")))
	h.Joins("prim")
	h.Puts(agreement("C2", "", contact(licensing.BillToContact, "pat")))
	pat = h.ID("pat@fabrikam.example")
	run := h.Invitation(pat).Run
	h.Now = h.Now.Add(3 * time.Hour)
	return h, pat, eve, licensing.Registration{Request: newRequest(), Invitation: run.Invitation,
		Generation: run.Generation, Link: h.Link(run.Invitation),
		Identity: licensing.Identity{Email: "eve@fabrikam.example"}}
}

func TestR28_OfAForwardedInvitationMovesWhatMayAndTheRestStaysWithTheAddressee(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h, pat, eve, r := partlyForwarded(t, s)
		prim, before := "prim@fabrikam.example", h.Now.Add(-time.Hour)
		out := must[licensing.Registered](t)(h.atTime(h.Now).Register(t.Context(), r))
		equal(t, "who registered", out.User, eve)
		same(t, "eve has", []string{h.Held(eve, "C1"), h.Held(eve, "C2")}, []string{"administrator?",
			"administrator"})
		same(t, "pat keeps", []string{h.Held(pat, "C1"), h.Held(pat, "C2")}, []string{"", "invoice_reader?"})
		same(t, "what becomes effective", []any{len(out.Access), out.Access[0].License}, []any{1, "C1"})
		same(t, "audit", h.audited(r.Request), []string{
			"C1 register.forwarded done of eve by eve R28:  → assignment_in_progress " +
				"{Added:[administrator] Removed:[] Outcome:assigned Reason: Other:" + string(pat) + " AtOnce:false Back:false Refused:0}",
			"C1 register.forwarded done of pat by eve R28: invitation_sent →  " +
				"{Added:[] Removed:[administrator] Outcome:changed Reason: Other:" + string(eve) + " AtOnce:false Back:false Refused:0}",
			"C2 register.forwarded refused of eve by eve R19:  →  " +
				"{Added:[] Removed:[] Outcome: Reason: Other: AtOnce:false Back:false Refused:0}",
		})
		same(t, "pat is invited anew, for pat alone", []any{h.Invitation(pat).Run.Invitation,
			h.Claims(out.Again.Mail).Job.To,
			h.Claims(out.Again.Mail).State}, []any{out.Again.Invitation, "pat@fabrikam.example",
			licensing.MailSending})
		told := h.Claims(out.Notice).Job
		same(t, "pat is told", []any{told.To, told.Access}, []any{"pat@fabrikam.example",
			[]licensing.AccessEntry{{License: "C1"}}})

		const root = "prim administrator by contract R73 "
		same(t, "C1 before", h.Past(prim, "C1", before), []string{"pat administrator? by contract R73 ", root})
		same(t, "C1 after", h.Past(prim, "C1", h.Now),
			[]string{"eve administrator? by register.forwarded R28 eve", root})
		c2 := []string{"eve administrator by contract R73 ", "pat invoice_reader? by contract R62 "}
		for what, at := range map[string]time.Time{"C2 before": before, "C2 after": h.Now} {
			same(t, what, h.Past("eve@fabrikam.example", "C2", at), c2)
		}
		h.Activates(out)
		h.Now = h.Now.Add(day)
		same(t, "C1 once effective", h.Past("eve@fabrikam.example", "C1", h.Now),
			[]string{"eve administrator by register.forwarded R28 eve", root})
		h.Activates(h.register2(out.Again.Invitation, 1, "pat@fabrikam.example"))
		equal(t, "pat registers", h.Held(pat, "C2"), "invoice_reader")
	})
}

func TestR28_AForwardedAcceptanceIsWrittenAsAWholeOrNotAtAll(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h, _, _, r := partlyForwarded(t, s)
		rename := func(from, to string) {
			if _, err := s.writes.ExecContext(t.Context(), `ALTER TABLE `+from+` RENAME TO `+to); err != nil {
				t.Fatal(err)
			}
		}
		before := h.contents()
		rename("mails", "gone") // which are written after the roles
		_, err := h.atTime(h.Now).Register(t.Context(), r)
		rename("gone", "mails")
		if err == nil || licensing.RefusalOf(err) != nil {
			t.Fatalf("got %v, want a fault of the database", err)
		}
		h.unchanged("an acceptance that can't be written", before)
		must[licensing.Registered](t)(h.atTime(h.Now).Register(t.Context(), r))
	})
}

func TestR25_AContractsAdministratorWhoRegisteredElsewhereIsOneAtOnceAndIsNotMailed(t *testing.T) {
	elsewhere := func(l licensing.LicenseID, who licensing.Email) licensing.AgreementPut {
		a := agreement(l, "")
		a.Administrators = []licensing.ContractAdministrator{{SignIn: who, Name: "Kim",
			Registered: start.Add(-day)}}
		return licensing.AgreementPut{ID: newRequest(), Agreement: a}
	}
	for _, c := range []struct {
		name    string
		before  func(h *house)
		who     licensing.Email
		held    string
		mails   int
		work    int
		after   licensing.Status
		history string
	}{
		{"a new profile", func(*house) {}, "kim@fabrikam.example", "administrator", 0, 0, licensing.StatusActive,
			"Kim administrator by contract R62 "},
		{"a profile that has registered here", func(h *house) {
			h.Member("ada", "kim", add(m1,
				licensing.BenefitsReader))
		},
			"kim@fabrikam.example", "administrator", 0, 0, licensing.StatusActive,
			"kim administrator by contract R62 "},
		{"a profile with another role there", func(h *house) {
			h.Member("ada", "kim", add(a1,
				licensing.BenefitsReader))
		},
			"kim@fabrikam.example", "administrator? benefits_reader", 1, 1, licensing.StatusAssignmentInProgress,
			"kim administrator? by contract R62 "},
		{"a profile that is merely invited", func(h *house) {
			h.Invite("ada", "kim", add(m1,
				licensing.BenefitsReader))
		},
			// to the address on the contract goes a link of its own (R28)
			"kim@fabrikam.example", "administrator?", 1, 1, licensing.StatusInvitationSent,
			"kim administrator? by contract R62 "},
		{"an Invoice Reader, who is administrator instead", func(h *house) {
			h.Member("ada", "kim", add(a1,
				licensing.InvoiceReader))
		},
			"kim@fabrikam.example", "administrator?", 1, 1, licensing.StatusAssignmentInProgress,
			"kim administrator? by contract R62 "},
		{"somebody of the organization whom the directory doesn't know", func(*house) {}, "kim@contoso.example",
			"administrator", 0, 0, licensing.StatusUserNotFound, "Kim administrator left by contract R62 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				h := newHouse(t, s)
				c.before(h)
				mails := h.Count(`SELECT COUNT(*) FROM mails`)
				in := elsewhere(a1, c.who)
				in.Org = h.Org
				out := must[licensing.IntakeAnswer](t)(h.atTime(h.Now).PutAgreement(t.Context(), in))
				kim := h.userOf(string(c.who))
				equal(t, "roles", h.Held(kim, a1), c.held)
				equal(t, "mails", h.Count(`SELECT COUNT(*) FROM mails`)-mails, c.mails)
				same(t, "runs", []int{out.Work, len(must[[]licensing.OutboxEntry](t)(s.Outbox(t.Context(), in.ID)))},
					[]int{c.work, c.work})
				equal(t, "status", out.People[0].Verdicts[0].After, c.after)
				if past := h.Past("ada", a1, h.Now); !slices.Contains(past, c.history) {
					t.Errorf("history has %q, and not %q", past, c.history)
				}
				if c.after == licensing.StatusUserNotFound {
					h.Hears(licensing.DirectoryPerson{ObjectID: "o-kim", Email: c.who, Name: "Kim"})
					past := h.Past("ada", a1, h.Now)
					equal(t, "found in the directory", slices.Contains(past, "Kim administrator by contract R62 "), true)
				}
			})
		})
	}
}
