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
		d.loadCaller, d.authorize, d.loadAgreements, d.loadPeople, d.loadNewcomers, d.loadHoldings,
		d.loadSources, d.loadAuthority, d.loadAdmins, d.loadInheritance, d.hideStrangers, d.findTwice,
		d.loadMails,
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

// authorize finds on which of the License IDs named the caller has a say, before anything is looked up of a
// person or a License ID. Who has none on any of them is refused whole (L03).
func (d *decision) authorize() (err error) {
	if d.everywhere {
		return nil
	}
	named := d.named()
	if d.mine, err = d.Administers(d.org, d.by, named); err != nil {
		return err
	}
	if len(named) > 0 && len(d.mine) == 0 {
		return licensing.Hidden()
	}
	for _, s := range d.people {
		says := func(c licensing.AccessChange) bool { return d.mine[c.License] }
		s.foreign = len(s.Access) > 0 && !slices.ContainsFunc(s.Access, says)
	}
	return nil
}

// named returns the License IDs on which something is to change.
func (d *decision) named() []licensing.LicenseID {
	var out []licensing.LicenseID
	for _, s := range d.people {
		for _, c := range s.Access {
			out = append(out, c.License)
		}
	}
	return unique(out)
}

// loadAgreements locks those that may lose an admin (R33), all in one order.
func (d *decision) loadAgreements() error {
	losing := slices.DeleteFunc(d.losing(), func(l licensing.LicenseID) bool {
		return !d.everywhere && !d.mine[l]
	})
	if err := d.lockAgreements(losing); err != nil {
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
		case s.newcomer != nil, s.foreign:
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
	for _, s := range d.people {
		switch {
		case s.newcomer != nil:
			s.user = *s.newcomer
			continue
		case s.foreign:
			continue
		case s.User != "":
			s.user, s.known = byID[s.User]
		default:
			s.user, s.known = byKey[s.SignIn.Key()]
		}
		s.imported = s.known && !s.registered.IsZero() && s.user.Person().Registered()
		if s.User != "" && !s.known {
			s.refusal = licensing.Hidden()
		}
	}
	return nil
}

// hideStrangers refuses whoever is named by an id that the caller can't have from a list, as if there were no
// such person (R43).
func (d *decision) hideStrangers() error {
	for _, s := range d.people {
		seen := !s.known || s.user.ID == d.by || d.touches(s)
		for l := range d.above[s.user.ID] {
			seen = seen || d.authority[l]
		}
		if d.OnSight && s.User != "" && !seen {
			s.refusal = licensing.Hidden()
		}
	}
	return nil
}

// findTwice refuses who stands in the request twice: by id and by sign-in email.
func (d *decision) findTwice() error {
	seen := map[licensing.UserID]int{}
	for n, s := range d.people {
		if !s.known || s.refusal != nil {
			continue
		}
		if first, twice := seen[s.user.ID]; twice {
			s.refusal = licensing.Twice(first)
			continue
		}
		seen[s.user.ID] = n
	}
	return nil
}

// loadNewcomers works out kind, name and directory object of people without a row (R44, R63, R64).
func (d *decision) loadNewcomers() error {
	var keys []string
	unknown := func(s *subject) bool {
		return !s.known && !s.foreign && s.newcomer == nil && s.refusal == nil
	}
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
	var known []licensing.UserID
	for _, s := range d.people {
		if s.known && s.refusal == nil {
			known = append(known, s.user.ID)
		}
	}
	h, err := d.Holdings(unique(known))
	if err != nil {
		return err
	}
	for _, s := range d.people {
		if id := s.user.ID; s.known && s.refusal == nil {
			s.invitation, s.assignments = h.Invitation[id], h.Assignments[id]
			s.grants, s.processed = h.Grants[id], h.Processed[id]
		}
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
		for _, l := range d.named() { // what was nobody's to decide before the locks stays so: see foreign
			d.authority[l] = d.authority[l] && d.mine[l]
		}
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
		err := d.in(&some, `SELECT DISTINCT parent FROM agreements WHERE org_id = ? AND parent IN (?)`, d.org,
			part)
		if err != nil {
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
