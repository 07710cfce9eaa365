package store

import (
	"testing"
	"time"

	"vlroles/licensing"
)

// acceptBy registers an identity by one link of the newest invitation of a user.
func (h *house) acceptBy(
	user licensing.UserID, l licensing.Link, who licensing.Identity,
) (licensing.Registered, error) {
	h.Helper()
	run := h.Invitation(user).Run
	return h.atTime(h.Now).Register(h.Context(), licensing.Registration{Request: newRequest(),
		Invitation: run.Invitation, Generation: run.Generation, Link: l, Identity: who})
}

// contractLink is the link that went to an address on a contract, of the newest invitation of a user.
func (h *house) contractLink(user licensing.UserID, address licensing.Email) licensing.Link {
	h.Helper()
	return licensing.ContractLink(h.Invitation(user).Run.Invitation, address)
}

// welcomes are the addresses to which the welcome mails of a user's newest invitation go, with their links.
func (h *house) welcomes(user licensing.UserID) map[licensing.Email]licensing.MailJob {
	h.Helper()
	var found []licensing.MailID
	run := h.Invitation(user).Run
	h.Select(&found, `SELECT id FROM mails WHERE invitation_id = ? AND generation = ? AND kind = 'welcome'
		AND state = 'queued'`, run.Invitation, run.Generation)
	out := map[licensing.Email]licensing.MailJob{}
	for _, id := range found {
		if lease := h.Claims(id); lease.State == licensing.MailSending {
			out[lease.Job.To] = lease.Job
		}
	}
	return out
}

var eve, mallory = licensing.Identity{Email: "eve@fabrikam.example", Name: "Eve"},
	licensing.Identity{Email: "mallory@evil.example", Name: "Mallory"}

// The attack: an admin of one License ID adds another contract's contact to his own, with an address of his
// choice, and has the invitation sent again.
func TestR28_R34_R48_AnAdminOfOneLicenseIDGetsNoLinkThatMovesWhatAContractGave(t *testing.T) {
	for name, contractFirst := range map[string]bool{"the contract first": true, "the admin first": false} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				h := newHouse(t, s)
				contract := func() { h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat"))) }
				attack := ext("pat", add(a1, licensing.BenefitsReader))
				attack.Business = "mallory@evil.example"
				if contractFirst {
					contract()
				}
				h.TryChange("ada", attack)
				if !contractFirst {
					contract()
				}
				pat := h.ID("pat@fabrikam.example")
				h.Now = h.Now.Add(time.Hour)
				must[licensing.InvitationRun](t)(h.atTime(h.Now).Reset(t.Context(), h.Command("ada", pat)))
				h.Now = h.Now.Add(time.Hour)
				must[licensing.InvitationRun](t)(h.atTime(h.Now).Resend(t.Context(), h.Command("ada", pat)))
				sent := h.welcomes(pat)
				for to, job := range sent {
					moves := to == "pat@fabrikam.example"
					same(t, "the link to "+string(to), []any{job.Link == licensing.OwnLink, job.Forwardable},
						[]any{!moves, moves})
					if _, err := h.acceptBy(pat, job.Link, mallory); !moves {
						wantRefusal(t, err, licensing.Forbidden, "R28")
					}
				}
				if len(sent["pat@fabrikam.example"].Access) == 0 {
					t.Errorf("the contract's address was not mailed: %+v", sent)
				}
			})
		})
	}
}

func TestR28_AContactMayForwardWhetherAnAdminInvitedHimBeforeBesidesOrAfter(t *testing.T) {
	desk := licensing.Contact{Kind: licensing.PrimaryContact, SignIn: "pat@fabrikam.example",
		Business: "desk@fabrikam.example", Name: "Pat"}
	admin := func(h *house) {
		p := ext("pat", add(a1, licensing.BenefitsReader))
		h.Change("ada", p)
	}
	contract := func(h *house) { h.Puts(agreement("C1", "", desk)) }
	for _, c := range []struct {
		name  string
		steps []func(*house)
		own   bool // a mail goes to the person's business email as well
	}{
		{"the contract alone", []func(*house){contract}, false},
		{"the admin before", []func(*house){admin, contract}, true},
		{"the admin after, who sends no second mail", []func(*house){contract, admin}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, s *Store) {
				h := newHouse(t, s)
				for _, do := range c.steps {
					do(h)
				}
				pat := h.ID("pat@fabrikam.example")
				sent := h.welcomes(pat)
				_, own := sent["pat@fabrikam.example"]
				same(t, "mails", []any{sent["desk@fabrikam.example"].Forwardable, own}, []any{true, c.own})
				out := must[licensing.Registered](t)(h.acceptBy(pat, h.contractLink(pat, "desk@fabrikam.example"), eve))
				same(t, "eve has, pat has", []string{h.Held(out.User, "C1"), h.Held(out.User, a1), h.Held(pat, "C1")},
					[]string{"administrator?", "", ""})
			})
		})
	}
}

