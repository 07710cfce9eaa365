package store

import (
	"context"

	"vlroles/licensing"
)

// Save decides a request of an admin and writes what was accepted: users, invitations, assignments, grants,
// mails in the ledger and audit, in one transaction (R05–R76 as package licensing judges them). A refusal of
// one person or License ID writes its audit line only. The same request gives the same answer again; other
// content under the same id is a Conflict. A request as a whole is refused with an *licensing.Error where its
// form is wrong or the caller is nobody.
func (s *Store) Save(ctx context.Context, sv licensing.Save) (licensing.SaveAnswer, error) {
	sv, form := sv.Check(s.policy)
	q := request{id: sv.ID, org: sv.Org, by: sv.Admin, action: licensing.AuditSave, content: sv, form: form}
	return carryOut(ctx, s, q, func(t *tx) (licensing.SaveAnswer, []licensing.OutboxEntry, error) {
		return t.give(adminMandate(licensing.SaveMandate, sv), ask(sv.People))
	})
}

// give decides and writes, and answers as a save does.
func (t *tx) give(m mandate, people []asked) (licensing.SaveAnswer, []licensing.OutboxEntry, error) {
	var out licensing.SaveAnswer
	d, err := t.decide(m, people)
	if err != nil {
		return out, nil, err
	}
	p := d.planned()
	out.People, out.Work = d.verdicts(), len(p.work)
	if m.Confirms {
		out.Confirmation = p.confirm(d)
	}
	return out, p.work, p.write(t)
}

// Verify returns what Save would answer now, and changes nothing (R67): it loads
// and judges as Save does, on a snapshot.
func (s *Store) Verify(ctx context.Context, sv licensing.Save) (licensing.SaveAnswer, error) {
	var out licensing.SaveAnswer
	sv, err := sv.Check(s.policy)
	if err != nil {
		return out, err
	}
	err = s.read(ctx, "verify", func(t *tx) error {
		if err := t.mayAsk(request{id: sv.ID, org: sv.Org, by: sv.Admin}); err != nil {
			return err
		}
		d, err := t.decide(adminMandate(licensing.SaveMandate, sv), ask(sv.People))
		if err != nil {
			return err
		}
		out.People = d.verdicts()
		for n, s := range d.people {
			if !s.known {
				out.People[n].User = "" // there is no such profile yet
			}
		}
		return nil
	})
	return out, err
}
