package views

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// RolesOn answers who had which role on a License ID at a time, and how it came to be, from the audit alone.
// The caller is an admin of the License ID (R35, R43).
func (v *Views) RolesOn(
	ctx context.Context, org licensing.OrgID, caller licensing.UserID, l licensing.LicenseID, on time.Time,
) ([]licensing.RoleOn, error) {
	var out []licensing.RoleOn
	err := v.read(ctx, "read roles", func(q *snapshot) error {
		canonical, err := licensing.ParseLicenseID(string(l))
		if err != nil {
			return err
		}
		if err := q.mayReadHistory(org, caller, canonical); err != nil {
			return err
		}
		p := newPast(q, org, on)
		if err := p.read(canonical); err != nil {
			return err
		}
		out, err = p.named()
		return err
	})
	return out, err
}

// mayReadHistory refuses everybody but the direct admins of the License ID.
func (q *snapshot) mayReadHistory(org licensing.OrgID, caller licensing.UserID, l licensing.LicenseID) error {
	ok, err := q.Active(org, caller)
	if err != nil || !ok {
		return rows.MissingUser(err)
	}
	var direct int
	err = q.Get(&direct, `
		SELECT COUNT(*)
		FROM grants g
		JOIN agreements a ON a.license_id = g.license_id
		WHERE a.org_id = ? AND g.license_id = ? AND g.user_id = ? AND g.role = 'administrator'
			AND g.effective`, org, l, caller)
	if err == nil && direct == 0 {
		err = licensing.Hidden()
	}
	return err
}

// holder is one role of one user.
type holder struct {
	user licensing.UserID
	role licensing.Role
}

// past is a License ID as it was at a time.
type past struct {
	*snapshot
	org    licensing.OrgID
	on     time.Time
	parent licensing.LicenseID
	roles  map[holder]*licensing.RoleOn
	absent map[licensing.UserID]bool
	heirs  map[licensing.UserID]licensing.RoleOn // who had opted in there
}

func newPast(q *snapshot, org licensing.OrgID, on time.Time) *past {
	return &past{
		snapshot: q, org: org, on: on,
		roles: map[holder]*licensing.RoleOn{}, absent: map[licensing.UserID]bool{},
		heirs: map[licensing.UserID]licensing.RoleOn{},
	}
}

// read goes through the lines of a License ID up to the time, and through those of the agreements above it
// for who inherited.
func (p *past) read(l licensing.LicenseID) error {
	if err := p.replay(l); err != nil {
		return err
	}
	seen := []licensing.LicenseID{l}
	for above := p.parent; above != "" && !slices.Contains(seen, above); {
		seen = append(seen, above)
		q := newPast(p.snapshot, p.org, p.on)
		if err := q.replay(above); err != nil {
			return err
		}
		for user, r := range q.heirs {
			h := holder{user, licensing.Administrator}
			if p.roles[h] == nil && p.roles[holder{user, licensing.InvoiceReader}] == nil { // R92
				r.Above, r.InTenant = above, !p.absent[user] && !q.absent[user]
				p.roles[h] = &r
			}
		}
		above = q.parent
	}
	return nil
}

func (p *past) replay(l licensing.LicenseID) error {
	var lines []rows.Audit
	err := p.All(&lines, `
		SELECT a.at, a.principal, a.actor, a.named, a.action, a.outcome, a.user_id, a.request_id, a.rule, a.after, a.detail
		FROM audit a
		WHERE a.license_id = ? AND a.org_id = ? AND a.at <= ?
		ORDER BY a.id`, l, p.org, rows.At(p.on))
	if err != nil {
		return err
	}
	for _, r := range lines {
		d, err := licensing.DecodeDetail(r.Action, r.Detail)
		if err != nil {
			return fmt.Errorf("audit of License ID %s: %w", l, err)
		}
		if r.Outcome == "done" {
			p.line(r, d)
		}
	}
	return nil
}

// line takes one line of what was done up.
func (p *past) line(r rows.Audit, d licensing.Detail) {
	user := licensing.UserID(r.UserID)
	switch r.Action {
	case licensing.AuditActivate:
		p.activate(user, r.At.Time)
	case licensing.AuditDirectoryLeft:
		p.absent[user] = true
	case licensing.AuditDirectoryFound, licensing.AuditRecheck:
		delete(p.absent, user)
	}
	switch d := d.(type) {
	case licensing.RolesChanged:
		p.change(r, d)
	case licensing.AgreementChanged:
		p.parent = d.Parent
	case licensing.PreferenceChanged:
		delete(p.heirs, user)
		if d.Inherit {
			p.heirs[user] = licensing.RoleOn{
				User: user, Role: licensing.Administrator, Effective: true, Given: stepOf(r),
				Activated: r.At.Time,
			}
		}
	case licensing.ContactChanged:
		if r.Action == licensing.AuditContactFormer && d.Ended {
			delete(p.heirs, user)
		}
	}
}

// stepOf is what a line says of how something came to be.
func stepOf(r rows.Audit) licensing.Step {
	return licensing.Step{
		At: r.At.Time, Action: r.Action, Rule: string(r.Rule), Request: licensing.RequestID(r.RequestID),
		By: licensing.UserID(r.Actor), Principal: r.Principal, Name: string(r.Named),
	}
}

func (p *past) activate(user licensing.UserID, now time.Time) {
	for h, role := range p.roles {
		if h.user == user && !role.Effective {
			role.Effective, role.Activated = true, now
		}
	}
}

// change takes up which roles were given and taken.
func (p *past) change(r rows.Audit, d licensing.RolesChanged) {
	user := licensing.UserID(r.UserID)
	for _, role := range d.Removed {
		delete(p.roles, holder{user, role})
	}
	for _, role := range d.Added {
		on := licensing.RoleOn{User: user, Role: role, Given: stepOf(r)}
		if d.AtOnce { // registered elsewhere before (R25)
			on.Effective, on.Activated = true, r.At.Time
		}
		p.roles[holder{user, role}] = &on
	}
	if d.Back { // suspended since he left (R86)
		delete(p.absent, user)
	}
	if len(d.Added) > 0 && r.After == rows.NullString(licensing.StatusUserNotFound) {
		p.absent[user] = true
	}
}

// named gives people their present names, and puts them in order.
func (p *past) named() ([]licensing.RoleOn, error) {
	var users []licensing.UserID
	for h, r := range p.roles {
		users = append(users, h.user)
		if r.Given.By != "" {
			users = append(users, r.Given.By)
		}
	}
	names := map[licensing.UserID]string{}
	for part := range slices.Chunk(rows.Unique(users), rows.Batch) {
		var found []rows.User
		err := p.In(&found, rows.SelectUser+` WHERE u.org_id = ? AND u.id IN (?)`, p.org, part)
		if err != nil {
			return nil, err
		}
		for _, u := range found {
			names[u.ID] = u.Name
		}
	}
	out := []licensing.RoleOn{}
	for h, r := range p.roles {
		if r.Above == "" {
			r.InTenant = !p.absent[h.user]
		}
		r.Name, r.Given.Name = names[h.user], cmp.Or(names[r.Given.By], r.Given.Name)
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b licensing.RoleOn) int {
		return cmp.Or(cmp.Compare(rows.NameKey(a.Name), rows.NameKey(b.Name)),
			cmp.Compare(a.User, b.User), cmp.Compare(a.Role, b.Role))
	})
	return out, nil
}
