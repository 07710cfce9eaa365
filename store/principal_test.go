package store

import (
	"testing"

	"vlroles/licensing"
	"vlroles/store/views"
)

// principals are who acted by the lines of one action: "kind name", once each.
func (h *house) principals(a licensing.AuditAction) (out []string) {
	h.Helper()
	h.Select(&out, `
		SELECT DISTINCT principal || ' ' || COALESCE(named, '') || CASE WHEN actor IS NULL THEN '' ELSE '+' END
		FROM audit
		WHERE action = ?
		ORDER BY 1`, a)
	return out
}

func TestL04_EveryLineOfTheAuditNamesItsPrincipal(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		put := licensing.AgreementPut{ID: newRequest(), Org: h.Org, Partner: " Reseller 7 ",
			Agreement: agreement("P1", "", contact(licensing.PrimaryContact, "prim"))}
		must[licensing.IntakeAnswer](t)(s.atTime(h.Now).PutAgreement(t.Context(), put))
		change := licensing.ContactChange{ID: newRequest(), Org: h.Org, Partner: "Reseller 8",
			Contact: contact(licensing.PrimaryContact, "next"), Licenses: []licensing.LicenseID{"P1"}}
		must[licensing.IntakeAnswer](t)(s.atTime(h.Now).ChangeContact(t.Context(), change))
		next := h.Joins("next")
		kim := h.Invite("ada", "kim", add(a1, licensing.BenefitsReader))
		run := h.Invitation(kim).Run
		h.Now = h.Now.Add(40 * day)
		must[licensing.MailID](t)(s.atTime(h.Now).Expire(t.Context(), run.Invitation, run.Generation))
		h.Hears(licensing.DirectoryPerson{ObjectID: "o-ada", Email: "ada@contoso.example", Name: "Ada", Left: true})
		must[licensing.SaveAnswer](t)(s.atTime(h.Now).Appoint(t.Context(), licensing.Appointment{ID: newRequest(),
			Org: h.Org, License: a1, Person: ext("new"), Reason: "case 1", Support: "Ann"}))
		for action, want := range map[licensing.AuditAction][]string{
			licensing.AuditAgreement:     {"partner ", "partner Reseller 7"},
			licensing.AuditContactNamed:  {"partner Reseller 7", "partner Reseller 8"},
			licensing.AuditContactFormer: {"partner Reseller 8"},
			licensing.AuditSave:          {"person +"}, licensing.AuditRegister: {"person +"},
			licensing.AuditActivate: {"system "}, licensing.AuditExpire: {"system "},
			licensing.AuditDirectoryLeft: {"directory "}, licensing.AuditOrphaned: {"directory "},
			licensing.AuditAppoint: {"support Ann"},
		} {
			same(t, string(action), h.principals(action), want)
		}
		lines := must[[]licensing.HistoryLine](t)(h.History(t.Context(), h.Org, next, next, views.Page{}))
		first := lines[0]
		same(t, "in the history", []any{first.Principal, first.Actor, first.ActorID},
			[]any{licensing.ByPartner, "Reseller 8", licensing.UserID("")})
	})
}

func TestL04_ARefusalByFormLeavesOneLineThatKeepsNothingOfTheInput(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Store) {
		h := newHouse(t, s)
		id, bad, ada := newRequest(), licensing.LicenseID("ada@contoso.example"), h.ID("ada")
		for method, c := range map[string]struct {
			in   any
			kind licensing.PrincipalKind
		}{
			"Save":          {licensing.Save{ID: id, Org: h.Org, Admin: ada}, licensing.ByPerson},
			"StartHandOver": {licensing.HandOver{ID: id, Org: h.Org, Admin: ada}, licensing.ByPerson},
			"SetPreference": {licensing.PreferenceChange{Request: id, Org: h.Org, User: ada, License: bad},
				licensing.ByPerson},
			"PutAgreement": {licensing.AgreementPut{ID: id, Org: h.Org,
				Agreement: licensing.ContractAgreement{License: bad}}, licensing.ByPartner},
			"ChangeContact": {licensing.ContactChange{ID: id, Org: h.Org, Partner: "a@b.example"},
				licensing.ByPartner},
			"Apply":     {licensing.Intake{ID: id, Org: h.Org, Partner: "a@b.example"}, licensing.ByPartner},
			"Directory": {licensing.DirectoryChange{ID: id, Org: h.Org}, licensing.ByDirectory},
			"Appoint": {licensing.Appointment{ID: id, Org: h.Org, License: bad, Support: "a@b.example"},
				licensing.BySupport},
		} {
			lines := h.Count(`SELECT COUNT(*) FROM audit`)
			_, err := h.carry(method, c.in)
			if licensing.KindOf(err) != licensing.Invalid {
				t.Errorf("%s: %v", method, err)
			}
			equal(t, method+": lines", h.Count(`SELECT COUNT(*) FROM audit`), lines+1)
			line := h.lastAudit(1)[0]
			same(t, method, []any{line.Outcome, line.Principal, line.Named, line.LicenseID, line.RequestID, line.Detail},
				[]any{"refused", c.kind, nullString(""), nullString(""), nullString(id), `{"v":1}`})
		}
	})
}
