package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"vlroles/licensing"
)

// ledgerRow is a mail with what its attempts left behind.
type ledgerRow struct {
	mailRow
	Attempts   int       `db:"attempts"`
	Unknown    int       `db:"unknown"`
	LeaseUntil timestamp `db:"lease_until"`
}

const selectMail = `
	SELECT m.id, m.org_id, m.user_id, m.invitation_id, COALESCE(m.generation, 0) AS generation, m.kind,
		m.data, m.state, m.address, m.queued_at, m.not_before, m.mailbox, m.attempts, m.unknown, m.lease_until
	FROM mails m`

// ClaimMail takes a mail for one attempt to send it, until the lease ends. A claim whose state is not
// MailSending, or that is busy, has nothing to send. An attempt whose lease ended without a settlement counts
// as unknown. A welcome mail or reminder whose invitation has ended, has a newer generation or has nothing
// left to give is dropped (R58, R82), and so is every mail to a person who has left the tenant (R84). The
// mail goes to the address that its row fixes, else to the person's present business email (R48, R49). Where
// that has had as many mails as one address may, the claim is busy until there is room (L07).
func (s *Store) ClaimMail(
	ctx context.Context, id licensing.MailID, lease time.Duration,
) (licensing.MailLease, error) {
	var out licensing.MailLease
	err := s.write(ctx, "claim mail", func(t *tx) error {
		out = licensing.MailLease{}
		m, err := t.lockMail(id)
		if err != nil {
			return err
		}
		switch m.State {
		case licensing.MailSent, licensing.MailRefused, licensing.MailDropped, licensing.MailGivenUp:
			out.State = m.State
			return nil
		case licensing.MailSending:
			if t.now.Before(m.LeaseUntil.Time) {
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
			return t.drop(m)
		}
		if m.heldAt(t.now, &out) {
			return nil
		}
		m.Attempts++
		job, err := t.mailJob(m, i)
		if err != nil {
			return err
		}
		if job.To == "" || m.invites() && len(job.Access) == 0 {
			out.State = licensing.MailDropped
			return t.drop(m)
		}
		if err := t.readdress(&m, job.To); err != nil || m.heldAt(t.now, &out) {
			return err
		}
		out.State, out.Job = licensing.MailSending, job
		_, err = t.exec(`
			UPDATE mails
			SET state = 'sending', attempts = ?, unknown = ?, lease_until = ?, recipient = ?
			WHERE id = ?`, m.Attempts, m.Unknown, ts(t.now.Add(lease)), string(out.Job.To), id)
		return err
	})
	return out, err
}

// heldAt says whether the limits hold the mail back, and tells the attempt until when (L07).
func (m ledgerRow) heldAt(now time.Time, out *licensing.MailLease) bool {
	held := m.NotBefore.After(m.QueuedAt.Time) && now.Before(m.NotBefore.Time)
	if held {
		out.State, out.Busy = m.State, m.NotBefore.Time
	}
	return held
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

func (t *tx) drop(m ledgerRow) error {
	_, err := t.exec(`UPDATE mails SET state = 'dropped', lease_until = NULL, unknown = ?, settled_at = ?
		WHERE id = ?`, m.Unknown, ts(t.now), m.ID)
	return err
}

// SettleMail records the outcome of an attempt. That the relay took the mail is recorded whatever happened
// meanwhile, and nothing turns it into something else; any other outcome counts only from the attempt that
// holds the mail. A welcome mail that is refused for good marks its invitation as Failed (R55).
func (s *Store) SettleMail(
	ctx context.Context, id licensing.MailID, attempt int, st licensing.Settlement,
) error {
	st.Answer = strings.ToValidUTF8(strings.ReplaceAll(st.Answer, "\x00", ""), "")
	return s.write(ctx, "settle mail", func(t *tx) error {
		switch st.State {
		case licensing.MailSent:
			_, err := t.exec(`
				UPDATE mails
				SET state = 'sent', lease_until = NULL, code = NULLIF(?, 0), answer = ?, settled_at = ?
				WHERE id = ? AND state <> 'sent'`, st.Code, nullString(st.Answer), ts(t.now), id)
			return err
		case licensing.MailDeferred, licensing.MailUnknown:
			unknown := 0
			if st.State == licensing.MailUnknown {
				unknown = 1
			}
			_, err := t.exec(`
				UPDATE mails
				SET state = ?, lease_until = NULL, code = NULLIF(?, 0), answer = ?, unknown = unknown + ?
				WHERE id = ? AND attempts = ? AND state = 'sending'`,
				st.State, st.Code, nullString(st.Answer), unknown, id, attempt)
			return err
		case licensing.MailRefused:
			reason := strings.TrimSpace(st.Answer)
			if st.Code > 0 {
				reason = strings.TrimSpace(itoa(st.Code) + " " + reason)
			}
			return t.undeliverable(id, licensing.AuditMailRefused, reason, func() (int, error) {
				return t.exec(`
					UPDATE mails
					SET state = 'refused', lease_until = NULL, code = NULLIF(?, 0), answer = ?, settled_at = ?
					WHERE id = ? AND attempts = ? AND state = 'sending'`,
					st.Code, nullString(st.Answer), ts(t.now), id, attempt)
			})
		}
		return fmt.Errorf("%q is no outcome of an attempt", st.State)
	})
}

// GiveUpMail ends a mail that could not be delivered in time; its invitation is marked as Failed (R55). It
// returns the mail's state: one that the limits held back has a day from the end of that on, and is to be
// sent again until then (L07).
func (s *Store) GiveUpMail(ctx context.Context, id licensing.MailID) (licensing.MailState, error) {
	var state licensing.MailState
	err := s.write(ctx, "give up mail", func(t *tx) error {
		var m ledgerRow
		if err := t.get(&m, selectMail+` WHERE m.id = ?`, id); err != nil {
			return missing(err, "mail")
		}
		if state = m.State; m.heldLately(t.now) {
			return nil
		}
		state = licensing.MailGivenUp
		return t.undeliverable(id, licensing.AuditMailGivenUp, "not delivered within a day",
			func() (int, error) {
				return t.exec(`
				UPDATE mails
				SET state = 'given_up', lease_until = NULL, settled_at = ?
				WHERE id = ? AND state NOT IN ('sent', 'refused', 'dropped', 'given_up')`, ts(t.now), id)
			})
	})
	return state, err
}

// heldLately says whether the limits have held the mail back, so that it has had no day to be delivered in.
func (m ledgerRow) heldLately(now time.Time) bool {
	return m.NotBefore.After(m.QueuedAt.Time) && now.Before(m.NotBefore.Add(licensing.DeliverWithin))
}

// undeliverable ends a mail, and with the newest welcome mail the hope that its generation is accepted: the
// invitation is marked as Failed with the reason, so that an admin sees it and can reset it. An older mail,
// which a resend took the place of, says nothing about the one that counts (R55).
func (t *tx) undeliverable(
	id licensing.MailID, action licensing.AuditAction, reason string, end func() (int, error),
) error {
	var m ledgerRow
	if err := t.get(&m, selectMail+` WHERE m.id = ?`, id); err != nil {
		return missing(err, "mail")
	}
	var i *invitationRow
	if m.Kind == licensing.MailWelcome {
		var err error // user and invitation are locked before the mail, as everywhere
		i, err = t.fenced(licensing.InvitationID(m.InvitationID), m.Generation, licensing.InvitationOpen)
		if err != nil {
			return err
		}
	}
	if n, err := end(); err != nil || n == 0 || i == nil ||
		i.MailTo(licensing.Email(m.Address), licensing.MailWelcome, t.now).ID != m.ID {
		return err
	}
	return t.failInvitation(i, action, reason)
}
