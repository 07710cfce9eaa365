package store

import (
	"slices"

	"github.com/google/uuid"

	"vlroles/licensing"
)

func (d *decision) read() error {
	for _, read := range []func() error{d.readCaller, d.readAgreements, d.readPeople, d.readHoldings, d.readSources, d.readAuthority, d.readInheritance} {
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func (d *decision) readCaller() error {
	u, err := d.User(d.save.Org, d.save.Admin)
	if err != nil {
		return err
	}
	if u == nil || !u.Person().Registered() || !u.Person().InTenant() {
		return licensing.Refuse(licensing.Forbidden, "R05", "only a registered administrator of the License IDs can assign roles")
	}
	return nil
}

// readAgreements locks those that may lose an admin (R33), all in one order.
func (d *decision) readAgreements() error {
	if err := d.lockAgreements(d.losing()); err != nil {
		return err
	}
	var all []licensing.LicenseID
	for _, p := range d.save.People {
		for _, c := range p.Access {
			all = append(all, c.License)
		}
	}
	d.agreements = map[licensing.LicenseID]licensing.Agreement{}
	for part := range slices.Chunk(unique(all), batch) {
		var rows []agreementRow
		if err := d.in(&rows, `SELECT license_id, processed_at, invitation FROM agreements WHERE org_id = ? AND license_id IN (?)`, d.save.Org, part); err != nil {
			return err
		}
		for _, r := range rows {
			d.agreements[r.LicenseID] = licensing.Agreement{License: r.LicenseID, ProcessedAt: r.ProcessedAt.Time, NoInvitation: r.Invitation == "none"}
		}
	}
	return nil
}

// losing returns the License IDs that may lose an admin by the request, or must have none for it.
func (d *decision) losing() []licensing.LicenseID {
	var out []licensing.LicenseID
	for _, p := range d.save.People {
		for _, c := range p.Access {
			if slices.Contains(c.Remove, licensing.Administrator) || c.From != nil && c.From.Replace || d.purpose == seating {
				out = append(out, c.License)
			}
		}
	}
	return unique(out)
}

// readPeople finds and locks the users, and works out who the new ones are.
func (d *decision) readPeople() error {
	ids, keys := []string{""}, []string{""} // IN () is no SQL; no id and no key is empty
	for _, p := range d.save.People {
		if p.User != "" {
			ids = append(ids, string(p.User))
		} else {
			keys = append(keys, p.SignIn.Key())
		}
	}
	byID, byKey := map[licensing.UserID]userRow{}, map[string]userRow{}
	rows, err := d.lockUsers(d.save.Org, ids, keys)
	if err != nil {
		return err
	}
	for _, u := range rows {
		byID[u.ID], byKey[u.SignInKey] = u, u
	}
	known := map[licensing.UserID]int{}
	for n, p := range d.save.People {
		s := &subject{change: p, assignments: map[licensing.LicenseID]*assignmentRow{}, grants: map[licensing.LicenseID][]licensing.Grant{}}
		if p.User != "" {
			s.user, s.known = byID[p.User]
		} else {
			s.user, s.known = byKey[p.SignIn.Key()]
		}
		if p.User != "" && !s.known {
			s.refusal = licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
		}
		if first, twice := known[s.user.ID]; s.known && twice {
			s.refusal = licensing.Refuse(licensing.Invalid, "R66", "the same person stands at people[%d] already", first)
		} else if s.known {
			known[s.user.ID] = n
		}
		d.people = append(d.people, s)
	}
	return d.readNewcomers()
}

// readNewcomers works out kind, name and directory object of people without a row (R44, R63, R64).
func (d *decision) readNewcomers() error {
	var keys []string
	for _, s := range d.people {
		if !s.known && s.refusal == nil {
			keys = append(keys, s.change.SignIn.Key())
		}
	}
	dir, err := d.directory(d.save.Org, keys)
	if err != nil {
		return err
	}
	for _, s := range d.people {
		if s.known || s.refusal != nil {
			continue
		}
		s.user, s.refusal = dir.newcomer(s.change.SignIn, s.change.Business, s.change.Name, d.now)
		s.user.OrgID = d.save.Org
		if d.purpose == contracting && s.refusal != nil && s.refusal.Rule == "R63" {
			s.refusal = nil // a contact whom the directory doesn't know shows as User not found (R57)
		}
	}
	return nil
}

func (d *decision) readHoldings() error {
	by := map[licensing.UserID]*subject{}
	var ids []licensing.UserID
	for _, s := range d.people {
		if s.known && s.refusal == nil {
			by[s.user.ID] = s
			ids = append(ids, s.user.ID)
		}
	}
	h, err := d.Holdings(ids)
	if err != nil {
		return err
	}
	for id, s := range by {
		s.invitation, s.assignments, s.grants, s.processed = h.Invitation[id], h.Assignments[id], h.Grants[id], h.Processed[id]
	}
	return nil
}

// readAuthority finds on which License IDs the caller may decide, and who else could (R05, R33, R69).
func (d *decision) readAuthority() error {
	var ids []licensing.LicenseID
	for id := range d.agreements {
		ids = append(ids, id)
	}
	for _, s := range d.people {
		for id := range s.assignments {
			ids = append(ids, id)
		}
	}
	for _, s := range d.people {
		for _, c := range s.change.Access {
			if c.From != nil {
				ids = append(ids, c.From.License)
			}
		}
	}
	var err error
	if d.authority, err = d.Administers(d.save.Org, d.save.Admin, ids); err != nil {
		return err
	}
	d.admins, err = d.ActiveAdmins(d.losing())
	return err
}

// readInheritance finds who of the people is Administrator by inheritance where something changes (R87, R92).
func (d *decision) readInheritance() error {
	var users []licensing.UserID
	for _, s := range d.people {
		if s.known {
			users = append(users, s.user.ID)
		}
	}
	var ids []licensing.LicenseID
	for id := range d.agreements {
		ids = append(ids, id)
	}
	var err error
	d.above, err = d.Inheritance(d.save.Org, users, ids)
	return err
}

// readSources reads what roles are copied from (R72, R77).
func (d *decision) readSources() error {
	var users []licensing.UserID
	var targets []licensing.LicenseID
	for _, s := range d.people {
		for _, c := range s.change.Access {
			if c.From == nil {
				continue
			}
			targets = append(targets, c.License)
			if uuid.Validate(string(s.source(c))) == nil {
				users = append(users, s.source(c))
			}
		}
	}
	var err error
	if d.sources, err = d.Holdings(unique(users)); err != nil {
		return err
	}
	d.parents = map[licensing.LicenseID]bool{}
	for part := range slices.Chunk(unique(targets), batch) {
		var some []licensing.LicenseID
		if err := d.in(&some, `SELECT DISTINCT parent FROM agreements WHERE parent IN (?)`, part); err != nil {
			return err
		}
		for _, id := range some {
			d.parents[id] = true
		}
	}
	return nil
}

// source returns whose roles a change copies.
func (s *subject) source(c licensing.AccessChange) licensing.UserID {
	if c.From.User != "" {
		return c.From.User
	}
	return s.user.ID
}
