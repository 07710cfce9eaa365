package store

import "vlroles/licensing"

// write writes the plan. Grants are taken before others are given, since the schema
// lets no two that exclude each other meet.
func (p *plan) write(t *tx) error {
	for _, step := range []func(*tx) error{
		func(*tx) error { return p.fault }, p.writePeople, p.writeInvitations, p.takeGrants, p.giveGrants,
		p.endNamings, p.writeContacts, p.writeHandOvers,
		func(t *tx) error { return t.queue(insertMail, p.mails) },
		func(t *tx) error { return t.audit(p.audit...) },
	} {
		if err := step(t); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) writePeople(t *tx) error {
	if err := insert(t, insertUser, p.users); err != nil {
		return err
	}
	for _, u := range p.updates {
		if err := t.updateUser(u); err != nil {
			return err
		}
	}
	return nil
}

// writeInvitations ends invitations before it makes new ones: a person has at most one that has not ended.
func (p *plan) writeInvitations(t *tx) error {
	for _, i := range p.accepted {
		_, err := t.exec(`
			UPDATE invitations
			SET state = 'accepted', accepted_at = ?, accepted_by = ?, accepted_request = ?, accepted_contract = ?
			WHERE id = ?`, i.At, i.By, i.Request, nullString(i.Contract.Key()), i.ID)
		if err != nil {
			return err
		}
	}
	for _, id := range p.withdrawn {
		if _, err := t.exec(`UPDATE invitations SET state = 'cancelled' WHERE id = ?`, id); err != nil {
			return err
		}
	}
	for _, i := range p.renewals {
		if err := t.updateInvitation(i); err != nil {
			return err
		}
	}
	return insert(t, insertInvitation, p.invitations)
}

func (p *plan) takeGrants(t *tx) error {
	for _, g := range p.cleared {
		_, err := t.exec(`DELETE FROM grants WHERE license_id = ? AND user_id = ? AND role = ?`, g.LicenseID,
			g.UserID, g.Role)
		if err != nil {
			return err
		}
	}
	for _, a := range p.gone {
		_, err := t.exec(`DELETE FROM assignments WHERE license_id = ? AND user_id = ?`,
			a.LicenseID, a.UserID)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) giveGrants(t *tx) error {
	for _, a := range p.restored { // before the propagation that makes them effective again
		if err := t.unsuspend(a.UserID, []licensing.LicenseID{a.LicenseID}, false); err != nil {
			return err
		}
	}
	if err := insert(t, upsertAssignment, p.assignments); err != nil {
		return err
	}
	if err := insert(t, insertGrant, p.grants); err != nil {
		return err
	}
	for _, g := range p.claimed {
		_, err := t.exec(`
			UPDATE grants
			SET origin = ?, contract_email = ?
			WHERE license_id = ? AND user_id = ? AND role = ?`, g.Origin, g.Contract, g.LicenseID, g.UserID, g.Role)
		if err != nil {
			return err
		}
	}
	return nil
}

// contactRow is a person whom a contract names, from now on or until now.
type contactRow struct {
	License licensing.LicenseID   `db:"license_id"`
	Kind    licensing.ContactKind `db:"kind"`
	User    licensing.UserID      `db:"user_id"`
	// the addresses on the contract, which alone say who the contact is (R34)
	Business licensing.Email `db:"business_email"`
	SignIn   nullString      `db:"sign_in_email"`
}

// contact is the contact as the contract has it.
func (c contactRow) contact() licensing.Contact {
	return licensing.Contact{Kind: c.Kind, Business: c.Business, SignIn: licensing.Email(c.SignIn)}
}

// preferenceRow is a wish to inherit that ends.
type preferenceRow struct {
	User    licensing.UserID    `db:"user_id"`
	License licensing.LicenseID `db:"license_id"`
}

// endNamings notes that an admin deleted a contact, who may opt in again when he is named anew (R80).
func (p *plan) endNamings(t *tx) error {
	for _, n := range p.endings {
		_, err := t.exec(`
			UPDATE contacts
			SET inherit_ended_at = ?
			WHERE license_id = ? AND user_id = ? AND until IS NULL AND inherit_ended_at IS NULL`,
			ts(t.now), n.License, n.User)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) writeContacts(t *tx) error {
	for _, c := range p.former {
		_, err := t.exec(`
			UPDATE contacts
			SET until = ?
			WHERE license_id = ? AND kind = ? AND user_id = ? AND until IS NULL`,
			ts(t.now), c.License, c.Kind, c.User)
		if err != nil {
			return err
		}
	}
	for _, c := range p.contacts {
		_, err := t.exec(`
			INSERT INTO contacts (license_id, kind, user_id, business_email, sign_in_email, since)
			VALUES (?, ?, ?, ?, ?, ?)`, c.License, c.Kind, c.User, c.Business, c.SignIn, ts(t.now))
		if err != nil {
			return err
		}
	}
	for _, c := range p.readdressed {
		_, err := t.exec(`
			UPDATE contacts
			SET business_email = ?, sign_in_email = ?
			WHERE license_id = ? AND kind = ? AND until IS NULL`, c.Business, c.SignIn, c.License, c.Kind)
		if err != nil {
			return err
		}
	}
	for _, w := range p.preferences {
		_, err := t.exec(`
			UPDATE preferences
			SET inherit = ?, changed_at = ?
			WHERE user_id = ? AND license_id = ?`, false, ts(t.now), w.User, w.License)
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) writeHandOvers(t *tx) error {
	const handOvers = `
		INSERT INTO handovers (id, org_id, from_user, to_user, state, created_at)
		VALUES (:id, :org_id, :from_user, :to_user, :state, :created_at)`
	if err := insert(t, handOvers, p.handovers); err != nil {
		return err
	}
	return insert(t, `
		INSERT INTO handover_lines (handover_id, license_id, state, rule, until)
		VALUES (:handover_id, :license_id, :state, :rule, :until)`, p.lines)
}
