package store

import (
	"context"
	"errors"
	"maps"
	"slices"

	"vlroles/licensing"
)

// Delete takes all roles from a user on the License IDs that the caller administers, and ends what he
// inherits from agreements that the caller administers (R80). What is in progress ends, and an invitation
// that has nothing left to give dies with its links (R82); where the user is the last active admin the
// License ID is refused and the rest proceeds (R83). The organization's account is not touched (R81). A user
// whom the caller may not see is NotFound; one whom he sees as the heir of somebody else's agreement is a
// Conflict (R87).
func (s *Store) Delete(ctx context.Context, c licensing.Command) (licensing.Deletion, error) {
	q := commandRequest(licensing.AuditDelete, c)
	return carryOut(ctx, s, q, func(t *tx) (licensing.Deletion, []licensing.OutboxEntry, error) {
		out := licensing.Deletion{User: c.User}
		seen, err := t.deletable(c)
		if err != nil {
			return out, nil, err
		}
		m, p := commandMandate(licensing.DeleteMandate, c), &plan{}
		if len(seen.mine) > 0 {
			d, err := t.decide(m, seen.everything())
			if err != nil {
				return out, nil, err
			}
			p, out.Verdicts = d.planned(), d.people[0].verdict.Verdicts
		}
		p.disinherit(m, seen)
		if err := p.write(t); err != nil {
			return out, nil, err
		}
		out.Work, out.Ended = len(p.work), seen.ends
		return out, p.work, t.remains(c, seen, &out)
	})
}

// deletion is what a deletion is about: the user's roles, and what he inherits, as far as the caller decides.
type deletion struct {
	commanded
	heritage map[licensing.LicenseID]licensing.LicenseID // where he is Administrator by inheritance
	ends     []licensing.LicenseID                       // agreements from which he inherits no more
	named    []licensing.LicenseID                       // that name him as a contact who may inherit
}

// deletable reads and locks what a deletion is about, agreements before the user, as everywhere.
func (t *tx) deletable(c licensing.Command) (deletion, error) {
	var out deletion
	if !ids(string(c.User)) {
		return out, missingUser(nil)
	}
	held, named, opted, err := t.bonds(c)
	if err != nil {
		return out, err
	}
	if err := t.lockAgreements(slices.Concat(held, named, opted)); err != nil {
		return out, err
	}
	found, err := t.lockUsers(c.Org, []string{string(c.User)}, nil)
	if err != nil || len(found) == 0 {
		return out, missingUser(err)
	}
	if held, named, opted, err = t.bonds(c); err != nil { // as it is under the lock
		return out, err
	}
	out.user = found[0]
	if out.holdings, err = t.Holdings([]licensing.UserID{c.User}); err != nil {
		return out, err
	}
	may, err := t.Administers(c.Org, c.By, slices.Concat(held, named, opted))
	if err != nil {
		return out, err
	}
	hidden := func(l licensing.LicenseID) bool { return !may[l] }
	out.mine, out.named = slices.DeleteFunc(held, hidden), slices.DeleteFunc(named, hidden)
	out.ends = slices.DeleteFunc(opted, hidden)
	if out.heritage, err = t.InheritedBy(c.Org, c.User); err != nil {
		return out, err
	}
	l, err := t.seenAsHeir(c, out.heritage)
	if err != nil {
		return out, err
	}
	return out, licensing.MayDelete(len(out.mine), len(out.ends), l, out.heritage[l])
}

// bonds returns on which License IDs a user has roles, which name him as a contact who may inherit, and from
// which he has opted in to inherit.
func (t *tx) bonds(c licensing.Command) (held, named, opted []licensing.LicenseID, err error) {
	err = errors.Join(
		t.all(&held, `
			SELECT license_id
			FROM assignments
			WHERE user_id = ? AND org_id = ?
			ORDER BY license_id`, c.User, c.Org),
		t.all(&named, `
			SELECT DISTINCT c.license_id
			FROM contacts c
			JOIN agreements a ON a.license_id = c.license_id
			WHERE c.user_id = ? AND a.org_id = ? AND c.until IS NULL AND c.kind <> 'bill_to'
			ORDER BY c.license_id`, c.User, c.Org),
		t.all(&opted, `
			SELECT p.license_id
			FROM preferences p
			JOIN agreements a ON a.license_id = p.license_id
			WHERE p.user_id = ? AND a.org_id = ? AND p.inherit
			ORDER BY p.license_id`, c.User, c.Org))
	return held, named, opted, err
}

// seenAsHeir returns a License ID on whose list the caller finds the user as one who inherits, "" for none
// (R40, R87).
func (t *tx) seenAsHeir(
	c licensing.Command, heritage map[licensing.LicenseID]licensing.LicenseID,
) (licensing.LicenseID, error) {
	ok, err := t.Active(c.Org, c.By)
	if err != nil || !ok || len(heritage) == 0 {
		return "", err
	}
	var direct []licensing.LicenseID
	err = t.all(&direct, `
		SELECT license_id
		FROM grants
		WHERE user_id = ? AND role = 'administrator' AND effective
		ORDER BY license_id`, c.By)
	for _, l := range direct {
		if heritage[l] != "" {
			return l, err
		}
	}
	return "", err
}

// remains counts what the user keeps: roles of other admins, and what he inherits from elsewhere.
func (t *tx) remains(c licensing.Command, seen deletion, out *licensing.Deletion) error {
	still, err := t.InheritedBy(c.Org, c.User)
	if err != nil {
		return err
	}
	out.EndedOn = len(seen.heritage) - len(still)
	all := slices.Sorted(maps.Keys(still))
	mine, err := t.Administers(c.Org, c.By, all)
	if err != nil {
		return err
	}
	other := slices.DeleteFunc(sorted(seen.holdings.Assignments[c.User]),
		func(l licensing.LicenseID) bool { return slices.Contains(seen.mine, l) })
	for _, l := range all {
		if mine[l] {
			out.Inherits = append(out.Inherits, l)
		} else {
			other = append(other, l)
		}
	}
	out.Remaining = len(unique(other))
	return nil
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

// disinherit plans the end of what the user inherits from agreements that the caller administers, past the
// lock of an edit (R52, R80).
func (p *plan) disinherit(m mandate, seen deletion) {
	user := seen.user.ID
	for _, l := range seen.named {
		p.endings = append(p.endings, preferenceRow{User: user, License: l})
	}
	for _, l := range seen.ends {
		line := m.line(user, l)
		line.action, line.detail = licensing.AuditPreference, licensing.PreferenceChanged{}
		p.audit = append(p.audit, line)
		p.preferences = append(p.preferences, preferenceRow{User: user, License: l})
		p.tell(m, user)
	}
}