func TestR28_ALinkMovesWhatWasGivenByItsAddressAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		named := func(l licensing.LicenseID, business licensing.Email) {
			h.Puts(agreement(l, "", licensing.Contact{Kind: licensing.PrimaryContact,
				SignIn: "pat@fabrikam.example", Business: business, Name: "Pat"}))
		}
		named("C1", "one@fabrikam.example")
		named("C2", "two@fabrikam.example")
		pat := h.ID("pat@fabrikam.example")
		equal(t, "mails", len(h.welcomes(pat)), 2)
		_, err := h.acceptBy(pat, h.contractLink(pat, "else@fabrikam.example"), eve)
		wantRefusal(t, err, licensing.Forbidden, "R28")
		out := must[licensing.Registered](t)(h.acceptBy(pat, h.contractLink(pat, "two@fabrikam.example"), eve))
		same(t, "moved, left", []string{h.Held(out.User, "C1"), h.Held(out.User, "C2"), h.Held(pat, "C1"),
			h.Held(pat, "C2")}, []string{"", "administrator?", "administrator?", ""})
		same(t, "what is left is mailed to its own address", []any{len(h.welcomes(pat)),
			out.Again.Invitation != "", h.Invitation(pat).State}, []any{1, true, licensing.InvitationOpen})
		again := must[licensing.Registered](t)(h.acceptBy(pat, h.contractLink(pat, "one@fabrikam.example"), eve))
		same(t, "and may be forwarded, too", []string{h.Held(again.User, "C1"), h.Held(pat, "C1")},
			[]string{"administrator?", ""})
	})
}

func TestR27_R34_WhoeverHadAMailSentToAContactsAddressIsNotThatContact(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		p := ext("mal", add(a1, licensing.BenefitsReader))
		p.Business = "pat@fabrikam.example"
		mal := h.Change("ada", p).People[0].User
		equal(t, "mailed to", h.Claims(h.WelcomeMail(mal)).Job.To, "pat@fabrikam.example")
		h.Activates(h.Registers(mal, "mal@fabrikam.example"))
		out := h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		same(t, "who is the contact", []any{h.Held(mal, "C1"), out.People[0].User == mal,
			out.People[0].Verdicts[0].Outcome}, []any{"", false, licensing.Invited})
	})
}

func TestR27_WhoRegisteredByAContractsLinkIsThatContactAndIsToldAtTheContractsAddress(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		desk := func(l licensing.LicenseID) licensing.IntakeAnswer {
			return h.Puts(agreement(l, "", licensing.Contact{Kind: licensing.PrimaryContact,
				Business: "desk@fabrikam.example", Name: "Desk"}))
		}
		desk("C1")
		pat := h.ID("desk@fabrikam.example")
		out := must[licensing.Registered](t)(h.acceptBy(pat, h.contractLink(pat, "desk@fabrikam.example"), eve))
		h.Activates(out)
		later := desk("C2")
		same(t, "later", []any{later.People[0].User, later.People[0].Verdicts[0].Outcome, later.Contacts[0].User},
			[]any{out.User, licensing.Assigned, pat})
		var id licensing.MailID
		h.Get(&id, `SELECT id FROM mails WHERE user_id = ? AND kind = 'changes'`, out.User)
		equal(t, "told at", h.Claims(id).Job.To, "desk@fabrikam.example")
	})
}

func TestR27_R47_AnAddressThatTheTenantGaveToSomebodyElseIsNotThatContactAnyMore(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		leoAt := licensing.Contact{Kind: licensing.PrimaryContact, Business: leo.Email, Name: "Leo"}
		h.Puts(agreement("C1", "", leoAt, contact(licensing.NoticesContact, "note")))
		id := h.ID("leo")
		h.Activates(must[licensing.Registered](t)(h.acceptBy(id, h.contractLink(id, leo.Email),
			licensing.Identity{Email: leo.Email, ObjectID: leo.ObjectID})))
		moved := leo
		moved.Email = "leo.old@contoso.example"
		h.Hears(moved)
		h.Hears(licensing.DirectoryPerson{ObjectID: "o-leo-2", Email: leo.Email, Name: "Leo the Second"})
		h.Puts(agreement("C2", "", leoAt))
		same(t, "the one of before", h.Held(id, "C2"), "")
	})
}

