package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vlroles/licensing"
)

// ledgerRow is a mail with what its attempts left behind.
type ledgerRow struct {
	mailRow
	Attempts   int    `db:"attempts"`
	Unknown    int    `db:"unknown"`
	LeaseUntil moment `db:"lease_until"`
}

const selectMail = `
	SELECT m.id, m.org_id, m.user_id, m.invitation_id, COALESCE(m.generation, 0) AS generation, m.kind, m.data, m.state, m.queued_at,
		m.attempts, m.unknown, m.lease_until
	FROM mails m`

// ClaimMail takes a mail for one attempt to send it, until the lease ends. A claim whose state is not MailSending, or
// that is busy, has nothing to send. An attempt whose lease ended without a settlement counts as unknown. A welcome mail
// or reminder whose invitation has ended, has a newer generation or has nothing left to give is dropped (R58, R82), and so
// is every mail to a person who has left the tenant (R84). The mail goes to the person's present business e-mail (R48, R49).
func (s *Store) ClaimMail(ctx context.Context, id licensing.MailID, lease time.Duration, now time.Time) (licensing.Claim, error) {
	var out licensing.Claim
	err := s.write(ctx, "claim mail", func(t *tx) error {
		out = licensing.Claim{}
		m, err := t.lockMail(id)
		if err != nil {
			return err
		}
		switch m.State {
		case licensing.MailSent, licensing.MailRefused, licensing.MailDropped, licensing.MailGivenUp:
			out.State = m.State
			return nil
		case licensing.MailSending:
			if now.Before(m.LeaseUntil.Time) {
				out.State, out.Busy = licensing.MailSending, m.LeaseUntil.Time
				return nil
			}
			m.Unknown++
		}
		i, err := t.invitationOf(m)
		if err != nil {
			return err
		}
		if !m.wanted(i) {
			out.State = licensing.MailDropped
			return t.drop(m, now)
		}
		m.Attempts++
		job, err := t.mailJob(m, i)
		if err != nil {
			return err
		}
		if job.To == "" || m.invites() && len(job.Access) == 0 {
			out.State = licensing.MailDropped
			return t.drop(m, now)
		}
		out.State, out.Job = licensing.MailSending, job
		_, err = t.exec(`
			UPDATE mails
			SET state = 'sending', attempts = ?, unknown = ?, lease_until = ?, recipient = ?
			WHERE id = ?`, m.Attempts, m.Unknown, at(now.Add(lease)), string(out.Job.To), id)
		return err
	})
	return out, err
}

func (t *tx) lockMail(id licensing.MailID) (ledgerRow, error) {
	var m ledgerRow
	err := t.get(&m, t.lock(selectMail+` WHERE m.id = ?`, "m"), id)
	return m, missing(err, "mail")
}

// invitationOf reads the invitation that a mail belongs to, nil for none.
func (t *tx) invitationOf(m ledgerRow) (*invitationRow, error) {
	if m.InvitationID == "" {
		return nil, nil
	}
	var i invitationRow
	err := t.get(&i, selectInvitation+` WHERE i.id = ?`, m.InvitationID)
	return &i, err
}

func (t *tx) drop(m ledgerRow, now time.Time) error {
	_, err := t.exec(`UPDATE mails SET state = 'dropped', lease_until = NULL, unknown = ?, settled_at = ? WHERE id = ?`, m.Unknown, at(now), m.ID)
	return err
}

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

