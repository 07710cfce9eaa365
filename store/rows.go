package store

import (
	"vlroles/licensing"
)

type agreementRow struct {
	LicenseID   licensing.LicenseID `db:"license_id"`
	ProcessedAt timestamp           `db:"processed_at"`
	Invitation  string              `db:"invitation"` // mail or none (R76)
}

const insertUser = `
	INSERT INTO users (id, org_id, sign_in_email, sign_in_key, business_email, name, name_key, kind,
		object_id, in_tenant, issuer, subject, registered_at, created_at)
	VALUES (:id, :org_id, :sign_in_email, :sign_in_key, :business_email, :name, :name_key, :kind, :object_id,
		:in_tenant, :issuer, :subject, :registered_at, :created_at)`

// upsertUser is updateUser for any number of users who are there, some hundred in a statement.
const upsertUser = insertUser + `
	ON CONFLICT (id) DO UPDATE
	SET sign_in_email = excluded.sign_in_email, sign_in_key = excluded.sign_in_key,
		business_email = excluded.business_email, name = excluded.name, name_key = excluded.name_key,
		kind = excluded.kind, object_id = excluded.object_id, in_tenant = excluded.in_tenant`

func (t *tx) updateUser(u userRow) error {
	_, err := t.exec(`
		UPDATE users
		SET sign_in_email = ?, sign_in_key = ?, business_email = ?, name = ?, name_key = ?, kind = ?,
			object_id = ?, in_tenant = ?, issuer = ?, subject = ?, registered_at = ?
		WHERE id = ?`,
		u.SignInEmail, u.SignInKey, u.BusinessEmail, u.Name, u.NameKey, u.Kind, u.ObjectID, u.InTenant,
		u.Issuer, u.Subject, u.RegisteredAt, u.ID)
	return err
}

const insertInvitation = `
	INSERT INTO invitations (id, org_id, user_id, generation, state, key_id, invite_seconds,
		expires_at, remind_at, sendings, last_sent_at, invited_by, created_at)
	VALUES (:id, :org_id, :user_id, :generation, :state, :key_id, :invite_seconds, :expires_at,
		:remind_at, :sendings, :last_sent_at, :invited_by, :created_at)`

func (t *tx) updateInvitation(i invitationRow) error {
	_, err := t.exec(`
		UPDATE invitations
		SET generation = ?, state = ?, key_id = ?, invite_seconds = ?, expires_at = ?,
			remind_at = ?, sendings = ?, last_sent_at = ?, invited_by = ?, reason = ?, accepted_at = ?,
			accepted_by = ?, accepted_request = ?
		WHERE id = ?`,
		i.Generation, i.State, i.KeyID, i.InviteSeconds, i.ExpiresAt, i.RemindAt, i.Sendings,
		i.LastSentAt, i.InvitedBy, i.Reason, i.AcceptedAt, i.AcceptedBy, i.AcceptedRequest, i.ID)
	return err
}

const upsertAssignment = `
	INSERT INTO assignments (user_id, license_id, org_id, state, change_id, due_at, attempts, reason,
		reference, added_by, changed_at, suspended)
	VALUES (:user_id, :license_id, :org_id, :state, :change_id, :due_at, :attempts, :reason, :reference,
		:added_by, :changed_at, :suspended)
	ON CONFLICT (user_id, license_id) DO UPDATE
	SET state = excluded.state, change_id = excluded.change_id, due_at = excluded.due_at,
		attempts = excluded.attempts, reason = excluded.reason, reference = excluded.reference,
		changed_at = excluded.changed_at, suspended = excluded.suspended`

const insertGrant = `
	INSERT INTO grants (license_id, user_id, role, origin, effective, contract_email, granted_by, granted_at)
	VALUES (:license_id, :user_id, :role, :origin, :effective, :contract_email, :granted_by, :granted_at)`

const insertMail = `
	INSERT INTO mails (id, org_id, user_id, invitation_id, generation, kind, data, state, address, queued_at,
		not_before, mailbox, asked_by)
	VALUES (:id, :org_id, :user_id, :invitation_id, :generation, :kind, :data, :state, :address, :queued_at,
		:not_before, :mailbox, :asked_by)`