func TestR34_TheContactIsJudgedByTheAddressesOnTheContractAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "old"), contact(licensing.NoticesContact, "note")))
		old := h.Joins("old")
		set := func(user licensing.UserID, business licensing.Email) {
			_, err := s.writes.ExecContext(t.Context(), s.writes.Rebind(`UPDATE users SET business_email = ? WHERE id = ?`),
				business, user)
			if err != nil {
				t.Fatal(err)
			}
		}
		set(old, "succ@fabrikam.example") // the outgoing one takes the successor's address
		out := h.Replaces(contact(licensing.PrimaryContact, "succ"), "C1")
		same(t, "he is replaced", []any{out.Contacts[0].Outcome, out.Contacts[0].Former}, []any{licensing.ContactNamed, old})
		mal := h.Member("ada", "mal", add(a1, licensing.BenefitsReader))
		set(mal, "succ@fabrikam.example") // and a stranger takes the contact's
		from := licensing.ContactChange{ID: newRequest(), Org: h.Org, From: "old@fabrikam.example",
			Contact: contact(licensing.PrimaryContact, "third")}
		_, err := h.atTime(h.Now).ChangeContact(t.Context(), from)
		wantRefusal(t, err, licensing.NotFound, "R34")
		from.ID, from.From = newRequest(), "SUCC@fabrikam.example"
		changed := must[licensing.IntakeAnswer](t)(h.atTime(h.Now).ChangeContact(t.Context(), from))
		same(t, "found by the contract's address", []any{changed.Contacts[0].License, changed.Contacts[0].Former},
			[]any{licensing.LicenseID("C1"), h.ID("succ@fabrikam.example")})
		again := h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "third")))
		equal(t, "the same contract", again.Contacts[0].Outcome, licensing.ContactUnchanged)
	})
}

func TestR34_R48_AnotherAddressOfTheSameContactMovesTheLinkAndNotTheProfile(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		named := func(business licensing.Email) licensing.IntakeAnswer {
			return h.Puts(agreement("C1", "", licensing.Contact{Kind: licensing.PrimaryContact,
				SignIn: "pat@fabrikam.example", Business: business, Name: "Pat"}))
		}
		named("one@fabrikam.example")
		pat := h.ID("pat@fabrikam.example")
		old := h.contractLink(pat, "one@fabrikam.example")
		equal(t, "outcome", named("two@fabrikam.example").Contacts[0].Outcome, licensing.ContactUnchanged)
		sent := h.welcomes(pat)
		_, gone := sent["one@fabrikam.example"]
		same(t, "mailed to", []any{gone, sent["two@fabrikam.example"].Forwardable}, []any{false, true})
		_, err := h.acceptBy(pat, old, eve)
		wantRefusal(t, err, licensing.Forbidden, "R28")
		var business licensing.Email
		h.Get(&business, `SELECT business_email FROM users WHERE id = ?`, pat)
		equal(t, "the profile's", business, "one@fabrikam.example")
		must[licensing.Registered](t)(h.acceptBy(pat, sent["two@fabrikam.example"].Link, eve))
	})
}

func TestR28_AForwardThatIsRefusedChangesNothingAndTheContractOnceMoreSaysTheTruth(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("P1", "", contact(licensing.PrimaryContact, "heir")))
		below := agreement("P2", "P1", contact(licensing.BillToContact, "mailed"),
			contact(licensing.PrimaryContact, "low"))
		h.Puts(below)
		h.Prefers(h.Joins("heir"), "P1", true)
		before := h.census()
		_, err := h.forward("mailed", licensing.Identity{Email: "heir@fabrikam.example"})
		wantRefusal(t, err, licensing.Conflict, "R28")
		after := h.census()
		equal(t, "rows but the refusal's line", after, before)
		out := h.Puts(below)
		mailed := h.ID("mailed@fabrikam.example")
		same(t, "the contract once more", []any{out.Contacts[0].Outcome, h.Held(mailed, "P2"),
			h.Invitation(mailed).State}, []any{licensing.ContactUnchanged, "invoice_reader?", licensing.InvitationOpen})
	})
}

func TestR28_WhatTheAddresseeMayNotLoseMovesToNobody(t *testing.T) {
	acceptor := &subject{changes: []change{{Verdict: licensing.Verdict{License: a1},
		Judgement: licensing.Judgement{Add: []licensing.Role{licensing.Administrator}}}}}
	addressee := &subject{known: true, assignments: map[licensing.LicenseID]*assignmentRow{},
		grants: map[licensing.LicenseID][]licensing.Grant{a1: {{Role: licensing.Administrator}}}}
	d := &decision{tx: &tx{policy: policy(), now: start}, mandate: mandate{Mandate: licensing.ForwardMandate}}
	if err := d.takeFrom(addressee, acceptor); licensing.RefusalOf(err) == nil {
		t.Errorf("got %v, want the rules' refusal", err)
	}
}