// mailJob reads everything that the mail is made of; there is nobody to send it to where the person has left the tenant.
func (t *tx) mailJob(m ledgerRow, i *invitationRow) (licensing.MailJob, error) {
	j := licensing.MailJob{ID: m.ID, Kind: m.Kind, Attempt: m.Attempts, Unknown: m.Unknown, Org: m.OrgID, User: m.UserID}
	var to struct {
		Name         string          `db:"name"`
		Email        licensing.Email `db:"business_email"`
		Organization string          `db:"organization"`
		Left         bool            `db:"left_tenant"`
	}
	err := t.get(&to, `
		SELECT u.name, u.business_email, o.name AS organization, NOT u.in_tenant AND u.object_id IS NOT NULL AS left_tenant
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
	switch m.Kind {
	case licensing.MailWelcome, licensing.MailReminder:
		j.Invitation, j.Generation, j.KeyID, j.Expires = i.ID, i.Generation, i.KeyID, i.ExpiresAt.Time
		j.InviteFor, j.Forwardable = time.Duration(i.InviteSeconds)*time.Second, i.Binding == licensing.Forwardable
		j.Access, err = t.entries(m.UserID, pending)
	case licensing.MailRegistered:
		err = t.registeredJob(m, &j)
	case licensing.MailChanges:
		var data struct {
			Verdicts []licensing.Verdict `json:"verdicts"`
		}
		err = json.Unmarshal([]byte(m.Data), &data)
		j.Changes = data.Verdicts
	case licensing.MailConfirmation:
		err = t.confirmationJob(m, &j)
	case licensing.MailExpired:
		err = t.expiredJob(m, &j)
	default: // mails about License IDs
		var data struct {
			Licenses []licensing.LicenseID `json:"licenses"`
		}
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

func pending(a *assignmentRow) bool { return a.State == licensing.Pending }

// entries returns the user's roles and due times on the License IDs whose assignment is asked for.
func (t *tx) entries(user licensing.UserID, asked func(*assignmentRow) bool) ([]licensing.AccessEntry, error) {
	h, err := t.holdings([]licensing.UserID{user})
	if err != nil {
		return nil, err
	}
	var out []licensing.AccessEntry
	for _, l := range sorted(h.assignments[user]) {
		a := h.assignments[user][l]
		if !asked(a) {
			continue
		}
		e := licensing.AccessEntry{License: l, DueAt: a.DueAt.Time}
		for _, g := range h.grants[user][l] {
			e.Roles = append(e.Roles, g.Role)
		}
		e.Roles = licensing.SortRoles(e.Roles)
		out = append(out, e)
	}
	return out, nil
}

// registeredJob tells what the registration put in progress, or what the person has where later changes took that over.
func (t *tx) registeredJob(m ledgerRow, j *licensing.MailJob) error {
	change := opt(licensing.InvitationChange(licensing.InvitationID(m.InvitationID), m.Generation))
	var err error
	j.Access, err = t.entries(m.UserID, func(a *assignmentRow) bool { return a.ChangeID == change })
	if err == nil && len(j.Access) == 0 {
		j.Access, err = t.entries(m.UserID, func(*assignmentRow) bool { return true })
	}
	return err
}

func (t *tx) confirmationJob(m ledgerRow, j *licensing.MailJob) error {
	var data confirmationData
	if err := json.Unmarshal([]byte(m.Data), &data); err != nil {
		return err
	}
	var text string
	if err := t.get(&text, `SELECT answer FROM requests WHERE id = ?`, data.Request); err != nil {
		return err
	}
	var answer licensing.SaveAnswer
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return err
	}
	j.Request = data.Request
	for n := range min(len(data.People), len(answer.People)) {
		j.People = append(j.People, licensing.ConfirmedPerson{Name: data.People[n].Name, Email: data.People[n].Email, Verdict: answer.People[n]})
	}
	return nil
}

// expiredJob names who did not register to the admin who invited, and what still waits there of what the admin may see
// (R43, R56).
func (t *tx) expiredJob(m ledgerRow, j *licensing.MailJob) error {
	var data struct {
		Person   licensing.UserID      `json:"person"`
		Licenses []licensing.LicenseID `json:"licenses"`
	}
	if err := json.Unmarshal([]byte(m.Data), &data); err != nil {
		return err
	}
	u, err := t.user(m.OrgID, data.Person)
	if err != nil || u == nil {
		return missingUser(err)
	}
	j.Person, j.PersonEmail = u.Name, licensing.Email(u.SignInEmail)
	mine, err := t.administers(m.OrgID, m.UserID, data.Licenses)
	if err != nil {
		return err
	}
	j.Access, err = t.entries(data.Person, func(a *assignmentRow) bool {
		return pending(a) && mine[a.LicenseID] && slices.Contains(data.Licenses, a.LicenseID)
	})
	return err
}

func missingUser(err error) error {
	if err != nil {
		return err
	}
	return licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
}

// SettleMail records the outcome of an attempt. That the relay took the mail is recorded whatever happened meanwhile, and
// nothing turns it into something else; any other outcome counts only from the attempt that holds the mail. A welcome mail
// that is refused for good marks its invitation as Failed (R55).
func (s *Store) SettleMail(ctx context.Context, id licensing.MailID, attempt int, st licensing.Settlement, now time.Time) error {
	st.Answer = strings.ToValidUTF8(strings.ReplaceAll(st.Answer, "\x00", ""), "")
	return s.write(ctx, "settle mail", func(t *tx) error {
		switch st.State {
		case licensing.MailSent:
			_, err := t.exec(`
				UPDATE mails
				SET state = 'sent', lease_until = NULL, code = NULLIF(?, 0), answer = ?, settled_at = ?
				WHERE id = ? AND state <> 'sent'`, st.Code, opt(st.Answer), at(now), id)
			return err
		case licensing.MailDeferred, licensing.MailUnknown:
			unknown := 0
			if st.State == licensing.MailUnknown {
				unknown = 1
			}
			_, err := t.exec(`
				UPDATE mails
				SET state = ?, lease_until = NULL, code = NULLIF(?, 0), answer = ?, unknown = unknown + ?
				WHERE id = ? AND attempts = ? AND state = 'sending'`, st.State, st.Code, opt(st.Answer), unknown, id, attempt)
			return err
		case licensing.MailRefused:
			reason := strings.TrimSpace(st.Answer)
			if st.Code > 0 {
				reason = strings.TrimSpace(itoa(st.Code) + " " + reason)
			}
			return t.undeliverable(id, "mail.refused", reason, now, func() (int, error) {
				return t.exec(`
					UPDATE mails
					SET state = 'refused', lease_until = NULL, code = NULLIF(?, 0), answer = ?, settled_at = ?
					WHERE id = ? AND attempts = ? AND state = 'sending'`, st.Code, opt(st.Answer), at(now), id, attempt)
			})
		}
		return fmt.Errorf("%q is no outcome of an attempt", st.State)
	})
}

// GiveUpMail ends a mail that could not be delivered in time; its invitation is marked as Failed (R55).
func (s *Store) GiveUpMail(ctx context.Context, id licensing.MailID, now time.Time) error {
	return s.write(ctx, "give up mail", func(t *tx) error {
		return t.undeliverable(id, "mail.given_up", "not delivered within a day", now, func() (int, error) {
			return t.exec(`
				UPDATE mails
				SET state = 'given_up', lease_until = NULL, settled_at = ?
				WHERE id = ? AND state NOT IN ('sent', 'refused', 'dropped', 'given_up')`, at(now), id)
		})
	})
}

// undeliverable ends a mail, and with the newest welcome mail the hope that its generation is accepted: the invitation is
// marked as Failed with the reason, so that an admin sees it and can reset it. An older mail, which a resend took the
// place of, says nothing about the one that counts (R55).
func (t *tx) undeliverable(id licensing.MailID, action, reason string, now time.Time, end func() (int, error)) error {
	var m ledgerRow
	if err := t.get(&m, selectMail+` WHERE m.id = ?`, id); err != nil {
		return missing(err, "mail")
	}
	var i *invitationRow
	if m.Kind == licensing.MailWelcome {
		var err error // user and invitation are locked before the mail, as everywhere
		if i, err = t.fenced(licensing.InvitationID(m.InvitationID), m.Generation, licensing.InvitationOpen); err != nil {
			return err
		}
	}
	if n, err := end(); err != nil || n == 0 || i == nil || i.mail(licensing.MailWelcome, now).ID != m.ID {
		return err
	}
	i.State, i.Reason = licensing.InvitationRefused, opt(reason)
	if err := t.updateInvitation(*i); err != nil {
		return err
	}
	_, err := t.auditAll(i.UserID, auditRow{
		At: at(now), OrgID: i.OrgID, Action: action, Outcome: "done", Rule: "R55",
		Before: opt(licensing.InvitationSent), After: opt(licensing.Failed), Detail: detail(map[string]any{"reason": reason}),
	})
	return err
}
