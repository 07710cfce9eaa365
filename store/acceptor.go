package store

import "vlroles/licensing"

// asAddressee is the addressee who registers. Somebody whom the
// directory knows by now becomes internal (R47).
func (a *acceptance) asAddressee(dir directory) (asked, error) {
	u := &a.addressee
	self := asked{PersonChange: licensing.PersonChange{User: u.ID}}
	p, known := dir.people[u.SignInKey]
	if !known || u.ObjectID != "" {
		return self, nil
	}
	var other int
	err := a.get(&other, `SELECT COUNT(*) FROM users WHERE org_id = ? AND object_id = ?`, u.OrgID, p.ObjectID)
	if err != nil {
		return self, err
	}
	u.Kind, u.ObjectID, u.InTenant = licensing.Internal, nullString(p.ObjectID), true
	return self, licensing.MayBind(other == 0)
}

// asStranger is somebody else than the addressee: by object id first, since addresses are given to others
// (R47). Nobody who has left the tenant gets anything (R84).
func (a *acceptance) asStranger(dir directory) (asked, error) {
	who := a.registration.Identity
	u, err := a.profileOf(who)
	if err != nil {
		return asked{}, err
	}
	if u != nil {
		return asked{PersonChange: licensing.PersonChange{User: u.ID}},
			licensing.MayTakeOver(licensing.ObjectID(u.ObjectID), u.Person(), who)
	}
	if p, ok := dir.people[who.Email.Key()]; ok {
		err := licensing.MayTakeOver(licensing.ObjectID(p.ObjectID), licensing.Person{Present: true}, who)
		if err != nil {
			return asked{}, err
		}
	}
	name := licensing.CleanName(who.Name)
	if name == "" {
		name = string(who.Email)
	}
	fresh, err := dir.newcomer(licensing.PersonChange{SignIn: who.Email, Name: name}, licensing.ForwardMandate, a.now)
	if err != nil {
		return asked{}, err
	}
	fresh.OrgID = a.invitation.OrgID
	return asked{newcomer: &fresh}, nil
}

// profileOf locks and returns the profile of an identity, nil for none.
func (a *acceptance) profileOf(who licensing.Identity) (*userRow, error) {
	var same []licensing.UserID
	if who.ObjectID != "" {
		err := a.all(&same, `SELECT id FROM users WHERE org_id = ? AND object_id = ?`, a.invitation.OrgID,
			who.ObjectID)
		if err != nil {
			return nil, err
		}
	}
	var ids, keys []string
	if len(same) == 1 {
		ids = []string{string(same[0])}
	} else {
		keys = []string{who.Email.Key()}
	}
	rows, err := a.lockUsers(a.invitation.OrgID, ids, keys)
	if err != nil || len(rows) != 1 {
		return nil, err
	}
	return &rows[0], nil
}
