package store

import (
	"context"

	"vlroles/licensing"
)

// Appoint makes somebody the administrator of a License ID that has no active admin, in support's name (R33).
// It is audited with its reason. A License ID that has one is a Conflict, one that there is not NotFound.
func (s *Store) Appoint(ctx context.Context, seat licensing.Appointment) (licensing.SaveAnswer, error) {
	sv, form := seat.Check(s.policy)
	q := request{form: form, id: seat.ID, org: seat.Org, action: licensing.AuditAppoint, who: licensing.Principal{
		Kind: licensing.BySupport, Name: licensing.CleanName(seat.Support)},
		content: seat}
	if form == nil {
		q.license = sv.People[0].Access[0].License
	}
	return carryOut(ctx, s, q, func(t *tx) (licensing.SaveAnswer, []licensing.OutboxEntry, error) {
		if err := t.vacant(q.org, q.license); err != nil {
			return licensing.SaveAnswer{}, nil, err
		}
		m := outsideMandate(licensing.AppointmentMandate, q, sv.InviteFor)
		m.reason = licensing.CleanName(seat.Reason)
		return t.give(m, ask(sv.People))
	})
}

// vacant locks a License ID and refuses one that somebody administers.
func (t *tx) vacant(org licensing.OrgID, l licensing.LicenseID) error {
	if err := t.lockAgreements([]licensing.LicenseID{l}); err != nil {
		return err
	}
	var known int
	err := t.get(&known, `SELECT COUNT(*) FROM agreements WHERE org_id = ? AND license_id = ?`, org, l)
	if err != nil {
		return err
	}
	admins, err := t.ActiveAdmins([]licensing.LicenseID{l})
	if err != nil {
		return err
	}
	return licensing.MayAppoint(l, known > 0, len(admins[l]))
}