func TestR28_WhoGaveTheLatestOfWhatStaysInvitesTheAddresseeAnew(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat")))
		h.Change("ada", ext("pat", add(a1, licensing.BenefitsReader)))
		h.Now = h.Now.Add(time.Minute)
		h.Change("grace", ext("pat", add(a2, licensing.BenefitsReader)))
		h.Now = h.Now.Add(time.Minute)
		h.Change("ada", ext("pat", add(m1, licensing.BenefitsReader)))
		h.Now = h.Now.Add(time.Minute)
		h.Change("grace", ext("pat", add(b1, licensing.BenefitsReader)))
		pat := h.ID("pat@fabrikam.example")
		out := must[licensing.Registered](t)(h.forward("pat", eve))
		var by licensing.UserID
		h.Get(&by, `SELECT invited_by FROM invitations WHERE id = ?`, out.Again.Invitation)
		equal(t, "who invites", by, h.ID("grace"))
		for l, who := range map[licensing.LicenseID]string{a1: "ada", a2: "grace", m1: "ada", b1: "grace"} {
			equal(t, "who gave "+string(l), h.Count(`
				SELECT COUNT(*) FROM grants g JOIN assignments a ON a.user_id = g.user_id AND a.license_id = g.license_id
				WHERE g.user_id = ? AND g.license_id = ? AND g.granted_by = ? AND a.added_by = ?`, pat, l, h.ID(who),
				h.ID(who)), 1)
		}
		equal(t, "nobody gave what the contract gave", h.Count(`
			SELECT COUNT(*) FROM grants g JOIN assignments a ON a.user_id = g.user_id AND a.license_id = g.license_id
			WHERE g.user_id = ? AND g.license_id = 'C1' AND g.granted_by IS NULL AND a.added_by IS NULL
			AND a.attempts = 0 AND g.origin = 'contract' AND g.contract_email = 'pat@fabrikam.example'`, out.User), 1)
	})
}

func TestR54_AForwardToWhomTheAssignmentFailedIsANewAttempt(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "prim"), contact(licensing.NoticesContact, "pat")))
		h.Joins("prim")
		id := h.Member("ada", "eve", add(a1, licensing.BenefitsReader))
		h.Change("prim@fabrikam.example", edit(id, add("C1", licensing.BenefitsReader)))
		change := licensing.ChangeID(h.ChangeOf(id, "C1"))
		if err := h.atTime(h.Now).Fail(t.Context(), id, change, h.Now.Add(day), "refused"); err != nil {
			t.Fatal(err)
		}
		out := must[licensing.Registered](t)(h.forward("pat", eve))
		attempts := func() int {
			return h.Count(`SELECT attempts FROM assignments WHERE user_id = ? AND license_id = 'C1'`, id)
		}
		same(t, "in progress", []any{out.User, h.Held(id, "C1"), attempts()},
			[]any{id, "administrator? benefits_reader?", 1})
		h.Activates(out)
		same(t, "effective", []any{h.Held(id, "C1"), attempts()}, []any{"administrator benefits_reader", 0})
	})
}

func TestR25_AnImportCorrectsNoNameOfAPersonWhoIsKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Member("ada", "kim", add(a1, licensing.BenefitsReader))
		a := agreement("C1", "")
		a.Administrators = []licensing.ContractAdministrator{{SignIn: "kim@fabrikam.example", Name: "Another",
			Business: "else@fabrikam.example", Registered: start.Add(-day)}}
		h.Puts(a)
		equal(t, "name and address", h.Count(`SELECT COUNT(*) FROM users WHERE id = ? AND name = 'kim'
			AND business_email = 'kim@fabrikam.example'`, kim), 1)
		equal(t, "administrator", h.Held(kim, "C1"), "administrator")
	})
}

