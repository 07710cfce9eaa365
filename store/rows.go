package store

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	"vlroles/licensing"
)

// batch is how many values go into one IN (…).
const batch = 500

type agreementRow struct {
	LicenseID   licensing.LicenseID `db:"license_id"`
	ProcessedAt moment              `db:"processed_at"`
	Invitation  string              `db:"invitation"` // mail or none (R76)
}

type userRow struct {
	ID            licensing.UserID     `db:"id"`
	OrgID         licensing.OrgID      `db:"org_id"`
	SignInEmail   string               `db:"sign_in_email"`
	SignInKey     string               `db:"sign_in_key"`
	BusinessEmail string               `db:"business_email"`
	Name          string               `db:"name"`
	NameKey       string               `db:"name_key"`
	Kind          licensing.PersonKind `db:"kind"`
	ObjectID      opt                  `db:"object_id"`
	RegisteredAt  moment               `db:"registered_at"`
	CreatedAt     moment               `db:"created_at"`
	InTenant      bool                 `db:"in_tenant"`
}

func (u *userRow) person() licensing.Person {
	return licensing.Person{Kind: u.Kind, Present: u.InTenant, RegisteredAt: u.RegisteredAt.Time}
}

func (u *userRow) rename(name string) { u.Name, u.NameKey = name, nameKey(name) }

func (u *userRow) address(signIn licensing.Email) {
	u.SignInEmail, u.SignInKey = string(signIn), signIn.Key()
}

const selectUser = `
	SELECT u.id, u.org_id, u.sign_in_email, u.sign_in_key, u.business_email, u.name, u.name_key, u.kind, u.object_id,
		u.in_tenant, u.registered_at, u.created_at
	FROM users u`

const insertUser = `
	INSERT INTO users (id, org_id, sign_in_email, sign_in_key, business_email, name, name_key, kind, object_id, in_tenant,
		registered_at, created_at)
	VALUES (:id, :org_id, :sign_in_email, :sign_in_key, :business_email, :name, :name_key, :kind, :object_id, :in_tenant,
		:registered_at, :created_at)`

