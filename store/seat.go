package store

import (
	"context"

	"vlroles/licensing"
)

// Seat makes somebody the administrator of a License ID that has no active admin, in support's name (R33). It is audited with
// its reason.
func (s *Store) Seat(ctx context.Context, seat licensing.Seat) (licensing.SaveAnswer, error) {
	sv, err := seat.Check(s.policy)
	if err != nil {
		return licensing.SaveAnswer{}, err
	}
	var answer licensing.SaveAnswer
	err = s.write(ctx, "seat an admin", func(t *tx) error {
		answer = licensing.SaveAnswer{}
		known, err := t.claimRequest(sv.ID, sv.Org, "", "seat", seat, &answer)
		if err != nil || known {
			return err
		}
		d := &decision{tx: t, save: sv, purpose: seating, reason: licensing.CleanName(seat.Reason)}
		for _, read := range []func() error{d.readAgreements, d.readPeople, d.readHoldings, d.readInheritance, d.readVacancy} {
			if err := read(); err != nil {
				return err
			}
		}
		d.judge()
		if err := d.write(); err != nil {
			return err
		}
		answer = d.answer
		return t.answerRequest(sv.ID, answer, d.plan.work)
	})
	if err != nil {
		s.refused(ctx, err, auditRow{OrgID: sv.Org, Action: "support.seat", LicenseID: opt(seat.License), RequestID: opt(seat.ID)})
	}
	return answer, err
}

// readVacancy gives support authority on the License ID where nobody else has it.
func (d *decision) readVacancy() error {
	l := d.save.People[0].Access[0].License
	admins, err := d.ActiveAdmins([]licensing.LicenseID{l})
	if err != nil {
		return err
	}
	_, known := d.agreements[l]
	if err := licensing.MaySeat(l, known, len(admins[l])); err != nil {
		return err
	}
	d.authority = map[licensing.LicenseID]bool{l: true}
	return nil
}
