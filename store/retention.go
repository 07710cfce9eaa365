package store

import (
	"context"

	"github.com/google/uuid"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// eraseAtOnce is how many rows one turn of the retention erases at most.
const eraseAtOnce = 200

// beforeAllIDs sorts before every id.
const beforeAllIDs = "00000000-0000-0000-0000-000000000000"

// Erase erases one person's data because the person asked for it, in support's name (L10). It is refused while
// something needs the profile. What stays is the id, for the audit.
func (s *Store) Erase(ctx context.Context, e licensing.Erasure) (licensing.Erased, error) {
	e, err := e.Check()
	if err != nil {
		return licensing.Erased{}, err
	}
	q := request{id: e.ID, org: e.Org, action: licensing.AuditErase, content: e,
		who: licensing.Principal{Kind: licensing.BySupport}}
	return carryOut(ctx, s, q, func(t *tx) (licensing.Erased, []licensing.OutboxEntry, error) {
		none := licensing.Erased{}
		found, err := t.lockUsers(e.Org, []string{string(e.User)}, nil)
		if err != nil || len(found) == 0 {
			return none, nil, missingUser(err)
		}
		if found[0].SignInEmail == "" { // erased before
			return none, nil, missingUser(nil)
		}
		h, err := t.holding(e.User)
		if err != nil {
			return none, nil, err
		}
		if err := licensing.MayErase(h); err != nil {
			return none, nil, err
		}
		done, err := t.erasePerson(found[0])
		if err != nil {
			return none, nil, err
		}
		line := eraseLine(q, e.User)
		line.detail = licensing.RolesChanged{Reason: e.Reason}
		return done, nil, t.audit(line)
	})
}

// EraseDue erases what the policy says is due, a bounded part at a time: what mails said and to whom, people
// whom nothing needs or who left the tenant, and directory entries of those who left (L10). It returns where
// the next turn begins, and whether there is one.
func (s *Store) EraseDue(
	ctx context.Context, page licensing.ErasePage,
) (next licensing.ErasePage, more bool, err error) {
	mails, err := s.eraseMails(ctx)
	page.Done.Mails += mails
	if err != nil || mails == eraseAtOnce {
		return page, true, err
	}
	due, err := s.duePeople(ctx, page.After)
	if err != nil {
		return page, true, err
	}
	for _, u := range due {
		done, err := s.eraseUnneeded(ctx, u)
		if err != nil {
			return page, true, err
		}
		page.After, page.Done = u.ID, page.Done.Plus(done)
	}
	if len(due) == eraseAtOnce {
		return page, true, nil
	}
	entries, err := s.eraseDirectory(ctx)
	page.Done.Directory += entries
	return page, entries == eraseAtOnce, err
}

// eraseMails erases recipient, content and answer of mails that ended long ago and whose
// invitation has ended.
func (s *Store) eraseMails(ctx context.Context) (n int, err error) {
	err = s.write(ctx, "erase mails", func(t *tx) (err error) {
		n, err = t.exec(`
			UPDATE mails
			SET address = NULL, recipient = NULL, mailbox = '', data = '{}', answer = NULL, erased_at = ?
			WHERE id IN (
				SELECT m.id
				FROM mails m
				WHERE m.erased_at IS NULL AND m.settled_at < ?
				AND m.state IN ('sent', 'refused', 'dropped', 'given_up')
				AND NOT EXISTS (SELECT 1 FROM invitations i
					WHERE i.id = m.invitation_id AND i.state NOT IN ('accepted', 'cancelled'))
				ORDER BY m.settled_at
				LIMIT ?)`, ts(t.now), ts(t.now.Add(-t.policy.KeepMails)), eraseAtOnce)
		return err
	})
	return n, err
}

// duePerson is a profile that may be due.
type duePerson struct {
	ID  licensing.UserID `db:"id"`
	Org licensing.OrgID  `db:"org_id"`
}

// duePeople finds profiles about which nothing has happened for long: those that nothing needs, and those of
// people who left the tenant, with or without roles.
func (s *Store) duePeople(ctx context.Context, after licensing.UserID) (due []duePerson, err error) {
	if after == "" {
		after = beforeAllIDs
	}
	err = s.read(ctx, "find people to erase", func(t *tx) error {
		cutoff := ts(t.now.Add(-t.policy.KeepPeople))
		return t.all(&due, `
			SELECT u.id, u.org_id
			FROM users u
			LEFT JOIN directory_people d ON d.org_id = u.org_id AND d.object_id = u.object_id
			WHERE u.id > ? AND u.erased_at IS NULL AND u.created_at < ?
			AND (NOT d.present AND d.changed_at < ?
				OR NOT EXISTS (SELECT 1 FROM assignments a WHERE a.user_id = u.id))
			AND NOT EXISTS (SELECT 1 FROM audit l WHERE l.user_id = u.id AND l.at >= ?)
			AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.user_id = u.id AND c.until IS NULL)
			AND NOT EXISTS (SELECT 1 FROM handovers h
				WHERE u.id IN (h.from_user, h.to_user) AND h.state IN ('open', 'agreed'))
			ORDER BY u.id
			LIMIT ?`, after, cutoff, cutoff, cutoff, eraseAtOnce)
	})
	return due, err
}

// eraseUnneeded erases one person where nothing needs the profile. What is left of the roles of somebody who
// left the tenant goes first, through the gate like every change of roles.
func (s *Store) eraseUnneeded(ctx context.Context, u duePerson) (licensing.Erased, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return licensing.Erased{}, err
	}
	q := request{id: derive(licensing.RequestID(id.String()), 0), org: u.Org, action: licensing.AuditErase,
		content: u, derived: true}
	return carryOut(ctx, s, q, func(t *tx) (licensing.Erased, []licensing.OutboxEntry, error) {
		none := licensing.Erased{}
		found, err := t.lockUsers(u.Org, []string{string(u.ID)}, nil)
		if err != nil || len(found) == 0 {
			return none, nil, err
		}
		work, err := t.clearLeft(q, &found[0])
		if err != nil {
			return none, nil, err
		}
		h, err := t.holding(u.ID)
		if err != nil || licensing.MayErase(h) != nil {
			return none, work, err // the next turn looks again
		}
		done, err := t.erasePerson(found[0])
		if err != nil {
			return none, nil, err
		}
		return done, work, t.audit(eraseLine(q, u.ID))
	})
}