// user reads one user of the organization, nil for none.
func (t *tx) user(org licensing.OrgID, id licensing.UserID) (*userRow, error) {
	var u userRow
	err := t.get(&u, selectUser+` WHERE u.org_id = ? AND u.id = ?`, org, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &u, err
}

func (t *tx) updateUser(u userRow) error {
	_, err := t.exec(`
		UPDATE users
		SET sign_in_email = ?, sign_in_key = ?, business_email = ?, name = ?, name_key = ?, kind = ?, object_id = ?,
			in_tenant = ?, registered_at = ?
		WHERE id = ?`,
		u.SignInEmail, u.SignInKey, u.BusinessEmail, u.Name, u.NameKey, u.Kind, u.ObjectID, u.InTenant, u.RegisteredAt, u.ID)
	return err
}

type invitationRow struct {
	ID              licensing.InvitationID    `db:"id"`
	OrgID           licensing.OrgID           `db:"org_id"`
	UserID          licensing.UserID          `db:"user_id"`
	Generation      int                       `db:"generation"`
	State           licensing.InvitationState `db:"state"`
	Binding         licensing.Binding         `db:"binding"`
	KeyID           string                    `db:"key_id"`
	InviteSeconds   int64                     `db:"invite_seconds"`
	ExpiresAt       moment                    `db:"expires_at"`
	RemindAt        moment                    `db:"remind_at"`
	Sendings        int                       `db:"sendings"`
	LastSentAt      moment                    `db:"last_sent_at"`
	InvitedBy       opt                       `db:"invited_by"`
	Reason          opt                       `db:"reason"`
	AcceptedAt      moment                    `db:"accepted_at"`
	AcceptedBy      opt                       `db:"accepted_by"`
	AcceptedRequest opt                       `db:"accepted_request"`
	CreatedAt       moment                    `db:"created_at"`
}

const selectInvitation = `
	SELECT i.id, i.org_id, i.user_id, i.generation, i.state, i.binding, i.key_id, i.invite_seconds, i.expires_at, i.remind_at,
		i.sendings, i.last_sent_at, i.invited_by, i.reason, i.accepted_at, i.accepted_by, i.accepted_request, i.created_at
	FROM invitations i`

// newestFirst ends a query for a person's newest invitation: the one that has not ended, where there is one.
const newestFirst = `
	ORDER BY CASE WHEN i.state IN ('accepted', 'cancelled') THEN 1 ELSE 0 END, i.created_at DESC,
		CASE WHEN i.state = 'accepted' THEN 0 ELSE 1 END, i.id
	LIMIT 1`

const insertInvitation = `
	INSERT INTO invitations (id, org_id, user_id, generation, state, binding, key_id, invite_seconds, expires_at, remind_at,
		sendings, last_sent_at, invited_by, created_at)
	VALUES (:id, :org_id, :user_id, :generation, :state, :binding, :key_id, :invite_seconds, :expires_at, :remind_at,
		:sendings, :last_sent_at, :invited_by, :created_at)`

// renew opens the row's generation: full time, the current key, nothing of the generation before (R58).
func (i *invitationRow) renew(p licensing.Policy, now time.Time) {
	i.State, i.KeyID, i.Sendings, i.Reason = licensing.InvitationOpen, p.LinkKey, 1, ""
	i.LastSentAt = at(now)
	i.ExpiresAt = at(now.Add(time.Duration(i.InviteSeconds) * time.Second))
	i.RemindAt = at(p.RemindAt(now, i.ExpiresAt.Time))
}

func (i *invitationRow) change() licensing.ChangeID {
	return licensing.InvitationChange(i.ID, i.Generation)
}

func (i *invitationRow) sending(mail licensing.MailID) licensing.Sending {
	return licensing.Sending{Invitation: i.ID, Generation: i.Generation, ExpiresAt: i.ExpiresAt.Time, RemindAt: i.RemindAt.Time, Mail: mail}
}

// mail makes a ledger row of this generation. Its id, and so its Message-ID, is fixed by what it is; a resend counts.
func (i *invitationRow) mail(kind licensing.MailKind, now time.Time) mailRow {
	id := string(i.change()) + "." + string(kind)
	if kind == licensing.MailWelcome && i.Sendings > 1 {
		id += "-" + itoa(i.Sendings)
	}
	return mailRow{
		ID: licensing.MailID(id), OrgID: i.OrgID, UserID: i.UserID, InvitationID: opt(i.ID), Generation: i.Generation,
		Kind: kind, Data: "{}", State: licensing.MailQueued, QueuedAt: at(now),
	}
}

func (t *tx) updateInvitation(i invitationRow) error {
	_, err := t.exec(`
		UPDATE invitations
		SET generation = ?, state = ?, binding = ?, key_id = ?, invite_seconds = ?, expires_at = ?, remind_at = ?, sendings = ?,
			last_sent_at = ?, invited_by = ?, reason = ?, accepted_at = ?, accepted_by = ?, accepted_request = ?
		WHERE id = ?`,
		i.Generation, i.State, i.Binding, i.KeyID, i.InviteSeconds, i.ExpiresAt, i.RemindAt, i.Sendings,
		i.LastSentAt, i.InvitedBy, i.Reason, i.AcceptedAt, i.AcceptedBy, i.AcceptedRequest, i.ID)
	return err
}

type assignmentRow struct {
	UserID    licensing.UserID          `db:"user_id"`
	LicenseID licensing.LicenseID       `db:"license_id"`
	OrgID     licensing.OrgID           `db:"org_id"`
	State     licensing.AssignmentState `db:"state"`
	ChangeID  opt                       `db:"change_id"`
	DueAt     moment                    `db:"due_at"`
	Attempts  int                       `db:"attempts"`
	Reason    opt                       `db:"reason"`
	Reference opt                       `db:"reference"`
	AddedBy   opt                       `db:"added_by"`
	ChangedAt moment                    `db:"changed_at"`
}

const upsertAssignment = `
	INSERT INTO assignments (user_id, license_id, org_id, state, change_id, due_at, attempts, reason, reference, added_by, changed_at)
	VALUES (:user_id, :license_id, :org_id, :state, :change_id, :due_at, :attempts, :reason, :reference, :added_by, :changed_at)
	ON CONFLICT (user_id, license_id) DO UPDATE
	SET state = excluded.state, change_id = excluded.change_id, due_at = excluded.due_at, attempts = excluded.attempts,
		reason = excluded.reason, reference = excluded.reference, changed_at = excluded.changed_at`

type grantRow struct {
	LicenseID licensing.LicenseID `db:"license_id"`
	UserID    licensing.UserID    `db:"user_id"`
	Role      licensing.Role      `db:"role"`
	Origin    licensing.Origin    `db:"origin"`
	Effective bool                `db:"effective"`
	GrantedBy opt                 `db:"granted_by"`
	GrantedAt moment              `db:"granted_at"`
}

const insertGrant = `
	INSERT INTO grants (license_id, user_id, role, origin, effective, granted_by, granted_at)
	VALUES (:license_id, :user_id, :role, :origin, :effective, :granted_by, :granted_at)`

type mailRow struct {
	ID           licensing.MailID    `db:"id"`
	OrgID        licensing.OrgID     `db:"org_id"`
	UserID       licensing.UserID    `db:"user_id"`
	InvitationID opt                 `db:"invitation_id"`
	Generation   int                 `db:"generation"`
	Kind         licensing.MailKind  `db:"kind"`
	Data         string              `db:"data"`
	State        licensing.MailState `db:"state"`
	QueuedAt     moment              `db:"queued_at"`
}

const insertMail = `
	INSERT INTO mails (id, org_id, user_id, invitation_id, generation, kind, data, state, queued_at)
	VALUES (:id, :org_id, :user_id, :invitation_id, :generation, :kind, :data, :state, :queued_at)`

func (t *tx) newestInvitation(user licensing.UserID) (*invitationRow, error) {
	var rows []invitationRow
	err := t.all(&rows, selectInvitation+` WHERE i.user_id = ?`+newestFirst, user)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// missing turns "no rows" into a NotFound that names what there is not.
func missing(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return licensing.Refuse(licensing.NotFound, "", "there is no such %s", what)
	}
	return err
}

// nameKey is how the list sorts and finds names.
func nameKey(name string) string { return strings.ToLower(name) }

func missingUser(err error) error {
	if err != nil {
		return err
	}
	return licensing.Refuse(licensing.NotFound, "R43", "there is no such user, or you may not see the user")
}
