package store

import (
	"context"
	"encoding/json"
	"slices"

	"vlroles/licensing"
)

// Resend queues the same link once more, after the cool-down (R58). A user
// whom the caller may not see is NotFound.
func (s *Store) Resend(ctx context.Context, c licensing.Command) (licensing.InvitationRun, error) {
	return s.sendAgain(ctx, c, licensing.AuditResend, func(t *tx, i *invitationRow) error {
		if err := licensing.MayResend(ruleOf(i), t.now, t.policy); err != nil {
			return err
		}
		i.Sendings++
		i.LastSentAt = ts(t.now)
		return nil
	})
}

// Reset opens the next generation of an invitation: a new link, full time; all older links are dead (R58). One
// that is open has the cool-down of Resend. A user whom the caller may not see is NotFound.
func (s *Store) Reset(ctx context.Context, c licensing.Command) (licensing.InvitationRun, error) {
	return s.sendAgain(ctx, c, licensing.AuditReset, func(t *tx, i *invitationRow) error {
		if err := licensing.MayReset(ruleOf(i), t.now, t.policy); err != nil {
			return err
		}
		i.Generation++
		i.InvitedBy = nullString(c.By)
		i.Renew(t.policy, t.now)
		return nil
	})
}

func ruleOf(i *invitationRow) licensing.Invitation {
	return licensing.Invitation{
		State: i.State, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time,
		LastSentAt: i.LastSentAt.Time,
	}
}

// sendAgain is what resend and reset share: authority, rule, row, mail, audit.
func (s *Store) sendAgain(
	ctx context.Context, c licensing.Command, action licensing.AuditAction,
	change func(*tx, *invitationRow) error,
) (licensing.InvitationRun, error) {
	q := commandRequest(action, c)
	return carryOut(ctx, s, q, func(t *tx) (licensing.InvitationRun, []licensing.OutboxEntry, error) {
		var out licensing.InvitationRun
		seen, err := t.command(c)
		if err != nil {
			return out, nil, err
		}
		i, err := t.commandOnInvitation(c.User)
		if err != nil {
			return out, nil, err
		}
		if err := licensing.MayInvite(seen.user.Person()); err != nil {
			return out, nil, err
		}
		line := commandLine(action, "R58", c)
		line.before, line.after = statusOfInvitation(i.State), licensing.StatusInvitationSent
		if err := change(t, i); err != nil {
			return out, nil, err
		}
		if err := t.mayMail(c.Org, c.By, licensing.Email(seen.user.BusinessEmail)); err != nil {
			return out, nil, err
		}
		line.detail = licensing.GenerationOpened{Generation: i.Generation}
		mails := i.Welcomes(t.channels(seen), t.now)
		for n := range mails {
			mails[n].AskedBy = nullString(c.By)
		}
		p := plan{renewals: []invitationRow{*i}, mails: mails, audit: line.on(seen.mine)}
		return i.Run(mails...), nil, p.write(t)
	})
}

// channels are the addresses to which the person's invitation is mailed: each gets its own link again.
func (t *tx) channels(of commanded) []licensing.Email {
	return licensing.Channels(licensing.Email(of.user.BusinessEmail), of.holdings.Waiting(of.user.ID))
}

func statusOfInvitation(s licensing.InvitationState) licensing.Status {
	return licensing.StatusOf(licensing.Person{Kind: licensing.External}, licensing.AssignmentPending, s)
}

// Cancel takes back what the caller administers of a person who has not registered; when nothing is
// left the invitation ends and its links are dead (R82). A user whom the caller may not see is
// NotFound, one who has registered a Conflict.
func (s *Store) Cancel(ctx context.Context, c licensing.Command) (licensing.Withdrawal, error) {
	q := commandRequest(licensing.AuditCancel, c)
	return carryOut(ctx, s, q, func(t *tx) (licensing.Withdrawal, []licensing.OutboxEntry, error) {
		var out licensing.Withdrawal
		seen, err := t.commandOnRoles(c)
		if err != nil {
			return out, nil, err
		}
		i, err := t.commandOnInvitation(c.User)
		if err != nil {
			return out, nil, err
		}
		if err := licensing.MayCancel(i.State, seen.user.Person()); err != nil {
			return out, nil, err
		}
		d, err := t.decide(commandMandate(licensing.CancelMandate, c), seen.everything())
		if err != nil {
			return out, nil, err
		}
		p := d.planned()
		out.Withdrawn = len(p.gone)
		out.Remaining = len(seen.holdings.Assignments[c.User]) - out.Withdrawn
		out.Ended = out.Remaining == 0
		return out, nil, p.write(t) // the run that asked ends by itself
	})
}

