package store

import (
	"vlroles/licensing"
)

// followAll brings the directory's entries and the VL users along, leavers first: their addresses are free for
// others then. It plans; write writes.
func (c *directoryImport) followAll(people []licensing.DirectoryPerson, taken []int) {
	var there []int
	for _, n := range taken {
		if !people[n].Left {
			there = append(there, n)
			continue
		}
		if old, known := c.known[people[n].ObjectID]; known {
			gone := old.person()
			gone.Left = true
			c.enter(gone)
		}
		if u := c.byObject[people[n].ObjectID]; u != nil && u.InTenant {
			c.leaves(u, "R84")
		}
	}
	for _, n := range there {
		c.park(people[n])
	}
	for _, n := range there {
		c.arrives(people[n], n)
		c.enter(people[n])
	}
}

// enter plans a person's entry in the directory, where it is news.
func (c *directoryImport) enter(p licensing.DirectoryPerson) {
	old, known := c.known[p.ObjectID]
	if known && old.person() == p {
		return
	}
	if old.Present && (p.Left || old.EmailKey != p.Email.Key()) {
		c.freed = append(c.freed, p.ObjectID)
	}
	c.answer.Changed++
	c.entries = append(c.entries, personRow{ObjectID: p.ObjectID, Email: p.Email, EmailKey: p.Email.Key(),
		Name: p.Name, Present: !p.Left})
}

// leaves ends the access of a person who left (R84).
func (c *directoryImport) leaves(u *userRow, rule string) {
	u.InTenant = false
	c.changed[u.ID] = u
	c.left = append(c.left, u.ID)
	c.answer.Left = append(c.answer.Left, u.ID)
	c.tell(u)
	line := c.line(u.ID, licensing.AuditDirectoryLeft, rule)
	line.after = licensing.StatusUserNotFound
	c.lines = append(c.lines, line)
}

// park takes the address away from the profile of whoever had it before: it is another person's now, who
// inherits nothing (R47). No address contains a blank, so nobody finds the profile by it.
func (c *directoryImport) park(p licensing.DirectoryPerson) {
	u := c.byKey[p.Email.Key()]
	if u != nil && u.ObjectID != "" && u.ObjectID != nullString(p.ObjectID) {
		u.SignInKey = string(u.ObjectID) + " " + u.SignInKey
		c.changed[u.ID] = u
	}
}

// arrives brings the VL user of a person along who is there.
func (c *directoryImport) arrives(p licensing.DirectoryPerson, n int) {
	namesake := c.byKey[p.Email.Key()]
	if namesake != nil && namesake.ObjectID != "" {
		namesake = nil // the person's own profile, or one that has lost the address
	}
	u := c.byObject[p.ObjectID]
	switch {
	case u == nil && namesake != nil:
		c.bind(namesake, p)
	case u != nil && namesake != nil:
		c.twoProfiles(namesake, n)
		c.follow(u, p, false)
	case u != nil:
		c.follow(u, p, true)
	}
}

// bind gives a profile that the directory did not know the object of the person who has its address now: of
// an internal person (R57), or of an external one, who is internal from now on and loses the access by leaving
// (R47).
func (c *directoryImport) bind(u *userRow, p licensing.DirectoryPerson) {
	rule := "R57"
	if u.Kind == licensing.External {
		rule = "R47"
	}
	u.Kind, u.ObjectID, u.InTenant = licensing.Internal, nullString(p.ObjectID), true
	u.Rename(p.Name)
	c.changed[u.ID] = u
	c.lines = append(c.lines, c.line(u.ID, licensing.AuditDirectoryFound, rule))
}

// twoProfiles reports a profile whose address is that of a person who has another profile. Nothing would tell
// when its access has to end, so it ends now (R47, R84).
func (c *directoryImport) twoProfiles(u *userRow, n int) {
	c.answer.Odd = append(c.answer.Odd, licensing.OddEntry{Index: n, Error: licensing.RefusalOf(
		licensing.MayRecheckAs(false))})
	if u.Kind == licensing.External {
		u.Kind = licensing.Internal
		c.leaves(u, "R47")
	}
}

// follow gives the profile the directory's name and, where it is free, the address. A business email that was
// the old address moves along.
func (c *directoryImport) follow(u *userRow, p licensing.DirectoryPerson, free bool) {
	if !u.InTenant { // his roles stay suspended (R86)
		u.InTenant = true
		c.changed[u.ID] = u
		c.answer.Returned = append(c.answer.Returned, u.ID)
		line := c.line(u.ID, licensing.AuditDirectoryReturned, "R86")
		line.after = licensing.StatusUserNotFound
		c.lines = append(c.lines, line)
	}
	if u.Name != p.Name {
		u.Rename(p.Name)
		c.changed[u.ID] = u
	}
	if !free || u.SignInKey == p.Email.Key() {
		return
	}
	if licensing.Email(u.BusinessEmail).Key() == licensing.Email(u.SignInEmail).Key() {
		u.BusinessEmail = string(p.Email)
	}
	u.Address(p.Email)
	c.changed[u.ID] = u
	c.lines = append(c.lines, c.line(u.ID, licensing.AuditDirectoryAddress, "R47"))
}

// tell has the downstream system told what the person has now.
func (c *directoryImport) tell(u *userRow) {
	if u.Person().Registered() {
		c.work = append(c.work, tell(c.org, c.request, u.ID))
		c.answer.Work = len(c.work)
	}
}

// line begins an audit line of the import.
func (c *directoryImport) line(user licensing.UserID, action licensing.AuditAction, rule string) auditLine {
	return auditLine{org: c.org, by: c.by, who: c.who, request: c.request, user: user, action: action, rule: rule}
}

func tell(org licensing.OrgID, id licensing.RequestID, user licensing.UserID) licensing.OutboxEntry {
	return licensing.OutboxEntry{Kind: licensing.OutboxAssign, Org: org, Request: id, User: user,
		Propagation: licensing.Propagation{Change: licensing.ChangeID(id), Removed: true}}
}