func TestR47_L05_AProfileIsBoundToWhoRegisters(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		who := licensing.Identity{Email: "kim@fabrikam.example", Issuer: "https://id.example", Subject: "s-kim"}
		must[licensing.Registered](t)(h.acceptBy(kim, licensing.OwnLink, who))
		h.Puts(agreement("C1", "", contact(licensing.PrimaryContact, "pat"), contact(licensing.NoticesContact, "note")))
		for name, other := range map[string]licensing.Identity{
			"no subject":      {Email: who.Email},
			"another subject": {Email: who.Email, Issuer: who.Issuer, Subject: "s-2"},
			"another issuer":  {Email: who.Email, Issuer: "https://evil.example", Subject: who.Subject},
		} {
			t.Run(name, func(t *testing.T) {
				h.TB = t
				_, err := h.forward("pat", other)
				wantRefusal(t, err, licensing.Forbidden, "R47")
			})
		}
		h.TB = t
		who.Email = "kim.new@fabrikam.example"
		out := must[licensing.Registered](t)(h.forward("pat", who))
		equal(t, "found by the subject, whatever the address", out.User, kim)
		_, err := h.forward("note", licensing.Identity{Email: "note@fabrikam.example", Issuer: who.Issuer,
			Subject: who.Subject})
		wantRefusal(t, err, licensing.Conflict, "R47") // one subject, one profile
	})
}

func TestR47_WhoRegistersWithTheIDOfAPersonInTheDirectoryIsThatPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		lee := h.Invite("ada", "lee", add(a1, licensing.BenefitsReader)) // typed: an address outside
		_, err := h.acceptBy(lee, licensing.OwnLink, licensing.Identity{Email: "lee@fabrikam.example", ObjectID: "o-ada"})
		wantRefusal(t, err, licensing.Conflict, "R47") // who has a profile already
		must[licensing.Registered](t)(h.acceptBy(lee, licensing.OwnLink,
			licensing.Identity{Email: "lee@fabrikam.example", ObjectID: leo.ObjectID}))
		equal(t, "is Leo", h.Count(`SELECT COUNT(*) FROM users WHERE id = ? AND kind = 'internal' AND in_tenant
			AND object_id = 'o-leo' AND sign_in_key = 'leo@contoso.example' AND name = 'Leo Internal'`, lee), 1)
		h.Hears(left(leo))
		equal(t, "who has left, with what he had", h.May(lee, a1, licensing.ManageBenefits).Allowed, false)
	})
}

func TestR47_AnIdentityWithoutTheIDIsNobodyWhoHasOne(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		in := h.Change("ada", licensing.PersonChange{SignIn: leo.Email, Access: []licensing.AccessChange{
			add(a1, licensing.BenefitsReader)}}).People[0].User
		_, err := h.acceptBy(in, licensing.OwnLink, licensing.Identity{Email: leo.Email})
		wantRefusal(t, err, licensing.Forbidden, "R47")
		out := h.Invite("ada", "lee", add(a1, licensing.BenefitsReader))
		h.TakeIn(licensing.Intake{Name: "Contoso", Domains: []string{"fabrikam.example"},
			Directory: []licensing.DirectoryPerson{
				{ObjectID: "o-lee", Email: "lee@fabrikam.example", Name: "Lee"}}})
		_, err = h.acceptBy(out, licensing.OwnLink, licensing.Identity{Email: "lee@fabrikam.example"})
		wantRefusal(t, err, licensing.Forbidden, "R47")
		must[licensing.Registered](t)(h.acceptBy(out, licensing.OwnLink,
			licensing.Identity{Email: "lee@fabrikam.example", ObjectID: "o-lee"}))
	})
}

func TestR28_TheAddresseeIsToldWhereTheFirstMailOfTheInvitationWent(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		named := func(business licensing.Email) {
			h.Puts(agreement("C1", "", licensing.Contact{Kind: licensing.PrimaryContact,
				SignIn: "pat@fabrikam.example", Business: business, Name: "Pat"}))
		}
		named("one@fabrikam.example")
		pat := h.ID("pat@fabrikam.example")
		h.Now = h.Now.Add(time.Hour)
		named("two@fabrikam.example")
		out := must[licensing.Registered](t)(h.acceptBy(pat, h.contractLink(pat, "two@fabrikam.example"), eve))
		equal(t, "told at", h.Claims(out.Notice).Job.To, "one@fabrikam.example")

		p := ext("kim", add(a1, licensing.BenefitsReader))
		p.Business = "kim.first@fabrikam.example"
		kim := h.Change("ada", p).People[0].User
		h.Claims(h.WelcomeMail(kim))
		h.Now = h.Now.Add(time.Hour)
		h.Puts(agreement("C2", "", contact(licensing.PrimaryContact, "kim")))
		out = must[licensing.Registered](t)(h.acceptBy(kim, h.contractLink(kim, "kim@fabrikam.example"), eve))
		equal(t, "told at", h.Claims(out.Notice).Job.To, "kim.first@fabrikam.example")
	})
}
