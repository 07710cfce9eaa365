package store

import (
	"encoding/json"
	"fmt"
	"slices"

	"vlroles/licensing"
)

// invites says whether the mail carries a link that registers.
func (m ledgerRow) invites() bool {
	return m.Kind == licensing.MailWelcome || m.Kind == licensing.MailReminder
}

// wanted says whether the mail still tells the truth: a link that is dead is not worth sending.
func (m ledgerRow) wanted(i *invitationRow) bool {
	if !m.invites() {
		return true
	}
	return i != nil && i.State == licensing.InvitationOpen && i.Generation == m.Generation
}

// mailJob reads everything that the mail is made of; there is nobody to send it to
// where the person has left the tenant.
func (t *tx) mailJob(m ledgerRow, i *invitationRow) (licensing.MailJob, error) {
	j := licensing.MailJob{ID: m.ID, Kind: m.Kind, Attempt: m.Attempts, Unknown: m.Unknown, Org: m.OrgID,
		User: m.UserID}
	var to struct {
		Name         string          `db:"name"`
		Email        licensing.Email `db:"business_email"`
		Organization string          `db:"organization"`
		Left         bool            `db:"left_tenant"`
	}
	err := t.get(&to, `
		SELECT u.name, u.business_email, o.name AS organization, NOT u.in_tenant
		AND u.object_id IS NOT NULL AS left_tenant
		FROM users u
		JOIN organizations o ON o.id = u.org_id
		WHERE u.id = ?`, m.UserID)
	if err != nil {
		return j, err
	}
	if to.Left {
		return j, nil // the address may be somebody else's by now (R47)
	}
	j.To, j.Name, j.Organization = to.Email, to.Name, to.Organization
	if m.Address != "" {
		j.To = licensing.Email(m.Address)
	}
	switch m.Kind {
	case licensing.MailWelcome, licensing.MailReminder:
		err = t.invitationJob(m, i, &j)
	case licensing.MailRegistered:
		err = t.registeredJob(m, &j)
	case licensing.MailChanges:
		var data changesData
		err = json.Unmarshal([]byte(m.Data), &data)
		j.Changes = data.Verdicts
	case licensing.MailConfirmation:
		err = t.confirmationJob(m, &j)
	case licensing.MailExpired:
		err = t.expiredJob(m, &j)
	default: // mails about License IDs
		var data licensesData
		err = json.Unmarshal([]byte(m.Data), &data)
		for _, l := range data.Licenses {
			j.Access = append(j.Access, licensing.AccessEntry{License: l})
		}
	}
	if err != nil {
		return j, fmt.Errorf("read mail of kind %s: %w", m.Kind, err)
	}
	return j, nil
}

// invitationJob tells what waits for the registration, and has the link of the address to which the mail goes
// (R28). To an address on a contract it tells what that contract gave, and everything where it is the person's
// business email too; there is nothing to tell where the contract gives nothing there any more.
func (t *tx) invitationJob(m ledgerRow, i *invitationRow, j *licensing.MailJob) error {
	j.Invitation, j.Generation, j.KeyID, j.Expires = i.ID, i.Generation, i.KeyID, i.ExpiresAt.Time
	j.Link = licensing.OwnLink
	asked := pending
	if m.Address != "" {
		contract := licensing.Email(m.Address)
		j.Link, j.Forwardable = licensing.ContractLink(i.ID, contract), true
		gives, own, err := t.givenBy(m, contract)
		if err != nil {
			return err
		}
		asked = func(a *assignmentRow) bool { return pending(a) && len(gives) > 0 && (own || gives[a.LicenseID]) }
	}
	var err error
	j.Access, err = t.Entries(m.UserID, asked)
	return err
}

// givenBy returns on which License IDs a contract gave the person something by an address that waits, and
// whether that is the person's business email.
func (t *tx) givenBy(
	m ledgerRow, address licensing.Email,
) (gives map[licensing.LicenseID]bool, own bool, err error) {
	u, err := t.User(m.OrgID, m.UserID)
	if err != nil || u == nil {
		return nil, false, missingUser(err)
	}
	h, err := t.Holdings([]licensing.UserID{m.UserID})
	gives = map[licensing.LicenseID]bool{}
	for l, grants := range h.Grants[m.UserID] {
		for _, g := range grants {
			if pending(h.Assignments[m.UserID][l]) && g.Contract.Key() == address.Key() {
				gives[l] = true
			}
		}
	}
	return gives, licensing.Email(u.BusinessEmail).Key() == address.Key(), err
}

// registeredJob tells what the registration put in progress, or what the person
// has where later changes took that over.
func (t *tx) registeredJob(m ledgerRow, j *licensing.MailJob) error {
	change := nullString(licensing.InvitationChange(licensing.InvitationID(m.InvitationID), m.Generation))
	var err error
	j.Access, err = t.Entries(m.UserID, func(a *assignmentRow) bool { return a.ChangeID == change })
	if err == nil && len(j.Access) == 0 {
		j.Access, err = t.Entries(m.UserID, func(*assignmentRow) bool { return true })
	}
	return err
}

// confirmationJob names the people of a request as their profiles say, and as they were typed where there is
// none that the recipient may see (R75).
func (t *tx) confirmationJob(m ledgerRow, j *licensing.MailJob) error {
	var data confirmationData
	if err := json.Unmarshal([]byte(m.Data), &data); err != nil {
		return err
	}
	j.Request, j.People = data.Request, data.People
	var seen []licensing.UserID
	for _, p := range j.People {
		if p.Verdict.User != "" {
			seen = append(seen, p.Verdict.User)
		}
	}
	profiles := map[licensing.UserID]userRow{}
	for part := range slices.Chunk(unique(seen), batch) {
		var found []userRow
		if err := t.in(&found, selectUser+` WHERE u.org_id = ? AND u.id IN (?)`, m.OrgID, part); err != nil {
			return err
		}
		for _, u := range found {
			profiles[u.ID] = u
		}
	}
	for n, p := range j.People {
		if u, ok := profiles[p.Verdict.User]; ok {
			j.People[n].Name, j.People[n].Email = u.Name, licensing.Email(u.SignInEmail)
		}
	}
	return nil
}

// expiredJob names who did not register to the admin who invited, and what still waits there
// of what the admin may see (R43, R56).
func (t *tx) expiredJob(m ledgerRow, j *licensing.MailJob) error {
	var data expiredData
	if err := json.Unmarshal([]byte(m.Data), &data); err != nil {
		return err
	}
	u, err := t.User(m.OrgID, data.Person)
	if err != nil || u == nil {
		return missingUser(err)
	}
	j.Person, j.PersonEmail = u.Name, licensing.Email(u.SignInEmail)
	mine, err := t.Administers(m.OrgID, m.UserID, data.Licenses)
	if err != nil {
		return err
	}
	j.Access, err = t.Entries(data.Person, func(a *assignmentRow) bool {
		return pending(a) && mine[a.LicenseID] && slices.Contains(data.Licenses, a.LicenseID)
	})
	return err
}
