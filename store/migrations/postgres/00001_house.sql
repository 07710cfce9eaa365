-- +goose Up
-- Ids are random UUIDs. Email addresses have a *_key column in lower case for comparison (R66). Times are UTC.

CREATE TABLE organizations (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (name <> ''),
    created_at timestamptz NOT NULL
);

-- An address belongs to at most one organization: the internal people's domains (R63).
CREATE TABLE organization_domains (
    domain text PRIMARY KEY CHECK (domain = lower(domain)),
    org_id uuid NOT NULL REFERENCES organizations
);
CREATE INDEX organization_domains_org ON organization_domains (org_id);

-- The tenant's directory. Present is false from the moment a person leaves (R84); the object id is never reused (R47).
CREATE TABLE directory_people (
    org_id     uuid NOT NULL REFERENCES organizations,
    object_id  text NOT NULL CHECK (object_id <> ''),
    email      text NOT NULL,
    email_key  text NOT NULL,
    name       text NOT NULL,
    present    boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, object_id)
);
-- Two people who are present never share an address; one who left may have had it (R47).
CREATE UNIQUE INDEX directory_people_email ON directory_people (org_id, email_key) WHERE present;

CREATE TABLE agreements (
    license_id   text PRIMARY KEY CHECK (license_id ~ '^[A-Z0-9-]{1,32}$'),
    org_id       uuid NOT NULL REFERENCES organizations,
    program      text NOT NULL CHECK (program <> ''),
    parent       text REFERENCES agreements CHECK (parent <> license_id),
    processed_at timestamptz NOT NULL,
    active       boolean NOT NULL DEFAULT true,
    invitation   text NOT NULL DEFAULT 'mail' CHECK (invitation IN ('mail', 'none')) -- none: nobody is invited (R76)
);
CREATE INDEX agreements_org ON agreements (org_id);
CREATE INDEX agreements_parent ON agreements (parent);

-- A person with VL permissions, registered or not. A profile stays when the permissions go (R02).
CREATE TABLE users (
    id             uuid PRIMARY KEY,
    org_id         uuid NOT NULL REFERENCES organizations,
    sign_in_email  text NOT NULL,
    sign_in_key    text COLLATE "C" NOT NULL,
    business_email text COLLATE "C" NOT NULL,
    name           text NOT NULL CHECK (name <> ''),
    name_key       text COLLATE "C" NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('internal', 'external')),
    object_id      text,
    in_tenant      boolean NOT NULL, -- internal people: kept by the directory's events, and by an admin's re-check (R84, R86)
    issuer         text COLLATE "C", -- who registered, where the identity provider says it (L05)
    subject        text COLLATE "C",
    registered_at  timestamptz,
    created_at     timestamptz NOT NULL,
    erased_at      timestamptz, -- set: nothing is left but the id, for the audit (L10)
    -- what a downstream system knows of the person (L08): see the triggers at the end
    version        bigint NOT NULL DEFAULT 0,
    told_version   bigint NOT NULL DEFAULT 0,
    told_up_to     timestamptz,
    FOREIGN KEY (org_id, object_id) REFERENCES directory_people,
    CHECK (kind = 'internal' OR in_tenant),
    CHECK ((issuer IS NULL) = (subject IS NULL))
);
-- One profile per person: (organization, sign-in email without case), and per directory object (R47, R66).
CREATE UNIQUE INDEX users_sign_in ON users (org_id, sign_in_key);
CREATE UNIQUE INDEX users_object ON users (org_id, object_id) WHERE object_id IS NOT NULL;
-- A person has a profile in each organization that he works for (L05).
CREATE UNIQUE INDEX users_subject ON users (org_id, issuer, subject) WHERE issuer IS NOT NULL;
-- The order of the Manage Assignments list. Keys sort by their bytes, so that both databases page alike and the beginning of
-- a name or an address is found as a range.
CREATE INDEX users_list ON users (org_id, name_key, id);
CREATE INDEX users_business ON users (org_id, lower(business_email));
CREATE INDEX users_unknown ON users (org_id) WHERE NOT in_tenant;

-- Who is named on the contract, with the addresses there, which nobody but the partner changes (R34). A row whose until is set is
-- a former contact.
CREATE TABLE contacts (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    license_id text NOT NULL REFERENCES agreements,
    kind       text NOT NULL CHECK (kind IN ('primary', 'notices', 'online_administrator', 'bill_to')),
    user_id    uuid NOT NULL REFERENCES users,
    business_email text COLLATE "C" NOT NULL,
    sign_in_email  text COLLATE "C", -- null: the contract gives none
    since      timestamptz NOT NULL,
    until      timestamptz,
    suspended  boolean NOT NULL DEFAULT false, -- has left the tenant since: may not opt in until re-checked (R86)
    inherit_ended_at timestamptz -- an admin deleted the contact: only who is named anew may opt in again (R80)
);
CREATE UNIQUE INDEX contacts_one ON contacts (license_id, kind) WHERE until IS NULL;
CREATE INDEX contacts_user ON contacts (user_id, license_id) WHERE until IS NULL;

