package store

import (
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

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

// lockUsers reads and locks users by id or by sign-in key, in the order of their ids.
func (t *tx) lockUsers(org licensing.OrgID, ids, keys []string) ([]userRow, error) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return uuid.Validate(s) != nil })
	var found []licensing.UserID
	for _, by := range []struct {
		query  string
		values []string
	}{
		{`SELECT id FROM users WHERE org_id = ? AND id IN (?)`, ids},
		{`SELECT id FROM users WHERE org_id = ? AND sign_in_key IN (?)`, keys},
	} {
		for part := range slices.Chunk(by.values, batch) {
			var some []licensing.UserID
			if err := t.in(&some, by.query, org, part); err != nil {
				return nil, err
			}
			found = append(found, some...)
		}
	}
	var rows []userRow
	for part := range slices.Chunk(unique(found), batch) {
		var some []userRow
		if err := t.in(&some, t.lock(selectUser+` WHERE u.id IN (?) ORDER BY u.id`, "u"), part); err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	return rows, nil
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

// directory is what the tenant knows of some addresses.
type directory struct {
	domains []string
	people  map[string]directoryRow // by e-mail key
}

type directoryRow struct {
	ObjectID string `db:"object_id"`
	Email    string `db:"email"`
	EmailKey string `db:"email_key"`
	Name     string `db:"name"`
}

func (t *tx) directory(org licensing.OrgID, keys []string) (directory, error) {
	d := directory{people: map[string]directoryRow{}}
	if err := t.all(&d.domains, `SELECT domain FROM organization_domains WHERE org_id = ?`, org); err != nil {
		return d, err
	}
	for part := range slices.Chunk(keys, batch) {
		var rows []directoryRow
		// Locked, so that whoever leaves meanwhile is seen by one of the two: here, or by the event that finds the new profile.
		err := t.in(&rows, t.lock(`
			SELECT d.object_id, d.email, d.email_key, d.name
			FROM directory_people d
			WHERE d.org_id = ? AND d.present AND d.email_key IN (?)
			ORDER BY d.object_id`, "d"), org, part)
		if err != nil {
			return d, err
		}
		for _, r := range rows {
			d.people[r.EmailKey] = r
		}
	}
	return d, nil
}

// newcomer makes the row of a person whom an admin adds (R44, R63, R64): internal people come from the directory with
// their name, external ones with the name that the admin types.
func (d directory) newcomer(signIn, business licensing.Email, name string, now time.Time) (userRow, *licensing.Error) {
	u := userRow{ID: licensing.UserID(uuid.NewString()), Kind: licensing.External, InTenant: true, CreatedAt: at(now)}
	u.address(signIn)
	u.BusinessEmail = string(business)
	if business == "" {
		u.BusinessEmail = string(signIn)
	}
	if p, ok := d.people[signIn.Key()]; ok {
		u.Kind, u.ObjectID = licensing.Internal, opt(p.ObjectID)
		name = licensing.CleanName(p.Name)
		if name == "" {
			name = string(signIn)
		}
	} else if slices.Contains(d.domains, signIn.Domain()) {
		u.Kind, u.InTenant = licensing.Internal, false
		u.rename(name)
		return u, licensing.Refuse(licensing.NotFound, "R63", "the address is one of your organization's, but nobody in its directory has it: check the address").In("sign_in_email")
	}
	u.rename(name)
	if name == "" {
		return u, licensing.Refuse(licensing.Invalid, "R44", "the full name of an external person is missing").In("name")
	}
	return u, nil
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

type auditRow struct {
	At        moment          `db:"at"`
	OrgID     licensing.OrgID `db:"org_id"`
	Actor     opt             `db:"actor"`
	Action    string          `db:"action"`
	Outcome   string          `db:"outcome"`
	UserID    opt             `db:"user_id"`
	LicenseID opt             `db:"license_id"`
	RequestID opt             `db:"request_id"`
	Rule      opt             `db:"rule"`
	Before    opt             `db:"before"`
	After     opt             `db:"after"`
	Detail    string          `db:"detail"`
}

const insertAudit = `
	INSERT INTO audit (at, org_id, actor, action, outcome, user_id, license_id, request_id, rule, before, after, detail)
	VALUES (:at, :org_id, :actor, :action, :outcome, :user_id, :license_id, :request_id, :rule, :before, :after, :detail)`

func (t *tx) audit(rows ...auditRow) error { return insert(t, insertAudit, rows) }

// holdings is what some users have: the invitation that has not ended, assignments and grants by License ID.
type holdings struct {
	invitation  map[licensing.UserID]*invitationRow
	assignments map[licensing.UserID]map[licensing.LicenseID]*assignmentRow
	grants      map[licensing.UserID]map[licensing.LicenseID][]licensing.Grant
	processed   map[licensing.UserID]map[licensing.LicenseID]time.Time // of the assignments' agreements
}

func (t *tx) holdings(users []licensing.UserID) (holdings, error) {
	h := holdings{
		invitation:  map[licensing.UserID]*invitationRow{},
		assignments: map[licensing.UserID]map[licensing.LicenseID]*assignmentRow{},
		grants:      map[licensing.UserID]map[licensing.LicenseID][]licensing.Grant{},
		processed:   map[licensing.UserID]map[licensing.LicenseID]time.Time{},
	}
	for _, id := range users {
		h.assignments[id] = map[licensing.LicenseID]*assignmentRow{}
		h.grants[id] = map[licensing.LicenseID][]licensing.Grant{}
		h.processed[id] = map[licensing.LicenseID]time.Time{}
	}
	for part := range slices.Chunk(users, batch) {
		var invitations []invitationRow
		if err := t.in(&invitations, selectInvitation+` WHERE i.state NOT IN ('accepted', 'cancelled') AND i.user_id IN (?)`, part); err != nil {
			return h, err
		}
		for _, i := range invitations {
			h.invitation[i.UserID] = &i
		}
		var assignments []struct {
			assignmentRow
			ProcessedAt moment `db:"processed_at"`
		}
		err := t.in(&assignments, `
			SELECT a.user_id, a.license_id, a.org_id, a.state, a.change_id, a.due_at, a.attempts, a.reason, a.reference, a.added_by,
				a.changed_at, c.processed_at
			FROM assignments a
			JOIN agreements c ON c.license_id = a.license_id
			WHERE a.user_id IN (?)`, part)
		if err != nil {
			return h, err
		}
		for _, a := range assignments {
			h.assignments[a.UserID][a.LicenseID] = &a.assignmentRow
			h.processed[a.UserID][a.LicenseID] = a.ProcessedAt.Time
		}
		var grants []grantRow
		err = t.in(&grants, `SELECT license_id, user_id, role, origin, effective FROM grants WHERE user_id IN (?) ORDER BY license_id, role`, part)
		if err != nil {
			return h, err
		}
		for _, g := range grants {
			h.grants[g.UserID][g.LicenseID] = append(h.grants[g.UserID][g.LicenseID],
				licensing.Grant{Role: g.Role, Origin: g.Origin, Effective: g.Effective})
		}
	}
	return h, nil
}

// ancestors begins a query on up: each of some License IDs of an organization (two arguments) with itself and each of those
// above it.
const ancestors = `
			WITH RECURSIVE up (license_id, above) AS (
				SELECT license_id, license_id FROM agreements WHERE org_id = ? AND license_id IN (?)
				UNION
				SELECT up.license_id, a.parent FROM up JOIN agreements a ON a.license_id = up.above WHERE a.parent IS NOT NULL
			)`

// optedIn says that user u inherits Administrator on up.license_id from the agreement up.above: has opted in, is named there
// as a contact who may (R88, R90), and holds no Invoice Reader on the License ID (R92).
const optedIn = `
			up.above <> up.license_id
			AND EXISTS (SELECT 1 FROM preferences p WHERE p.license_id = up.above AND p.user_id = u.id AND p.inherit)
			AND EXISTS (
				SELECT 1
				FROM contacts c
				WHERE c.license_id = up.above AND c.user_id = u.id AND c.until IS NULL AND c.kind <> 'bill_to'
			)
			AND NOT EXISTS (
				SELECT 1
				FROM grants i
				WHERE i.license_id = up.license_id AND i.user_id = u.id AND i.role = 'invoice_reader'
			)`

// inheritance returns on which of the License IDs the users inherit Administrator, and from which agreement (R88).
func (t *tx) inheritance(org licensing.OrgID, users []licensing.UserID, ids []licensing.LicenseID) (map[licensing.UserID]map[licensing.LicenseID]licensing.LicenseID, error) {
	out := map[licensing.UserID]map[licensing.LicenseID]licensing.LicenseID{}
	var inclined []licensing.UserID // whoever opted in anywhere: next to nobody
	for part := range slices.Chunk(users, batch) {
		var some []licensing.UserID
		if err := t.in(&some, `SELECT DISTINCT user_id FROM preferences WHERE inherit AND user_id IN (?)`, part); err != nil {
			return nil, err
		}
		inclined = append(inclined, some...)
	}
	if len(inclined) == 0 {
		return out, nil
	}
	for part := range slices.Chunk(unique(ids), batch) {
		var rows []struct {
			User    licensing.UserID    `db:"user_id"`
			License licensing.LicenseID `db:"license_id"`
			Above   licensing.LicenseID `db:"above"`
		}
		err := t.in(&rows, ancestors+`
			SELECT u.id AS user_id, up.license_id, MIN(up.above) AS above
			FROM up
			JOIN users u ON u.id IN (?) AND u.registered_at IS NOT NULL AND u.in_tenant
			WHERE`+optedIn+`
			GROUP BY u.id, up.license_id`, org, part, inclined)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if out[r.User] == nil {
				out[r.User] = map[licensing.LicenseID]licensing.LicenseID{}
			}
			out[r.User][r.License] = r.Above
		}
	}
	return out, nil
}

// administers returns on which of the License IDs the user may decide about assignments: an active admin there or of an
// agreement above, or one who inherits Administrator (R05, R69, R88, R91).
func (t *tx) administers(org licensing.OrgID, user licensing.UserID, ids []licensing.LicenseID) (map[licensing.LicenseID]bool, error) {
	out := map[licensing.LicenseID]bool{}
	for part := range slices.Chunk(unique(ids), batch) {
		var yes []licensing.LicenseID
		err := t.in(&yes, `
			`+ancestors+`
			SELECT DISTINCT up.license_id
			FROM up
			JOIN users u ON u.id = ? AND u.registered_at IS NOT NULL AND u.in_tenant
			WHERE EXISTS (
				SELECT 1
				FROM grants g
				WHERE g.license_id = up.above AND g.user_id = u.id AND g.role = 'administrator' AND g.effective
			) OR `+optedIn, org, part, user)
		if err != nil {
			return nil, err
		}
		for _, id := range yes {
			out[id] = true
		}
	}
	return out, nil
}

// activeAdmins returns who is an active admin of each License ID: effective, registered, in the tenant (R33).
func (t *tx) activeAdmins(ids []licensing.LicenseID) (map[licensing.LicenseID][]licensing.UserID, error) {
	out := map[licensing.LicenseID][]licensing.UserID{}
	for part := range slices.Chunk(unique(ids), batch) {
		var rows []grantRow
		err := t.in(&rows, `
			SELECT g.license_id, g.user_id
			FROM grants g
			JOIN users u ON u.id = g.user_id
			WHERE g.license_id IN (?) AND g.role = 'administrator' AND g.effective
				AND u.registered_at IS NOT NULL AND u.in_tenant`, part)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.LicenseID] = append(out[r.LicenseID], r.UserID)
		}
	}
	return out, nil
}

func itoa(n int) string { return strconv.Itoa(n) }

// missing turns "no rows" into a NotFound that names what there is not.
func missing(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return licensing.Refuse(licensing.NotFound, "", "there is no such %s", what)
	}
	return err
}
