package store

import (
	"context"
	"slices"

	"vlroles/licensing"
)

// Resend queues the same link once more, after the cool-down (R58).
func (s *Store) Resend(ctx context.Context, c licensing.Command) (licensing.Sending, error) {
	return s.resending(ctx, c, "resend", func(t *tx, i *invitationRow) error {
		if err := licensing.MayResend(ruleOf(i), t.now, t.policy); err != nil {
			return err
		}
		i.Sendings++
		i.LastSentAt = at(t.now)
		return nil
	})
}

// Reset opens the next generation of an invitation: a new link, full time; all older links are dead (R58).
func (s *Store) Reset(ctx context.Context, c licensing.Command) (licensing.Sending, error) {
	return s.resending(ctx, c, "reset", func(t *tx, i *invitationRow) error {
		if err := licensing.MayReset(ruleOf(i)); err != nil {
			return err
		}
		i.Generation++
		i.InvitedBy = opt(c.By)
		i.Renew(t.policy, t.now)
		return nil
	})
}

func ruleOf(i *invitationRow) licensing.Invitation {
	if i == nil {
		return licensing.Invitation{}
	}
	return licensing.Invitation{State: i.State, Binding: i.Binding, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time, LastSentAt: i.LastSentAt.Time}
}

// resending is what resend and reset share: lock, authority, rule, row, mail, audit.
func (s *Store) resending(ctx context.Context, c licensing.Command, action string, decide func(*tx, *invitationRow) error) (licensing.Sending, error) {
	var out licensing.Sending
	err := s.write(ctx, action, func(t *tx) error {
		out = licensing.Sending{}
		known, err := t.claimRequest(c.Request, c.Org, c.By, action, c, &out)
		if err != nil || known {
			return err
		}
		i, seen, err := t.commandedInvitation(c)
		if err != nil {
			return err
		}
		if err := licensing.MayInvite(seen.user.Person()); err != nil {
			return err
		}
		before := i.State
		if err := decide(t, i); err != nil {
			return err
		}
		if err := t.updateInvitation(*i); err != nil {
			return err
		}
		mail := i.Mail(licensing.MailWelcome, t.now)
		if err := insert(t, insertMail, []mailRow{mail}); err != nil {
			return err
		}
		out = i.Sending(mail.ID)
		for _, l := range seen.mine {
			err := t.audit(auditRow{
				At: at(t.now), OrgID: c.Org, Actor: opt(c.By), Action: action, Outcome: "done", UserID: opt(c.User), LicenseID: opt(l),
				RequestID: opt(c.Request), Rule: "R58", Before: opt(statusOfInvitation(before)), After: opt(licensing.InvitationSent),
				Detail: detail(map[string]any{"generation": i.Generation}),
			})
			if err != nil {
				return err
			}
		}
		return t.answerRequest(c.Request, out, []string{})
	})
	if err != nil {
		s.refused(ctx, err, refusal(c, action))
	}
	return out, err
}

func statusOfInvitation(s licensing.InvitationState) licensing.Status {
	return licensing.StatusOf(licensing.Person{Kind: licensing.External}, licensing.Pending, s)
}

// Cancel takes back what the caller administers of a person who has not registered; when nothing is left the invitation
// ends and its links are dead (R82).
func (s *Store) Cancel(ctx context.Context, c licensing.Command) (licensing.Withdrawal, error) {
	var out licensing.Withdrawal
	err := s.write(ctx, "cancel", func(t *tx) error {
		out = licensing.Withdrawal{}
		known, err := t.claimRequest(c.Request, c.Org, c.By, "cancel", c, &out)
		if err != nil || known {
			return err
		}
		i, seen, err := t.commandedInvitation(c)
		if err != nil {
			return err
		}
		if i.State == licensing.InvitationAccepted || seen.user.Person().Registered() {
			return licensing.Refuse(licensing.Conflict, "R62", "the person has registered already: remove the roles instead")
		}
		if err := t.withdraw(c, i, seen.mine, &out); err != nil {
			return err
		}
		return t.answerRequest(c.Request, out, []string{})
	})
	if err != nil {
		s.refused(ctx, err, refusal(c, "cancel"))
	}
	return out, err
}

