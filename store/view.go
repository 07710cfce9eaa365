package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"vlroles/licensing"
)

// User returns what the caller may see of one user: the License IDs that both have to do with, and of the others how many
// there are (R43).
func (s *Store) User(ctx context.Context, org licensing.OrgID, caller, id licensing.UserID) (licensing.UserView, error) {
	var v licensing.UserView
	err := s.read(ctx, "read user", func(t *tx) error {
		p, held, err := t.seen(org, caller, id)
		if err != nil {
			return err
		}
		var all int
		if err := t.get(&all, `SELECT COUNT(*) FROM assignments WHERE user_id = ?`, id); err != nil {
			return err
		}
		newest, err := t.newestInvitation(id)
		if err != nil {
			return err
		}
		if v.Mails, err = t.mailsTo(id, held); err != nil {
			return err
		}
		if newest != nil {
			p.Mail = opt(welcomeState(*newest, v.Mails))
			v.Invitation = &licensing.InvitationLine{
				ID: newest.ID, State: newest.State, Generation: newest.Generation, ExpiresAt: newest.ExpiresAt.Time,
				Delivery: licensing.MailState(p.Mail).Delivery(), Reason: string(newest.Reason),
			}
			if newest.State != licensing.InvitationAccepted && newest.State != licensing.InvitationCancelled {
				p.Invitation, p.ExpiresAt = opt(newest.State), newest.ExpiresAt
			} else {
				p.Mail = ""
			}
		}
		v.UserRow, v.Access, v.RegisteredAt = p.line(held), p.access(held), p.RegisteredAt.Time
		v.Hidden = all - len(v.Access)
		return t.markContacts(id, v.Access)
	})
	return v, err
}

// markContacts says of each License ID whether the contract names the user, or did so once (R34).
func (t *tx) markContacts(user licensing.UserID, access []licensing.AccessEntry) error {
	var rows []struct {
		License licensing.LicenseID   `db:"license_id"`
		Kind    licensing.ContactKind `db:"kind"`
		Former  bool                  `db:"former"`
	}
	err := t.all(&rows, `
		SELECT license_id, kind, until IS NOT NULL AS former
		FROM contacts
		WHERE user_id = ?
		ORDER BY license_id, kind`, user)
	for n := range access {
		e := &access[n]
		for _, r := range rows {
			switch {
			case r.License != e.License:
			case r.Former:
				e.FormerContact = true
			default:
				e.Contact = append(e.Contact, r.Kind)
			}
		}
		e.FormerContact = e.FormerContact && len(e.Contact) == 0
	}
	return err
}

// seen reads a user whom the caller may see, with what the caller may see of the user's roles.
func (t *tx) seen(org licensing.OrgID, caller, id licensing.UserID) (listed, []heldRow, error) {
	hidden := missingUser(nil)
	ok, err := t.active(org, caller)
	if err != nil || !ok || !ids(string(id)) {
		return listed{}, nil, either(err, hidden)
	}
	u, err := t.user(org, id)
	if err != nil || u == nil {
		return listed{}, nil, either(err, hidden)
	}
	held, err := t.visible(caller, []licensing.UserID{id})
	if err != nil || len(held[id]) == 0 {
		return listed{}, nil, either(err, hidden)
	}
	return listed{userRow: *u}, held[id], nil
}

// welcomeState is the state of the newest welcome mail of the invitation.
func welcomeState(i invitationRow, mails []licensing.MailLine) licensing.MailState {
	for _, m := range slices.Backward(mails) {
		if m.Kind == licensing.MailWelcome && strings.HasPrefix(string(m.ID), string(i.ID)) {
			return m.State
		}
	}
	return ""
}

// newestMails is how many mails View access shows.
const newestMails = 50

// mailsTo returns the newest mails about the user's own roles, oldest first. A mail about changes on License IDs that the
// caller may not see is left out (R43).
func (t *tx) mailsTo(user licensing.UserID, held []heldRow) ([]licensing.MailLine, error) {
	var rows []struct {
		ledgerRow
		SettledAt moment `db:"settled_at"`
		Code      int    `db:"code"`
		Answer    opt    `db:"answer"`
	}
	err := t.all(&rows, `
		SELECT m.id, m.kind, m.data, m.state, m.queued_at, m.settled_at, m.attempts, m.unknown, COALESCE(m.code, 0) AS code, m.answer
		FROM mails m
		WHERE m.user_id = ? AND m.kind IN ('welcome', 'reminder', 'registered', 'changes')
		ORDER BY m.queued_at DESC, m.id DESC
		LIMIT ?`, user, newestMails)
	out := []licensing.MailLine{}
	for _, m := range slices.Backward(rows) {
		if m.Kind == licensing.MailChanges && !touches(m.Data, held) {
			continue
		}
		out = append(out, licensing.MailLine{
			ID: m.ID, Kind: m.Kind, State: m.State, QueuedAt: m.QueuedAt.Time, SettledAt: m.SettledAt.Time,
			Attempts: m.Attempts, Unknown: m.Unknown, Code: m.Code, Answer: string(m.Answer),
		})
	}
	return out, err
}

// touches says whether a mail about changes names one of the License IDs.
func touches(data string, held []heldRow) bool {
	var d struct {
		Verdicts []licensing.Verdict `json:"verdicts"`
	}
	if json.Unmarshal([]byte(data), &d) != nil {
		return false
	}
	return slices.ContainsFunc(d.Verdicts, func(v licensing.Verdict) bool {
		return slices.ContainsFunc(held, func(h heldRow) bool { return h.LicenseID == v.License })
	})
}
