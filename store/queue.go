package store

import (
	"slices"
	"time"

	"vlroles/licensing"
)

// mailCounts is what went out lately, while mails are decided (L07).
type mailCounts struct {
	to                  map[string][]time.Time // by mailbox
	admin, organization licensing.Tally
}

// countMails counts the mails to these mailboxes, and locks them: of two requests at once, the second one
// sees what the first one has queued. Whoever holds the lock holds no mail's.
func (t *tx) countMails(mailboxes []string) (mailCounts, error) {
	c := mailCounts{to: map[string][]time.Time{}}
	if !t.policy.Mails.PerRecipient() {
		return c, nil
	}
	mailboxes = slices.Sorted(slices.Values(unique(mailboxes)))
	if err := t.lockMailboxes(mailboxes); err != nil {
		return c, err
	}
	since := ts(t.now.Add(-licensing.LimitedFor))
	for part := range slices.Chunk(mailboxes, batch) {
		var rows []struct {
			Mailbox   string    `db:"mailbox"`
			NotBefore timestamp `db:"not_before"`
		}
		err := t.in(&rows, `
			SELECT mailbox, not_before
			FROM mails
			WHERE mailbox IN (?) AND not_before > ? AND state <> 'dropped'`, part, since)
		if err != nil {
			return c, err
		}
		for _, r := range rows {
			c.to[r.Mailbox] = append(c.to[r.Mailbox], r.NotBefore.Time)
		}
	}
	return c, nil
}

// lockMailboxes locks mailboxes in the order of their digests. A snapshot locks nothing.
func (t *tx) lockMailboxes(mailboxes []string) error {
	if t.snap || t.lite {
		return nil
	}
	rows := make([]mailboxRow, len(mailboxes))
	for n, m := range mailboxes {
		rows[n].Mailbox = m
	}
	err := insert(t, `INSERT INTO mailboxes (mailbox) VALUES (:mailbox) ON CONFLICT (mailbox) DO NOTHING`, rows)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(mailboxes, batch) {
		var locked []string
		err := t.in(&locked,
			t.lock(`SELECT m.mailbox FROM mailboxes m WHERE m.mailbox IN (?) ORDER BY m.mailbox`, "m"), part)
		if err != nil {
			return err
		}
	}
	return nil
}

type mailboxRow struct {
	Mailbox string `db:"mailbox"`
}

// countAsked adds what the admin and the organization have asked for within a day.
func (t *tx) countAsked(c *mailCounts, org licensing.OrgID, by licensing.UserID) error {
	since := ts(t.now.Add(-licensing.LimitedFor))
	for _, q := range []struct {
		most  int
		to    *licensing.Tally
		query string
		of    string
	}{
		{t.policy.Mails.Admin, &c.admin, `
			SELECT COUNT(*) AS asked, MIN(queued_at) AS since
			FROM mails
			WHERE asked_by = ? AND queued_at > ?`, string(by)},
		{t.policy.Mails.Organization, &c.organization, `
			SELECT COUNT(*) AS asked, MIN(queued_at) AS since
			FROM mails
			WHERE org_id = ? AND queued_at > ? AND asked_by IS NOT NULL`, string(org)},
	} {
		if q.most <= 0 || q.of == "" {
			continue
		}
		var row struct {
			Asked int       `db:"asked"`
			Since timestamp `db:"since"`
		}
		if err := t.get(&row, q.query, q.of, since); err != nil {
			return err
		}
		*q.to = licensing.Tally{Count: row.Asked, Since: row.Since.Time}
	}
	return nil
}

// take asks for n mails to an address, and counts them where they are allowed.
func (c *mailCounts) take(l licensing.MailLimits, to licensing.Email, n int, now time.Time) *licensing.Error {
	box := to.Mailbox()
	before := c.to[box]
	for range n {
		counts := licensing.MailCounts{Recipient: c.to[box], Admin: c.admin, Organization: c.organization}
		if err := l.MayMail(counts, now); err != nil {
			c.to[box] = before
			return err
		}
		c.to[box] = append(slices.Clip(c.to[box]), now)
		c.admin.Count++
		c.organization.Count++
	}
	return nil
}

// mayMail says whether an admin may ask for another mail to a person now.
func (t *tx) mayMail(org licensing.OrgID, by licensing.UserID, to licensing.Email) error {
	c, err := t.countMails([]string{to.Mailbox()})
	if err != nil {
		return err
	}
	if err := t.countAsked(&c, org, by); err != nil {
		return err
	}
	if e := c.take(t.policy.Mails, to, 1, t.now); e != nil {
		return e
	}
	return nil
}

// queue puts mails in the ledger, each with the time from which on it may go out. Query inserts them.
func (t *tx) queue(query string, mails []mailRow) error {
	if len(mails) == 0 {
		return nil
	}
	if err := t.address(mails); err != nil {
		return err
	}
	boxes := make([]string, len(mails))
	for n, m := range mails {
		boxes[n] = m.Mailbox
	}
	c, err := t.countMails(boxes)
	if err != nil {
		return err
	}
	for n := range mails {
		m := &mails[n]
		m.NotBefore = ts(t.opens(m.Kind, c.to[m.Mailbox]))
		c.to[m.Mailbox] = append(c.to[m.Mailbox], m.NotBefore.Time)
	}
	return insert(t, query, mails)
}

// address fills in to which mailbox each mail goes, as things stand.
func (t *tx) address(mails []mailRow) error {
	var users []licensing.UserID
	for _, m := range mails {
		users = append(users, m.UserID)
	}
	box := map[licensing.UserID]string{}
	for part := range slices.Chunk(unique(users), batch) {
		var rows []struct {
			ID    licensing.UserID `db:"id"`
			Email licensing.Email  `db:"business_email"`
		}
		if err := t.in(&rows, `SELECT id, business_email FROM users WHERE id IN (?)`, part); err != nil {
			return err
		}
		for _, r := range rows {
			box[r.ID] = r.Email.Mailbox()
		}
	}
	for n := range mails {
		mails[n].Mailbox = box[mails[n].UserID]
		if fixed := licensing.Email(mails[n].Address); fixed != "" {
			mails[n].Mailbox = fixed.Mailbox()
		}
	}
	return nil
}

// opens returns from when on a mail may go out to a mailbox.
func (t *tx) opens(kind licensing.MailKind, sent []time.Time) time.Time {
	if !kind.Held() {
		return t.now
	}
	return t.policy.Mails.Opens(sent, t.now)
}

// readdress counts a mail for the mailbox that it goes to by now, where that is another one than when it was
// queued, and notes from when on it may go out.
func (t *tx) readdress(m *ledgerRow, to licensing.Email) error {
	box := to.Mailbox()
	if m.Mailbox == box {
		return nil
	}
	c, err := t.countMails([]string{box})
	if err != nil {
		return err
	}
	m.Mailbox, m.NotBefore = box, ts(t.opens(m.Kind, c.to[box]))
	_, err = t.exec(`UPDATE mails SET mailbox = ?, not_before = ? WHERE id = ?`, m.Mailbox, m.NotBefore, m.ID)
	return err
}