func (t *tx) withdraw(c licensing.Command, i *invitationRow, licenses []licensing.LicenseID, out *licensing.Withdrawal) error {
	for _, l := range licenses {
		if _, err := t.exec(`DELETE FROM assignments WHERE user_id = ? AND license_id = ?`, c.User, l); err != nil {
			return err
		}
		err := t.audit(auditRow{
			At: at(t.now), OrgID: c.Org, Actor: opt(c.By), Action: "cancel", Outcome: "done", UserID: opt(c.User), LicenseID: opt(l),
			RequestID: opt(c.Request), Rule: "R82", Before: opt(statusOfInvitation(i.State)), Detail: "{}",
		})
		if err != nil {
			return err
		}
	}
	out.Withdrawn = len(licenses)
	if err := t.get(&out.Remaining, `SELECT COUNT(*) FROM assignments WHERE user_id = ?`, c.User); err != nil {
		return err
	}
	if out.Remaining > 0 {
		return nil
	}
	out.Ended = true
	_, err := t.exec(`UPDATE invitations SET state = 'cancelled' WHERE id = ? AND state NOT IN ('accepted', 'cancelled')`, i.ID)
	return err
}

// Remind queues the reminder of a generation, once, where the invitation is still open; "" where there is nothing to send.
func (s *Store) Remind(ctx context.Context, id licensing.InvitationID, generation int) (licensing.MailID, error) {
	var mail licensing.MailID
	err := s.write(ctx, "remind", func(t *tx) error {
		mail = ""
		i, err := t.fenced(id, generation, licensing.InvitationOpen)
		if err != nil || i == nil {
			return err
		}
		row := i.Mail(licensing.MailReminder, t.now)
		mail = row.ID
		return t.queueOnce(row)
	})
	return mail, err
}

// Expire ends a generation that nobody accepted in time, and queues the notice to the inviting admin, once (R56). It
// returns "" where there is nobody to tell, or where the generation ended in another way.
func (s *Store) Expire(ctx context.Context, id licensing.InvitationID, generation int) (licensing.MailID, error) {
	var mail licensing.MailID
	err := s.write(ctx, "expire", func(t *tx) error {
		mail = ""
		i, err := t.fenced(id, generation, licensing.InvitationOpen, licensing.InvitationRefused, licensing.InvitationLapsed)
		if err != nil || i == nil {
			return err
		}
		row := i.Mail(licensing.MailExpired, t.now)
		row.UserID = licensing.UserID(i.InvitedBy)
		if i.InvitedBy != "" {
			mail = row.ID
		}
		if i.State == licensing.InvitationLapsed {
			return nil // a second attempt of this step
		}
		before := i.State
		i.State = licensing.InvitationLapsed
		if err := t.updateInvitation(*i); err != nil {
			return err
		}
		licenses, err := t.auditAll(i.UserID, auditRow{
			At: at(t.now), OrgID: i.OrgID, Action: "expire", Outcome: "done", Rule: "R56",
			Before: opt(statusOfInvitation(before)), After: opt(licensing.InvitationExpired), Detail: "{}",
		})
		if err != nil || mail == "" {
			return err
		}
		row.Data = detail(map[string]any{"person": i.UserID, "licenses": licenses})
		return t.queueOnce(row)
	})
	return mail, err
}

// Break marks a generation Failed with the reason: its mail can't be delivered, or its run was ended from outside. An
// admin can reset it.
func (s *Store) Break(ctx context.Context, id licensing.InvitationID, generation int, reason string) error {
	return s.write(ctx, "mark invitation as failed", func(t *tx) error {
		i, err := t.fenced(id, generation, licensing.InvitationOpen)
		if err != nil || i == nil {
			return err
		}
		i.State, i.Reason = licensing.InvitationRefused, opt(reason)
		if err := t.updateInvitation(*i); err != nil {
			return err
		}
		_, err = t.auditAll(i.UserID, auditRow{
			At: at(t.now), OrgID: i.OrgID, Action: "invitation.failed", Outcome: "done", Rule: "R55",
			Before: opt(licensing.InvitationSent), After: opt(licensing.Failed), Detail: detail(map[string]any{"reason": reason}),
		})
		return err
	})
}

// fenced locks an invitation and returns it where it is still of this generation and in one of the states, else nil.
func (t *tx) fenced(id licensing.InvitationID, generation int, states ...licensing.InvitationState) (*invitationRow, error) {
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

// queueOnce puts a mail in the ledger; a second attempt of the same step finds it there.
func (t *tx) queueOnce(row mailRow) error {
	return insert(t, insertMail+` ON CONFLICT (id) DO NOTHING`, []mailRow{row})
}