-- Who wants to inherit Administrator on everything below an agreement; it holds only while the contract names the person
-- there (R88–R90).
CREATE TABLE preferences (
    user_id    uuid NOT NULL REFERENCES users,
    license_id text NOT NULL REFERENCES agreements,
    inherit    boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, license_id)
);
CREATE INDEX preferences_license ON preferences (license_id) WHERE inherit;

-- Where one user's roles on one License ID stand: the unit of status and lock (R45, R52).
CREATE TABLE assignments (
    user_id    uuid NOT NULL REFERENCES users,
    license_id text NOT NULL REFERENCES agreements,
    org_id     uuid NOT NULL REFERENCES organizations,
    state      text NOT NULL CHECK (state IN ('pending', 'propagating', 'active', 'failed')),
    change_id  text,  -- the fence: only the run of this change may settle it
    due_at     timestamptz,
    attempts   integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    reason     text,
    reference  text,
    added_by   uuid REFERENCES users,
    changed_at timestamptz NOT NULL,
    suspended  boolean NOT NULL DEFAULT false, -- the user has left the tenant since: no access until an admin there says so (R86)
    name_key   text COLLATE "C" NOT NULL DEFAULT '', -- the user's, kept by the triggers below: the order of the list
    PRIMARY KEY (user_id, license_id),
    CHECK ((state = 'propagating') = (due_at IS NOT NULL)),
    CHECK (state <> 'propagating' OR change_id IS NOT NULL),
    CHECK (state <> 'failed' OR reason IS NOT NULL)
);
CREATE INDEX assignments_suspended ON assignments (license_id, user_id) WHERE suspended;
CREATE INDEX assignments_list ON assignments (license_id, name_key, user_id);
CREATE INDEX assignments_state ON assignments (license_id, state, name_key, user_id, due_at);

-- An assignment carries its user's name_key, so that a page of the list is read from one index whatever the number of people.
-- Whoever inserts an assignment holds the lock on its user.
-- +goose StatementBegin
CREATE FUNCTION assignment_takes_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name_key := COALESCE((SELECT u.name_key FROM users u WHERE u.id = NEW.user_id), '');
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER assignments_name BEFORE INSERT ON assignments
    FOR EACH ROW EXECUTE FUNCTION assignment_takes_name();
-- +goose StatementBegin
CREATE FUNCTION assignments_follow_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE assignments SET name_key = NEW.name_key WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_name AFTER UPDATE OF name_key ON users
    FOR EACH ROW WHEN (OLD.name_key <> NEW.name_key) EXECUTE FUNCTION assignments_follow_name();

-- One role of one user on one License ID (R08).
CREATE TABLE grants (
    license_id text NOT NULL,
    user_id    uuid NOT NULL,
    role       text NOT NULL CHECK (role IN ('administrator', 'license_position_reader', 'product_download_manager',
        'product_keys_reader', 'benefits_reader', 'online_services_manager', 'invoice_reader')),
    origin     text NOT NULL CHECK (origin IN ('admin', 'contract', 'bill_to')), -- inherited is computed, never stored (R88)
    effective  boolean NOT NULL,
    contract_email text COLLATE "C", -- of what a contract gave: the address there (R28)
    suspended  boolean NOT NULL DEFAULT false, -- would be effective, were the assignment not suspended (R86)
    granted_by uuid REFERENCES users,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (license_id, role, user_id), -- in this order the people with a role are found
    FOREIGN KEY (user_id, license_id) REFERENCES assignments ON DELETE CASCADE,
    CHECK (NOT (effective AND suspended)),
    CHECK (origin <> 'bill_to' OR role = 'invoice_reader')
);
CREATE INDEX grants_user ON grants (user_id, license_id);
-- Administrator and Invoice Reader exclude each other (R19): at most one row of the two.
CREATE UNIQUE INDEX grants_administrator_xor_invoice_reader ON grants (user_id, license_id)
    WHERE role IN ('administrator', 'invoice_reader');
CREATE INDEX grants_administrators ON grants (license_id) WHERE role = 'administrator' AND effective;

