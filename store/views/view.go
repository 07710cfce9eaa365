package views

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"vlroles/licensing"
	"vlroles/store/rows"
)

// User returns what the caller may see of one user: the License IDs that both have to do with, and of the
// others how many there are (R43).
func (v *Views) User(
	ctx context.Context, org licensing.OrgID, caller, id licensing.UserID,
) (view licensing.UserView, err error) {
	err = v.read(ctx, "read user", func(q *snapshot) error {
		p, held, err := q.seen(org, caller, id)
		if err != nil {
			return err
		}
		above, all, err := q.visibleHeritage(org, caller, id)
		if err != nil {
			return err
		}
		newest, err := q.NewestInvitation(id)
		if err != nil {
			return err
		}
		if view.Mails, err = q.mailsTo(id, held); err != nil {
			return err
		}
		if newest != nil {
			newest.State = newest.State.At(newest.ExpiresAt.Time, q.Now)
			view.Invitation = p.invited(newest, welcomeState(*newest, view.Mails))
		}
		view.Access = p.inherit(p.access(held), above)
		view.UserRow, view.RegisteredAt = p.line(view.Access), p.RegisteredAt.Time
		view.Hidden = all - len(view.Access)
		return q.markContacts(id, view.Access)
	})
	return view, err
}

// invited returns the line of the person's newest invitation, whose newest welcome mail has got so far. One
// that has not ended counts for the person's status, too.
func (p *listed) invited(i *rows.Invitation, welcome licensing.MailState) *licensing.InvitationLine {
	if i.State != licensing.InvitationAccepted && i.State != licensing.InvitationCancelled {
		p.Invitation, p.ExpiresAt, p.Mail = i.State, i.ExpiresAt, rows.NullString(welcome)
	}
	return &licensing.InvitationLine{
		ID: i.ID, State: i.State, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time,
		Delivery: welcome.Delivery(), Reason: string(i.Reason),
	}
}

// markContacts says of each License ID whether the contract names the user, or did so once (R34).
func (q *snapshot) markContacts(user licensing.UserID, access []licensing.AccessEntry) error {
	var found []struct {
		License licensing.LicenseID   `db:"license_id"`
		Kind    licensing.ContactKind `db:"kind"`
		Former  bool                  `db:"former"`
	}
	err := q.All(&found, `
		SELECT license_id, kind, until IS NOT NULL AS former
		FROM contacts
		WHERE user_id = ?
		ORDER BY license_id, kind`, user)
	for n := range access {
		e := &access[n]
		for _, r := range found {
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
func (q *snapshot) seen(org licensing.OrgID, caller, id licensing.UserID) (listed, []heldRow, error) {
	ok, err := q.Active(org, caller)
	if err != nil || !ok || !rows.IDs(string(id)) {
		return listed{}, nil, rows.MissingUser(err)
	}
	u, err := q.User(org, id)
	if err != nil || u == nil {
		return listed{}, nil, rows.MissingUser(err)
	}
	held, err := q.visible(caller, []licensing.UserID{id})
	if err != nil {
		return listed{}, nil, err
	}
	if len(held[id]) == 0 {
		above, _, err := q.visibleHeritage(org, caller, id)
		if err != nil || len(above) == 0 {
			return listed{}, nil, rows.MissingUser(err)
		}
	}
	return listed{User: *u}, held[id], nil
}

// welcomeState is the state of the newest welcome mail of the invitation.
func welcomeState(i rows.Invitation, mails []licensing.MailLine) licensing.MailState {
	for _, m := range slices.Backward(mails) {
		if m.Kind == licensing.MailWelcome && strings.HasPrefix(string(m.ID), string(i.ID)) {
			return m.State
		}
	}
	return ""
}

// newestMails is how many mails View access shows.
const newestMails = 50

// mailsTo returns the newest mails about the user's own roles, oldest first. A mail about changes on License
// IDs that the caller may not see is left out (R43).
func (q *snapshot) mailsTo(user licensing.UserID, held []heldRow) ([]licensing.MailLine, error) {
	var found []struct {
		rows.Mail
		Attempts  int             `db:"attempts"`
		Unknown   int             `db:"unknown"`
		SettledAt rows.Timestamp  `db:"settled_at"`
		Code      int             `db:"code"`
		Answer    rows.NullString `db:"answer"`
	}
	err := q.All(&found, `
		SELECT m.id, m.kind, m.data, m.state, m.queued_at, m.settled_at, m.attempts, m.unknown,
			COALESCE(m.code, 0) AS code, m.answer
		FROM mails m
		WHERE m.user_id = ? AND m.kind IN ('welcome', 'reminder', 'registered', 'changes')
		ORDER BY m.queued_at DESC, m.id DESC
		LIMIT ?`, user, newestMails)
	out := []licensing.MailLine{}
	for _, m := range slices.Backward(found) {
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
