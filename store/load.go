package store

import (
	"maps"
	"slices"

	"vlroles/licensing"
)

// load reads and locks everything that the judgement of these people depends on: agreements first, then
// users.
func (t *tx) load(m mandate, people []asked) (*decision, error) {
	d := &decision{tx: t, mandate: m}
	for _, p := range people {
		d.people = append(d.people, &subject{asked: p, assignments: map[licensing.LicenseID]*assignmentRow{},
			grants: map[licensing.LicenseID][]licensing.Grant{}})
	}
	for _, load := range []func() error{
		d.loadCaller, d.loadAgreements, d.loadPeople, d.loadNewcomers, d.loadHoldings, d.loadSources,
		d.loadAuthority, d.loadAdmins, d.loadInheritance, d.loadMails,
	} {
		if err := load(); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// loadCaller refuses whoever administers nothing because he has not registered or has left (R05).
func (d *decision) loadCaller() error {
	if d.everywhere {
		return nil
	}
	ok, err := d.Active(d.org, d.by)
	if err != nil {
		return err
	}
	return licensing.MayAct(ok)
}

// loadAgreements locks those that may lose an admin (R33), all in one order.
func (d *decision) loadAgreements() error {
	if err := d.lockAgreements(d.losing()); err != nil {
		return err
	}
	var all []licensing.LicenseID
	for _, s := range d.people {
		for _, c := range s.Access {
			all = append(all, c.License)
			if c.From != nil {
				all = append(all, c.From.License)
			}
		}
	}
	d.agreements = map[licensing.LicenseID]licensing.Agreement{}
	for part := range slices.Chunk(unique(all), batch) {
		var rows []agreementRow
		err := d.in(&rows, `
			SELECT license_id, processed_at, invitation
			FROM agreements
			WHERE org_id = ? AND license_id IN (?)`, d.org, part)
		if err != nil {
			return err
		}
		for _, r := range rows {
			d.agreements[r.LicenseID] = licensing.Agreement{
				License: r.LicenseID, ProcessedAt: r.ProcessedAt.Time, NoInvitation: r.Invitation == "none",
			}
		}
	}
	return nil
}

// losing returns the License IDs that may lose an admin, or whose admins the judgement must know.
func (d *decision) losing() []licensing.LicenseID {
	var out []licensing.LicenseID
	for _, s := range d.people {
		for _, c := range s.Access {
			removes := slices.Contains(c.Remove, licensing.Administrator) || c.From != nil && c.From.Replace
			if removes || d.HandsOver {
				out = append(out, c.License)
			}
		}
	}
	return unique(out)
}

// loadPeople finds and locks the users.
func (d *decision) loadPeople() error {
	ids, keys := []string{""}, []string{""} // IN () is no SQL; no id and no key is empty
	for _, s := range d.people {
		switch {
		case s.newcomer != nil:
		case s.User != "":
			ids = append(ids, string(s.User))
		default:
			keys = append(keys, s.SignIn.Key())
		}
	}
	rows, err := d.lockUsers(d.org, ids, keys)
	if err != nil {
		return err
	}
	byID, byKey := map[licensing.UserID]userRow{}, map[string]userRow{}
	for _, u := range rows {
		byID[u.ID], byKey[u.SignInKey] = u, u
	}
	seen := map[licensing.UserID]int{}
	for n, s := range d.people {
		switch {
		case s.newcomer != nil:
			s.user = *s.newcomer
			continue
		case s.User != "":
			s.user, s.known = byID[s.User]
		default:
			s.user, s.known = byKey[s.SignIn.Key()]
		}
		s.imported = s.known && !s.registered.IsZero() && s.user.Person().Registered()
		s.refusal = whoIs(s, seen)
		if s.known && s.refusal == nil {
			seen[s.user.ID] = n
		}
	}
	return nil
}

// whoIs refuses a person whom there is not, and one who stands in the request twice.
func whoIs(s *subject, seen map[licensing.UserID]int) *licensing.Error {
	if s.User != "" && !s.known {
		return licensing.Refuse(licensing.NotFound, "R43", hiddenUser)
	}
	if first, twice := seen[s.user.ID]; s.known && twice {
		return licensing.Refuse(licensing.Invalid, "R66", "duplicate of people[%d]", first)
	}
	return nil
}

// loadNewcomers works out kind, name and directory object of people without a row (R44, R63, R64).
func (d *decision) loadNewcomers() error {
	var keys []string
	unknown := func(s *subject) bool { return !s.known && s.newcomer == nil && s.refusal == nil }
	for _, s := range d.people {
		if unknown(s) {
			keys = append(keys, s.SignIn.Key())
		}
	}
	dir, err := d.directory(d.org, keys)
	if err != nil {
		return err
	}
	for _, s := range d.people {
		if !unknown(s) {
			continue
		}
		s.user, err = dir.newcomer(s.PersonChange, d.Mandate, d.now)
		s.refusal, s.user.OrgID = licensing.RefusalOf(err), d.org
		if !s.registered.IsZero() {
			s.user.RegisteredAt, s.imported = ts(s.registered), true
		}
	}
	return nil
}

func (d *decision) loadHoldings() error {
	by := map[licensing.UserID]*subject{}
	for _, s := range d.people {
		if s.known && s.refusal == nil {
			by[s.user.ID] = s
		}
	}
	h, err := d.Holdings(slices.Sorted(maps.Keys(by)))
	if err != nil {
		return err
	}
	for id, s := range by {
		s.invitation, s.assignments = h.Invitation[id], h.Assignments[id]
		s.grants, s.processed = h.Grants[id], h.Processed[id]
	}
	return nil
}

// loadAuthority finds on which License IDs the mandate holds (R05, R69).
func (d *decision) loadAuthority() error {
	all := slices.Collect(maps.Keys(d.agreements)) // of the organization, as the people's assignments are
	for _, s := range d.people {
		all = append(all, sorted(s.assignments)...)
	}
	if !d.everywhere {
		var err error
		d.authority, err = d.Administers(d.org, d.by, all)
		return err
	}
	d.authority = map[licensing.LicenseID]bool{}
	for _, l := range all {
		d.authority[l] = true
	}
	return nil
}

// loadAdmins finds who else could administer what may lose an admin (R33).
func (d *decision) loadAdmins() (err error) {
	d.admins, err = d.ActiveAdmins(d.losing())
	return err
}

// loadInheritance finds who of the people is Administrator by inheritance where something changes (R87, R92).
func (d *decision) loadInheritance() (err error) {
	var users []licensing.UserID
	for _, s := range d.people {
		if s.known {
			users = append(users, s.user.ID)
		}
	}
	d.above, err = d.Inheritance(d.org, users, slices.Collect(maps.Keys(d.agreements)))
	return err
}

// loadSources reads what roles are copied from (R72, R77).
func (d *decision) loadSources() error {
	var users []licensing.UserID
	var targets []licensing.LicenseID
	for _, s := range d.people {
		for _, c := range s.Access {
			if c.From == nil {
				continue
			}
			targets = append(targets, c.License)
			if ids(string(s.source(c))) {
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