CREATE TABLE invitations (
    id               uuid PRIMARY KEY,
    org_id           uuid NOT NULL REFERENCES organizations,
    user_id          uuid NOT NULL REFERENCES users, -- the addressee
    generation       integer NOT NULL CHECK (generation >= 1), -- rises with each reset; older links are dead (R58)
    state            text NOT NULL CHECK (state IN ('open', 'accepted', 'expired', 'failed', 'cancelled')),
    key_id           text NOT NULL, -- which key signs this generation's link
    invite_seconds   bigint NOT NULL CHECK (invite_seconds > 0),
    expires_at       timestamptz NOT NULL,
    remind_at        timestamptz,
    sendings         integer NOT NULL DEFAULT 1 CHECK (sendings >= 1), -- of this generation
    last_sent_at     timestamptz NOT NULL,
    invited_by       uuid REFERENCES users,
    reason           text,
    accepted_at      timestamptz,
    accepted_by      uuid REFERENCES users,
    accepted_request uuid,
    accepted_contract text COLLATE "C", -- the address on a contract whose link was used, in lower case (R27)
    created_at       timestamptz NOT NULL,
    CHECK ((state = 'accepted') = (accepted_at IS NOT NULL))
);
-- A person has at most one invitation that has not ended.
CREATE UNIQUE INDEX invitations_one_open ON invitations (user_id) WHERE state NOT IN ('accepted', 'cancelled');
CREATE INDEX invitations_contract ON invitations (org_id, accepted_contract) WHERE accepted_contract IS NOT NULL;
CREATE INDEX invitations_user ON invitations (user_id, created_at);

-- Who hands Administrator over to whom (R30–R32).
CREATE TABLE handovers (
    id         uuid PRIMARY KEY, -- the request's
    org_id     uuid NOT NULL REFERENCES organizations,
    from_user  uuid NOT NULL REFERENCES users,
    to_user    uuid NOT NULL REFERENCES users CHECK (to_user <> from_user),
    state      text NOT NULL CHECK (state IN ('open', 'agreed', 'done', 'cancelled', 'expired')),
    turns      integer NOT NULL DEFAULT 0, -- how many times roles were removed: each is a request of its own
    created_at timestamptz NOT NULL
);
CREATE INDEX handovers_from ON handovers (from_user, created_at);
CREATE INDEX handovers_to ON handovers (to_user, created_at);
CREATE TABLE handover_lines (
    handover_id uuid NOT NULL REFERENCES handovers,
    license_id  text NOT NULL REFERENCES agreements,
    state       text NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
    rule        text,
    until       timestamptz, -- refused as locked: until when (R52)
    PRIMARY KEY (handover_id, license_id)
);

-- The mail ledger: a row is queued in the transaction that decides the mail, and fences its sending.
CREATE TABLE mails (
    id            text PRIMARY KEY CHECK (length(id) <= 200),
    org_id        uuid NOT NULL REFERENCES organizations,
    user_id       uuid NOT NULL REFERENCES users,
    invitation_id uuid REFERENCES invitations,
    generation    integer,
    kind          text NOT NULL CHECK (kind IN ('welcome', 'reminder', 'registered', 'changes', 'confirmation', 'expired', 'forwarded', 'handover')),
    data          text NOT NULL DEFAULT '{}',
    state         text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'refused', 'deferred', 'unknown', 'dropped', 'given_up')),
    address       text, -- where it goes; null: the user's business email as it is when it is sent (R48)
    recipient     text, -- the address of the latest attempt
    attempts      integer NOT NULL DEFAULT 0,
    unknown       integer NOT NULL DEFAULT 0, -- attempts whose outcome was never learnt
    lease_until   timestamptz,
    code          integer,
    answer        text,
    queued_at     timestamptz NOT NULL,
    not_before    timestamptz NOT NULL, -- held until then, so that nobody is flooded (L07)
    mailbox       text NOT NULL, -- a digest of where it goes, to count by
    asked_by      uuid REFERENCES users, -- the admin whose request it is; null: it follows from something
    settled_at    timestamptz,
    erased_at     timestamptz, -- recipient, data and answer are gone (L10)
    CHECK ((state = 'sending') = (lease_until IS NOT NULL))
);
CREATE INDEX mails_kept ON mails (settled_at) WHERE erased_at IS NULL;
CREATE INDEX mails_user ON mails (user_id, queued_at);
CREATE INDEX mails_invitation ON mails (invitation_id, queued_at);
CREATE INDEX mails_mailbox ON mails (mailbox, not_before);
CREATE INDEX mails_asked_by ON mails (asked_by, queued_at) WHERE asked_by IS NOT NULL;
CREATE INDEX mails_asked_in ON mails (org_id, queued_at) WHERE asked_by IS NOT NULL;

