package store

import (
	"context"
	"slices"

	"vlroles/licensing"
)

// Delete takes all roles from a user on the License IDs that the caller administers (R80). What is in
// progress ends, and an invitation that has nothing left to give dies with its links (R82); where the user is
// the last active admin the License ID is refused and the rest proceeds (R83). The organization's account is
// not touched (R81). A user whom the caller may not see is NotFound.
func (s *Store) Delete(ctx context.Context, c licensing.Command) (licensing.Deletion, error) {
	q := commandRequest(licensing.AuditDelete, c)
	return carryOut(ctx, s, q, func(t *tx) (licensing.Deletion, []licensing.OutboxEntry, error) {
		out := licensing.Deletion{User: c.User}
		seen, err := t.commandOnRoles(c)
		if err != nil {
			return out, nil, err
		}
		m := commandMandate(licensing.DeleteMandate, c)
		d, err := t.decide(m, seen.everything())
		if err != nil {
			return out, nil, err
		}
		p, err := d.planned(t)
		if err != nil {
			return out, nil, err
		}
		if err := p.disinherit(t, m, c.User); err != nil {
			return out, nil, err
		}
		if err := p.write(t); err != nil {
			return out, nil, err
		}
		out.Verdicts, out.Work = d.people[0].verdict.Verdicts, len(p.work)
		out.Remaining = len(seen.holdings.Assignments[c.User]) - len(seen.mine)
		out.Inherits, err = t.inheritedOn(c, seen.mine)
		return out, p.work, err
	})
}

// everything asks for the removal of all of the user's roles as far as the caller may.
func (seen commanded) everything() []asked {
	person := licensing.PersonChange{User: seen.user.ID}
	for _, l := range seen.mine {
		ch := licensing.AccessChange{License: l}
		for _, g := range seen.holdings.Grants[seen.user.ID][l] {
			ch.Remove = append(ch.Remove, g.Role)
		}
		person.Access = append(person.Access, ch)
	}
	return ask([]licensing.PersonChange{person})
}

// disinherit plans the end of what the user inherits from agreements that the caller administers (R52, R80).
func (p *plan) disinherit(t *tx, m mandate, user licensing.UserID) error {
	var opted []licensing.LicenseID
	err := t.all(&opted,
		`SELECT license_id FROM preferences WHERE user_id = ? AND inherit ORDER BY license_id`, user)
	if err != nil {
		return err
	}
	may, err := t.Administers(m.org, m.by, opted)
	if err != nil {
		return err
	}
	for _, l := range opted {
		if !may[l] {
			continue
		}
		line := m.line(user, l)
		line.action, line.detail = licensing.AuditPreference, licensing.PreferenceChanged{}
		p.audit = append(p.audit, line)
		p.preferences = append(p.preferences, preferenceRow{User: user, License: l})
		p.tell(m, user)
	}
	return nil
}

// inheritedOn returns on which of the License IDs the user inherits Administrator.
func (t *tx) inheritedOn(c licensing.Command, ids []licensing.LicenseID) ([]licensing.LicenseID, error) {
	still, err := t.Inheritance(c.Org, []licensing.UserID{c.User}, ids)
	var out []licensing.LicenseID
	for l := range still[c.User] {
		out = append(out, l)
	}
	slices.Sort(out)
	return out, err
}