// clearLeft takes all roles from a person who left the tenant so long ago that nobody decided about them.
func (t *tx) clearLeft(q request, u *userRow) ([]licensing.OutboxEntry, error) {
	if u.Person().InTenant() {
		return nil, nil
	}
	h, err := t.Holdings([]licensing.UserID{u.ID})
	if err != nil || len(h.Assignments[u.ID]) == 0 {
		return nil, err
	}
	seen := commanded{user: *u, holdings: h, mine: sorted(h.Assignments[u.ID])}
	m := mandate{Mandate: licensing.EraseMandate, org: q.org, request: q.id, everywhere: true}
	d, err := t.decide(m, seen.everything())
	if err != nil {
		return nil, err
	}
	p, err := d.planned(t)
	if err != nil {
		return nil, err
	}
	if err := p.write(t); err != nil {
		return nil, err
	}
	// who has left is mailed nothing (R84)
	_, err = t.exec(`UPDATE mails SET state = 'dropped', settled_at = ? WHERE user_id = ? AND state = 'queued'`,
		ts(t.now), u.ID)
	return p.work, err
}

// holding reads what needs a person's profile.
func (t *tx) holding(u licensing.UserID) (h licensing.Holding, err error) {
	for _, need := range []struct {
		is    *bool
		query string
	}{
		{&h.Roles, `SELECT COUNT(*) FROM assignments WHERE user_id = ?`},
		{&h.Contact, `SELECT COUNT(*) FROM contacts WHERE user_id = ? AND until IS NULL`},
		{&h.Invited, `SELECT COUNT(*) FROM invitations
			WHERE user_id = ? AND state NOT IN ('accepted', 'cancelled')`},
		{&h.HandOver, `SELECT COUNT(*) FROM handovers
			WHERE ? IN (from_user, to_user) AND state IN ('open', 'agreed')`},
		{&h.Mails, `SELECT COUNT(*) FROM mails
			WHERE user_id = ? AND state NOT IN ('sent', 'refused', 'dropped', 'given_up')`},
	} {
		n := 0
		if err := t.get(&n, need.query, u); err != nil {
			return h, err
		}
		*need.is = n > 0
	}
	return h, nil
}

// erasePerson leaves the id of a profile and nothing else, and erases the directory's entry of who left.
func (t *tx) erasePerson(u userRow) (done licensing.Erased, err error) {
	object := u.ObjectID
	_, err = t.exec(`
		UPDATE users
		SET sign_in_email = '', sign_in_key = CAST(id AS text), business_email = '', name = ?, name_key = ?, object_id = NULL,
			in_tenant = (kind = 'external'), registered_at = NULL, issuer = NULL, subject = NULL, erased_at = ?
		WHERE id = ?`, licensing.ErasedName, rows.NameKey(licensing.ErasedName), ts(t.now), u.ID)
	if err != nil {
		return done, err
	}
	done.People = 1
	if done.Mails, err = t.exec(`
		UPDATE mails SET address = NULL, recipient = NULL, mailbox = '', data = '{}', answer = NULL, erased_at = ?
		WHERE user_id = ? AND erased_at IS NULL`, ts(t.now), u.ID); err != nil {
		return done, err
	}
	for _, query := range []string{
		`UPDATE invitations SET reason = NULL, accepted_contract = NULL WHERE user_id = ?`,
		`UPDATE contacts SET business_email = '', sign_in_email = NULL WHERE user_id = ?`, // former ones
	} {
		if _, err = t.exec(query, u.ID); err != nil {
			return done, err
		}
	}
	done.Directory, err = t.exec(`DELETE FROM directory_people
		WHERE org_id = ? AND object_id = ? AND NOT present`, u.OrgID, object)
	return done, err
}

// eraseDirectory erases entries of people who left long ago and have no profile.
func (s *Store) eraseDirectory(ctx context.Context) (n int, err error) {
	err = s.write(ctx, "erase directory entries", func(t *tx) (err error) {
		n, err = t.exec(`
			DELETE FROM directory_people
			WHERE (org_id, object_id) IN (
				SELECT d.org_id, d.object_id
				FROM directory_people d
				WHERE NOT d.present AND d.changed_at < ?
				AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = d.org_id AND u.object_id = d.object_id)
				LIMIT ?)`, ts(t.now.Add(-t.policy.KeepPeople)), eraseAtOnce)
		return err
	})
	return n, err
}

func eraseLine(q request, u licensing.UserID) auditLine {
	return auditLine{org: q.org, who: q.who, request: q.id, action: licensing.AuditErase, user: u, rule: "L10"}
}