-- Locked while mails to a mailbox are decided, so that two requests at once don't both find room (L07). A digest, as in mails.
CREATE TABLE mailboxes (
    mailbox text PRIMARY KEY
);

-- One row per command: the same id gives the same answer, other content under the same id is a conflict.
CREATE TABLE requests (
    id         uuid PRIMARY KEY,
    org_id     uuid NOT NULL REFERENCES organizations,
    by_user    uuid, -- whoever asked, known or not
    action     text NOT NULL, -- what is asked, as the audit calls it
    digest     text NOT NULL, -- of caller and content
    answer     text NOT NULL DEFAULT '{}',
    answer_version integer NOT NULL, -- of the answer's form
    work       text NOT NULL DEFAULT '[]', -- the runs that have to be told
    dispatched boolean NOT NULL DEFAULT true, -- all of them have been
    created_at timestamptz NOT NULL
);

-- Who, when, what, on which License ID, by which request and rule, refusals included. Append-only. No names, no addresses.
CREATE TABLE audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    org_id     uuid NOT NULL REFERENCES organizations,
    principal  text NOT NULL CHECK (principal IN ('person', 'partner', 'directory', 'support', 'system')),
    actor      uuid, -- the person; of a refusal perhaps nobody we know
    named      text, -- a partner or support, as it says
    action     text NOT NULL,
    outcome    text NOT NULL CHECK (outcome IN ('done', 'refused')),
    user_id    uuid REFERENCES users,
    license_id text,
    request_id uuid,
    rule       text,
    before     text,
    after      text,
    detail     text NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_user ON audit (user_id, id);
CREATE INDEX audit_license ON audit (license_id, id);
CREATE INDEX audit_org ON audit (org_id, id);

-- +goose StatementBegin
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- The number of what a downstream system must know of a person rises with every change of it (L08): of grants that are effective or
-- may have been told, of the profile, and of what is inherited. Whoever isn't registered has nothing, and no number. What becomes due
-- is no write: each telling takes a number of its own.
-- +goose StatementBegin
CREATE FUNCTION grants_given() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id IN (SELECT user_id FROM changed WHERE effective);
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION grants_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id IN (SELECT user_id FROM changed);
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION assignments_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id IN (SELECT user_id FROM changed WHERE state = 'propagating');
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER grants_inserted AFTER INSERT ON grants REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION grants_given();
CREATE TRIGGER grants_updated AFTER UPDATE ON grants REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION grants_changed();
CREATE TRIGGER grants_deleted AFTER DELETE ON grants REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION grants_changed();
CREATE TRIGGER assignments_updated AFTER UPDATE ON assignments REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION assignments_moved();
-- +goose StatementBegin
CREATE FUNCTION user_version_rises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER users_version BEFORE UPDATE OF sign_in_email, object_id, in_tenant, registered_at ON users
    FOR EACH ROW WHEN (NEW.registered_at IS NOT NULL
        AND (OLD.sign_in_email, OLD.object_id, OLD.in_tenant, OLD.registered_at)
        IS DISTINCT FROM (NEW.sign_in_email, NEW.object_id, NEW.in_tenant, NEW.registered_at))
    EXECUTE FUNCTION user_version_rises();
-- +goose StatementBegin
CREATE FUNCTION preference_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.user_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER preferences_version AFTER INSERT OR UPDATE ON preferences
    FOR EACH ROW EXECUTE FUNCTION preference_changes();
-- +goose StatementBegin
CREATE FUNCTION contact_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.user_id AND EXISTS (
        SELECT 1 FROM preferences p WHERE p.user_id = NEW.user_id AND p.license_id = NEW.license_id AND p.inherit);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER contacts_version AFTER INSERT OR UPDATE ON contacts
    FOR EACH ROW EXECUTE FUNCTION contact_changes();
-- Who inherits anywhere in the organization: next to nobody.
-- +goose StatementBegin
CREATE FUNCTION parent_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND org_id = NEW.org_id AND id IN (SELECT user_id FROM preferences WHERE inherit);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER agreements_added AFTER INSERT ON agreements
    FOR EACH ROW WHEN (NEW.parent IS NOT NULL) EXECUTE FUNCTION parent_changes();
CREATE TRIGGER agreements_moved AFTER UPDATE OF parent ON agreements
    FOR EACH ROW WHEN (OLD.parent IS DISTINCT FROM NEW.parent) EXECUTE FUNCTION parent_changes();
