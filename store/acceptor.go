package store

import (
	"database/sql"
	"errors"

	"vlroles/licensing"
)

// asAddressee is the addressee who registers. Whoever has the id of a person in the directory is that person,
// whatever address was typed; an address that the directory has is its account's, and nobody's without that id
// (R47).
func (a *acceptance) asAddressee(dir directory) (asked, error) {
	u, who := &a.addressee, a.registration.Identity
	self := asked{PersonChange: licensing.PersonChange{User: u.ID}}
	if u.ObjectID != "" {
		return self, nil
	}
	if p, known := dir.people[u.SignInKey]; known && string(who.ObjectID) != p.ObjectID {
		// the address is another account's in the tenant
		return self, licensing.MayTakeOver(licensing.Identity{ObjectID: licensing.ObjectID(p.ObjectID)},
			licensing.Person{Present: true}, who)
	}
	p, err := a.inDirectory(who.ObjectID)
	if err != nil || p == nil {
		return self, err
	}
	if err := licensing.MayTakeOver(licensing.Identity{}, licensing.Person{Kind: licensing.Internal,
		Present: p.Present}, who); err != nil {
		return self, err
	}
	var other int
	err = a.get(&other, `SELECT COUNT(*) FROM users WHERE org_id = ? AND object_id = ?`, u.OrgID, p.ObjectID)
	if err != nil {
		return self, err
	}
	if err := licensing.MayBind(other == 0); err != nil {
		return self, err
	}
	u.Kind, u.ObjectID, u.InTenant = licensing.Internal, nullString(p.ObjectID), true
	return self, a.takeNameOf(u, p)
}

// takeNameOf gives a profile the name and the address that the directory has, unless another one has that.
func (a *acceptance) takeNameOf(u *userRow, p *personRow) error {
	if name := licensing.CleanName(p.Name); name != "" {
		u.Rename(name)
	}
	var taken int
	err := a.get(&taken, `SELECT COUNT(*) FROM users WHERE org_id = ? AND sign_in_key = ? AND id <> ?`, u.OrgID,
		p.EmailKey, u.ID)
	if err == nil && taken == 0 {
		u.Address(licensing.Email(p.Email))
	}
	return err
}

// inDirectory locks and returns the person with the id in the tenant's directory, nil for none. One who has left
// is one.
func (a *acceptance) inDirectory(id licensing.ObjectID) (*personRow, error) {
	var p personRow
	err := a.get(&p, a.lock(`
		SELECT d.object_id, d.email, d.email_key, d.name, d.present
		FROM directory_people d
		WHERE d.org_id = ? AND d.object_id = ?`, "d"), a.invitation.OrgID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

// asStranger is somebody else than the addressee: by what the profile is bound to first, since addresses are
// given to others (R47, L05). Nobody who has left the tenant gets anything (R84).
func (a *acceptance) asStranger(dir directory) (asked, error) {
	who := a.registration.Identity
	u, err := a.profileOf(who)
	if err != nil {
		return asked{}, err
	}
	if u != nil {
		bound := licensing.Identity{ObjectID: licensing.ObjectID(u.ObjectID), Issuer: string(u.Issuer),
			Subject: string(u.Subject)}
		return asked{PersonChange: licensing.PersonChange{User: u.ID}},
			licensing.MayTakeOver(bound, u.Person(), who)
	}
	p, err := a.inDirectory(who.ObjectID)
	if err != nil {
		return asked{}, err
	}
	if p != nil { // whatever address the identity has
		if err := licensing.MayTakeOver(licensing.Identity{}, licensing.Person{Kind: licensing.Internal,
			Present: p.Present}, who); err != nil {
			return asked{}, err
		}
		who.Email = licensing.Email(p.Email)
		dir.people[p.EmailKey] = directoryRow{string(p.ObjectID), string(p.Email), p.EmailKey, p.Name}
	} else if p, ok := dir.people[who.Email.Key()]; ok {
		err := licensing.MayTakeOver(licensing.Identity{ObjectID: licensing.ObjectID(p.ObjectID)},
			licensing.Person{Present: true}, who)
		if err != nil {
			return asked{}, err
		}
	}
	return a.newAcceptor(dir, who)
}

// newAcceptor makes the profile of somebody who has none.
func (a *acceptance) newAcceptor(dir directory, who licensing.Identity) (asked, error) {
	name := licensing.CleanName(who.Name)
	if name == "" {
		name = string(who.Email)
	}
	p := licensing.PersonChange{SignIn: who.Email, Name: name}
	fresh, err := dir.newcomer(p, licensing.ForwardMandate, a.now)
	if err != nil {
		return asked{}, err
	}
	fresh.OrgID = a.invitation.OrgID
	return asked{newcomer: &fresh}, nil
}

// profileOf locks and returns the profile of an identity, nil for none: the one that is bound to its object id,
// else to its issuer and subject, else the one with its address.
func (a *acceptance) profileOf(who licensing.Identity) (*userRow, error) {
	var same []licensing.UserID
	err := a.all(&same, `
		SELECT id
		FROM users
		WHERE org_id = ? AND (object_id = ? OR issuer = ? AND subject = ?)
		ORDER BY CASE WHEN object_id = ? THEN 0 ELSE 1 END`, a.invitation.OrgID, nullString(who.ObjectID),
		nullString(who.Issuer), nullString(who.Subject), nullString(who.ObjectID))
	if err != nil {
		return nil, err
	}
	var ids, keys []string
	if len(same) > 0 {
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

// bind binds a profile that registers to who registers, for good: issuer and subject where the identity has
// them and no other profile is bound to them (L05).
func (a *acceptance) bind(u *userRow) error {
	who := a.registration.Identity
	if who.Subject == "" {
		return nil
	}
	var other int
	err := a.get(&other, `
		SELECT COUNT(*)
		FROM users
		WHERE org_id = ? AND issuer = ? AND subject = ? AND id <> ?`, u.OrgID, who.Issuer, who.Subject, u.ID)
	if err != nil {
		return err
	}
	u.Issuer, u.Subject = nullString(who.Issuer), nullString(who.Subject)
	return licensing.MayBind(other == 0)
}