// Remind queues the reminder of a generation, once, where the invitation is still open; "" where there is
// nothing to send. It goes to where the welcome mail went: to an address on a contract, where there is one.
func (s *Store) Remind(
	ctx context.Context, id licensing.InvitationID, generation int,
) (licensing.MailID, error) {
	var mail licensing.MailID
	err := s.write(ctx, "remind", func(t *tx) error {
		mail = ""
		i, err := t.fenced(id, generation, licensing.InvitationOpen)
		if err != nil || i == nil {
			return err
		}
		row, err := t.reminder(i)
		if err != nil {
			return err
		}
		mail = row.ID
		return t.queueOnce(row, struct{}{})
	})
	return mail, err
}

func (t *tx) reminder(i *invitationRow) (mailRow, error) {
	h, err := t.Holdings([]licensing.UserID{i.UserID})
	if err != nil {
		return mailRow{}, err
	}
	return i.MailTo(licensing.Channels("", h.Waiting(i.UserID))[0], licensing.MailReminder, t.now), nil
}

// Expire ends a generation that nobody accepted in time, and queues the notice to the inviting admin, once
// (R56). It returns "" where there is nobody to tell, or where the generation ended in another way.
func (s *Store) Expire(
	ctx context.Context, id licensing.InvitationID, generation int,
) (licensing.MailID, error) {
	var mail licensing.MailID
	err := s.write(ctx, "expire", func(t *tx) error {
		mail = ""
		i, err := t.fenced(id, generation, licensing.InvitationOpen, licensing.InvitationFailed,
			licensing.InvitationExpired)
		if err != nil || i == nil {
			return err
		}
		row := i.Mail(licensing.MailExpired, t.now)
		row.UserID = licensing.UserID(i.InvitedBy)
		if i.InvitedBy != "" {
			mail = row.ID
		}
		if i.State == licensing.InvitationExpired {
			return nil // a second attempt of this step
		}
		before := i.State
		i.State = licensing.InvitationExpired
		if err := t.updateInvitation(*i); err != nil {
			return err
		}
		licenses, err := t.auditEverywhere(invitationLine(i, before, auditLine{
			action: licensing.AuditExpire, rule: "R56", after: licensing.StatusInvitationExpired,
		}))
		if err != nil || mail == "" {
			return err
		}
		return t.queueOnce(row, expiredData{Person: i.UserID, Licenses: licenses})
	})
	return mail, err
}

// Break marks a generation Failed with the reason: its mail can't be delivered, or its run was
// ended from outside. An admin can reset it.
func (s *Store) Break(ctx context.Context, id licensing.InvitationID, generation int, reason string) error {
	return s.write(ctx, "mark invitation as failed", func(t *tx) error {
		i, err := t.fenced(id, generation, licensing.InvitationOpen)
		if err != nil || i == nil {
			return err
		}
		return t.failInvitation(i, licensing.AuditInvitationFailed, reason)
	})
}

// fenced locks an invitation and returns it where it is still of this
// generation and in one of the states, else nil.
func (t *tx) fenced(
	id licensing.InvitationID, generation int, states ...licensing.InvitationState,
) (*invitationRow, error) {
	var user licensing.UserID
	if err := t.get(&user, `SELECT user_id FROM invitations WHERE id = ?`, id); err != nil {
		return nil, missing(err, "invitation")
	}
	var one int
	if err := t.get(&one, t.lock(`SELECT 1 FROM users u WHERE u.id = ?`, "u"), user); err != nil {
		return nil, err
	}
	var i invitationRow
	if err := t.get(&i, t.lock(selectInvitation+` WHERE i.id = ?`, "i"), id); err != nil {
		return nil, err
	}
	if i.Generation != generation || !slices.Contains(states, i.State) {
		return nil, nil
	}
	return &i, nil
}

// failInvitation marks an invitation Failed with the reason (R55).
func (t *tx) failInvitation(i *invitationRow, action licensing.AuditAction, reason string) error {
	before := i.State
	i.State, i.Reason = licensing.InvitationFailed, nullString(reason)
	if err := t.updateInvitation(*i); err != nil {
		return err
	}
	_, err := t.auditEverywhere(invitationLine(i, before, auditLine{
		action: action, rule: "R55", after: licensing.StatusFailed,
		detail: licensing.NoteFailure(reason),
	}))
	return err
}

// invitationLine completes the audit line of what time or the mail did to an invitation.
func invitationLine(i *invitationRow, before licensing.InvitationState, l auditLine) auditLine {
	l.org, l.user, l.before = i.OrgID, i.UserID, statusOfInvitation(before)
	return l
}

// queueOnce puts a mail in the ledger; a second attempt of the same step finds it there.
func (t *tx) queueOnce(row mailRow, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	row.Data = string(text)
	return t.queue(insertMail+` ON CONFLICT (id) DO NOTHING`, []mailRow{row})
}
