package store

import (
	"context"
	"slices"

	"vlroles/licensing"
)

// Delete takes all roles from a user on the License IDs that the caller administers (R80). What is in progress ends, and an
// invitation that has nothing left to give dies with its links (R82); where the user is the last active admin the License ID
// is refused and the rest proceeds (R83). The organization's account is not touched (R81).
func (s *Store) Delete(ctx context.Context, c licensing.Command) (licensing.Deletion, error) {
	var out licensing.Deletion
	err := s.write(ctx, "delete user", func(t *tx) error {
		out = licensing.Deletion{}
		known, err := t.claimRequest(c.Request, c.Org, c.By, "delete", c, &out)
		if err != nil || known {
			return err
		}
		d := &decision{tx: t, purpose: deleting, save: licensing.Save{ID: c.Request, Org: c.Org, Admin: c.By}}
		all, err := d.everything(c)
		if err != nil {
			return err
		}
		if err := d.read(); err != nil {
			return err
		}
		d.judge()
		if err := d.write(); err != nil {
			return err
		}
		out = licensing.Deletion{User: c.User, Verdicts: d.answer.People[0].Verdicts, Remaining: all - len(d.save.People[0].Access)}
		if out.Inherits, err = d.disinherit(c); err != nil {
			return err
		}
		out.Work = len(d.plan.work)
		return t.answerRequest(c.Request, out, d.plan.work)
	})
	if err != nil {
		s.refused(ctx, err, refusal(c, "delete"))
	}
	return out, err
}

// everything makes the request that removes all of the user's roles as far as the caller may, and returns on how many License
// IDs the user has any. Agreements are locked before the user, as everywhere.
func (d *decision) everything(c licensing.Command) (int, error) {
	if !ids(string(c.User)) {
		return 0, missingUser(nil)
	}
	var held []licensing.LicenseID
	if err := d.all(&held, `SELECT license_id FROM assignments WHERE user_id = ? AND org_id = ?`, c.User, c.Org); err != nil {
		return 0, err
	}
	if err := d.lockAgreements(held); err != nil {
		return 0, err
	}
	seen, err := d.command(c)
	if err != nil {
		return 0, err
	}
	person := licensing.PersonChange{User: c.User}
	for _, l := range seen.mine {
		ch := licensing.AccessChange{License: l}
		for _, g := range seen.holdings.Grants[c.User][l] {
			ch.Remove = append(ch.Remove, g.Role)
		}
		person.Access = append(person.Access, ch)
	}
	d.save.People = []licensing.PersonChange{person}
	return len(seen.holdings.Assignments[c.User]), nil
}

// disinherit ends what the user inherits from agreements that the caller administers, in the same transaction (R52, R80), and
// returns where the user inherits all the same.
func (d *decision) disinherit(c licensing.Command) ([]licensing.LicenseID, error) {
	var opted []licensing.LicenseID
	if err := d.all(&opted, `SELECT license_id FROM preferences WHERE user_id = ? AND inherit ORDER BY license_id`, c.User); err != nil {
		return nil, err
	}
	may, err := d.Administers(c.Org, c.By, opted)
	if err != nil {
		return nil, err
	}
	for _, l := range opted {
		if !may[l] {
			continue
		}
		if _, err := d.exec(`UPDATE preferences SET inherit = ?, changed_at = ? WHERE user_id = ? AND license_id = ?`, false, at(d.now), c.User, l); err != nil {
			return nil, err
		}
		err := d.audit(auditRow{At: at(d.now), OrgID: c.Org, Actor: opt(c.By), Action: "preference", Outcome: "done", UserID: opt(c.User), LicenseID: opt(l),
			RequestID: opt(c.Request), Rule: "R80", Detail: detail(map[string]any{"inherit": false})})
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(d.plan.work, func(w licensing.Work) bool { return w.Kind == licensing.WorkAssign && w.User == c.User }) {
			d.plan.work = append(d.plan.work, tell(c.Org, c.Request, c.User))
		}
	}
	var mine []licensing.LicenseID
	for _, a := range d.save.People[0].Access {
		mine = append(mine, a.License)
	}
	still, err := d.Inheritance(c.Org, []licensing.UserID{c.User}, mine)
	var out []licensing.LicenseID
	for l := range still[c.User] {
		out = append(out, l)
	}
	slices.Sort(out)
	return out, err
}
