package rows

import (
	"strconv"
	"time"

	"vlroles/licensing"
)

// Invitation is one invitation of one person, in its newest generation.
type Invitation struct {
	ID              licensing.InvitationID    `db:"id"`
	OrgID           licensing.OrgID           `db:"org_id"`
	UserID          licensing.UserID          `db:"user_id"`
	Generation      int                       `db:"generation"`
	State           licensing.InvitationState `db:"state"`
	KeyID           string                    `db:"key_id"`
	InviteSeconds   int64                     `db:"invite_seconds"`
	ExpiresAt       Timestamp                 `db:"expires_at"`
	RemindAt        Timestamp                 `db:"remind_at"`
	Sendings        int                       `db:"sendings"`
	LastSentAt      Timestamp                 `db:"last_sent_at"`
	InvitedBy       NullString                `db:"invited_by"`
	Reason          NullString                `db:"reason"`
	AcceptedAt      Timestamp                 `db:"accepted_at"`
	AcceptedBy      NullString                `db:"accepted_by"`
	AcceptedRequest NullString                `db:"accepted_request"`
	// the address on a contract whose link was used, in lower case (R27)
	AcceptedContract NullString `db:"accepted_contract"`
	CreatedAt        Timestamp  `db:"created_at"`
}

// SelectInvitation begins a query for invitations i.
const SelectInvitation = `
	SELECT i.id, i.org_id, i.user_id, i.generation, i.state, i.key_id, i.invite_seconds,
		i.expires_at, i.remind_at, i.sendings, i.last_sent_at, i.invited_by, i.reason, i.accepted_at,
		i.accepted_by, i.accepted_request, i.accepted_contract, i.created_at
	FROM invitations i`

// NewestFirst ends a query for a person's newest invitation: the one that has not ended, where there is one.
const NewestFirst = `
	ORDER BY CASE WHEN i.state IN ('accepted', 'cancelled') THEN 1 ELSE 0 END, i.created_at DESC,
		CASE WHEN i.state = 'accepted' THEN 0 ELSE 1 END, i.id
	LIMIT 1`

// Renew opens the row's generation: full time, the current key, nothing of the generation before (R58).
func (i *Invitation) Renew(p licensing.Policy, now time.Time) {
	i.State, i.KeyID, i.Sendings, i.Reason = licensing.InvitationOpen, p.LinkKey, 1, ""
	i.LastSentAt = At(now)
	i.ExpiresAt = At(now.Add(time.Duration(i.InviteSeconds) * time.Second))
	i.RemindAt = At(p.RemindAt(now, i.ExpiresAt.Time))
}

// Change is the id of what this generation puts in progress.
func (i *Invitation) Change() licensing.ChangeID {
	return licensing.InvitationChange(i.ID, i.Generation)
}

// Run is the generation as its run knows it, with the mails to send: one for each link.
func (i *Invitation) Run(mails ...Mail) licensing.InvitationRun {
	run := licensing.InvitationRun{
		Invitation: i.ID, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time, RemindAt: i.RemindAt.Time,
	}
	for n, m := range mails {
		if n == 0 {
			run.Mail = m.ID
		} else {
			run.Also = append(run.Also, m.ID)
		}
	}
	return run
}

// Mail makes a ledger row of this generation. Its id, and so its Message-ID, is fixed by what it is; a resend
// counts.
func (i *Invitation) Mail(kind licensing.MailKind, now time.Time) Mail {
	return i.MailTo("", kind, now)
}

// MailTo is Mail to an address on a contract: what it carries is the link of that address. "" is the user's
// business email.
func (i *Invitation) MailTo(contract licensing.Email, kind licensing.MailKind, now time.Time) Mail {
	id := string(i.Change()) + "."
	if contract != "" {
		id += string(licensing.ContractLink(i.ID, contract)) + "."
	}
	id += string(kind)
	if kind == licensing.MailWelcome && i.Sendings > 1 {
		id += "-" + strconv.Itoa(i.Sendings)
	}
	return Mail{
		ID: licensing.MailID(id), OrgID: i.OrgID, UserID: i.UserID, InvitationID: NullString(i.ID),
		Generation: i.Generation, Kind: kind, Data: "{}", State: licensing.MailQueued,
		Address: NullString(contract), QueuedAt: At(now),
	}
}

// Welcomes makes the welcome mails of this generation, one for each of the addresses.
func (i *Invitation) Welcomes(channels []licensing.Email, now time.Time) (mails []Mail) {
	for _, address := range channels {
		mails = append(mails, i.MailTo(address, licensing.MailWelcome, now))
	}
	return mails
}

// Mail is one mail of the ledger.
type Mail struct {
	ID           licensing.MailID    `db:"id"`
	OrgID        licensing.OrgID     `db:"org_id"`
	UserID       licensing.UserID    `db:"user_id"`
	InvitationID NullString          `db:"invitation_id"`
	Generation   int                 `db:"generation"`
	Kind         licensing.MailKind  `db:"kind"`
	Data         string              `db:"data"`
	State        licensing.MailState `db:"state"`
	// where it goes; "": the user's business email (R48)
	Address   NullString `db:"address"`
	QueuedAt  Timestamp  `db:"queued_at"`
	NotBefore Timestamp  `db:"not_before"` // held until then (L07)
	Mailbox   string     `db:"mailbox"`    // a digest of where it goes
	AskedBy   NullString `db:"asked_by"`   // the admin who asks for it; "": it follows from something
}

// NewestInvitation reads the invitation of a user that counts, nil for none.
func (q *Query) NewestInvitation(user licensing.UserID) (*Invitation, error) {
	var rows []Invitation
	err := q.All(&rows, SelectInvitation+` WHERE i.user_id = ?`+NewestFirst, user)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}
