package store

import (
	"context"
	"slices"
	"time"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// Activate makes what a change put in progress effective, as far as it is due at upTo, and
// returns how many License IDs became active. Rows that another change took over, or that
// are gone, are not touched (R51, R53).
func (s *Store) Activate(
	ctx context.Context, user licensing.UserID, change licensing.ChangeID, upTo time.Time,
) (int, error) {
	var ids []licensing.LicenseID
	err := s.write(ctx, "activate", func(t *tx) error {
		ids = nil
		before, err := t.lockTold(user)
		if err != nil {
			return err
		}
		err = t.all(&ids, `
			UPDATE assignments
			SET state = 'active', due_at = NULL, attempts = 0, reason = NULL, reference = NULL, changed_at = ?
			WHERE user_id = ? AND change_id = ? AND state = 'propagating' AND due_at <= ?
			RETURNING license_id`, ts(t.now), user, change, ts(upTo))
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := t.makeEffective(user, change); err != nil {
			return err
		}
		if err := t.keepTold(user, before, upTo); err != nil {
			return err
		}
		return t.auditSettled(ids, auditLine{user: user, action: licensing.AuditActivate, rule: "R51",
			after: licensing.StatusActive})
	})
	return len(ids), err
}

// makeEffective makes effective what a change made active, or leaves it suspended where it is (R86).
func (t *tx) makeEffective(user licensing.UserID, change licensing.ChangeID) error {
	const suspended = `EXISTS (
			SELECT 1
			FROM assignments s
			WHERE s.user_id = grants.user_id AND s.license_id = grants.license_id AND s.suspended
		)`
	_, err := t.exec(`
		UPDATE grants
		SET effective = NOT `+suspended+`, suspended = `+suspended+`
		WHERE user_id = ? AND NOT effective AND license_id IN (
			SELECT a.license_id
			FROM assignments a
			WHERE a.user_id = ? AND a.change_id = ? AND a.state = 'active'
		)`, user, user, change)
	return err
}

// Fail marks what a change has due at upTo as Failed with the reason and a reference, and counts the attempt
// (R54). What was effective before stays so.
func (s *Store) Fail(
	ctx context.Context, user licensing.UserID, change licensing.ChangeID, upTo time.Time, reason string,
) error {
	return s.write(ctx, "mark assignment as failed", func(t *tx) error {
		if _, err := t.lockTold(user); err != nil {
			return err
		}
		var ids []licensing.LicenseID
		err := t.all(&ids, `
			UPDATE assignments
			SET state = 'failed', due_at = NULL, attempts = attempts + 1, reason = ?, reference = ?,
				changed_at = ?
			WHERE user_id = ? AND change_id = ? AND state = 'propagating' AND due_at <= ?
			RETURNING license_id`, reason, reference(user, change), ts(t.now), user, change, ts(upTo))
		if err != nil || len(ids) == 0 {
			return err
		}
		return t.auditSettled(ids,
			auditLine{user: user, action: licensing.AuditFail, rule: "R54", after: licensing.StatusFailed,
				detail: licensing.NoteFailure(reason)})
	})
}

// Effective returns a user's grants as a downstream system must know them before Activate: what is effective,
// with what is due at upTo by any change, so that of two changes told at once none takes back the other's,
// and Administrator where it is inherited (R88). A person who may use nothing has none (R02, R84).
func (s *Store) Effective(
	ctx context.Context, user licensing.UserID, upTo time.Time,
) (e licensing.Effective, err error) {
	err = s.reader.Read(ctx, "read effective grants", func(q *rows.Query) error {
		e, err = effective(q, user, upTo)
		return err
	})
	return e, err
}

func effective(q *rows.Query, user licensing.UserID, upTo time.Time) (e licensing.Effective, err error) {
	var u userRow
	if err := q.Get(&u, selectUser+` WHERE u.id = ?`, user); err != nil {
		return e, missing(err, "user")
	}
	e = licensing.Effective{
		Org: u.OrgID, User: u.ID, Email: licensing.Email(u.SignInEmail),
		Object: licensing.ObjectID(u.ObjectID), Grants: []licensing.EffectiveGrant{}, UpTo: upTo,
	}
	if !u.Person().Registered() || !u.Person().InTenant() {
		return e, nil
	}
	var due []grantRow
	err = q.All(&due, `
			SELECT g.license_id, g.role
			FROM grants g
			JOIN assignments a ON a.user_id = g.user_id AND a.license_id = g.license_id
			WHERE g.user_id = ? AND NOT a.suspended AND (g.effective OR a.state = 'propagating' AND a.due_at <= ?)
			ORDER BY g.license_id, g.role`, user, ts(upTo))
	if err != nil {
		return e, err
	}
	for _, r := range due {
		e.Grants = append(e.Grants, licensing.EffectiveGrant{License: r.LicenseID, Role: r.Role})
	}
	return e, inheritedBy(q, &e)
}

// inheritedBy adds Administrator where the user inherits it and doesn't hold it.
func inheritedBy(q *rows.Query, e *licensing.Effective) error {
	all, err := q.Preferences(e.Org, e.User, "")
	if err != nil {
		return err
	}
	for _, p := range all {
		if !p.Inherit {
			continue
		}
		below, err := q.Below(p.License)
		if err != nil {
			return err
		}
		for _, l := range below {
			g := licensing.EffectiveGrant{License: l, Role: licensing.Administrator}
			if !slices.Contains(p.Without, l) && !slices.Contains(e.Grants, g) {
				e.Grants = append(e.Grants, g)
			}
		}
	}
	return nil
}

// auditSettled writes the line for each License ID on which an assignment in progress ended.
func (t *tx) auditSettled(ids []licensing.LicenseID, line auditLine) error {
	if err := t.get(&line.org, `SELECT org_id FROM users WHERE id = ?`, line.user); err != nil {
		return err
	}
	line.before = licensing.StatusAssignmentInProgress
	return t.audit(line.on(ids)...)
}
