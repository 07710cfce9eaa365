package store

import (
	"context"
	"errors"

	"vlroles/licensing"
)

// Save decides a request of an admin and writes what was accepted: users, invitations, assignments, grants, mails in the
// ledger and audit, in one transaction (R05–R76 as package licensing judges them). A refusal of one person or License ID
// writes its audit line only. The same request gives the same answer again; other content under the same id is a
// Conflict. A request as a whole is refused with an *licensing.Error where its form is wrong or the caller is nobody.
func (s *Store) Save(ctx context.Context, sv licensing.Save) (licensing.SaveAnswer, error) {
	sv, err := sv.Check(s.policy)
	if err != nil {
		return licensing.SaveAnswer{}, err
	}
	var answer licensing.SaveAnswer
	err = s.write(ctx, "save", func(t *tx) error {
		answer = licensing.SaveAnswer{}
		known, err := t.claimRequest(sv.ID, sv.Org, sv.Admin, "save", sv, &answer)
		if err != nil || known {
			return err
		}
		d := &decision{tx: t, save: sv}
		if err := d.read(); err != nil {
			return err
		}
		d.judge()
		if err := d.write(); err != nil {
			return err
		}
		answer = d.answer
		return t.answerRequest(sv.ID, answer, d.plan.work)
	})
	if err != nil {
		s.refused(ctx, err, auditRow{OrgID: sv.Org, Actor: opt(sv.Admin), Action: "save", RequestID: opt(sv.ID)})
	}
	return answer, err
}

// errVerified rolls back what was decided for its verdicts alone.
var errVerified = errors.New("verified")

// Verify returns what Save would answer now, with no effect (R67). It takes the same locks for a moment.
func (s *Store) Verify(ctx context.Context, sv licensing.Save) (licensing.SaveAnswer, error) {
	sv, err := sv.Check(s.policy)
	if err != nil {
		return licensing.SaveAnswer{}, err
	}
	var answer licensing.SaveAnswer
	err = s.write(ctx, "verify", func(t *tx) error {
		d := &decision{tx: t, save: sv}
		if err := d.read(); err != nil {
			return err
		}
		d.judge()
		answer = d.answer
		for n, person := range d.people {
			if !person.known {
				answer.People[n].User = "" // there is no such profile yet
			}
		}
		return errVerified
	})
	if errors.Is(err, errVerified) {
		err = nil
	}
	return answer, err
}
