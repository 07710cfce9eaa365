-- +goose Up
-- Ids are random UUIDs. Email addresses have a *_key column in lower case for comparison (R66). Times are UTC, as text of one width
-- (2006-01-02T15:04:05.000000Z), so that they sort as they should.

CREATE TABLE organizations (
    id         text PRIMARY KEY,
    name       text NOT NULL CHECK (name <> ''),
    created_at text NOT NULL
);

-- An address belongs to at most one organization: the internal people's domains (R63).
CREATE TABLE organization_domains (
    domain text PRIMARY KEY CHECK (domain = lower(domain)),
    org_id text NOT NULL REFERENCES organizations
);
CREATE INDEX organization_domains_org ON organization_domains (org_id);

-- The tenant's directory. Present is false from the moment a person leaves (R84); the object id is never reused (R47).
CREATE TABLE directory_people (
    org_id     text NOT NULL REFERENCES organizations,
    object_id  text NOT NULL CHECK (object_id <> ''),
    email      text NOT NULL,
    email_key  text NOT NULL,
    name       text NOT NULL,
    present    boolean NOT NULL,
    changed_at text NOT NULL,
    PRIMARY KEY (org_id, object_id)
);
-- Two people who are present never share an address; one who left may have had it (R47).
CREATE UNIQUE INDEX directory_people_email ON directory_people (org_id, email_key) WHERE present;

CREATE TABLE agreements (
    license_id   text PRIMARY KEY CHECK (length(license_id) BETWEEN 1 AND 32 AND license_id NOT GLOB '*[^A-Z0-9-]*'),
    org_id       text NOT NULL REFERENCES organizations,
    program      text NOT NULL CHECK (program <> ''),
    parent       text REFERENCES agreements CHECK (parent <> license_id),
    processed_at text NOT NULL,
    active       boolean NOT NULL DEFAULT true,
    invitation   text NOT NULL DEFAULT 'mail' CHECK (invitation IN ('mail', 'none')) -- none: nobody is invited (R76)
);
CREATE INDEX agreements_org ON agreements (org_id);
CREATE INDEX agreements_parent ON agreements (parent);

-- A person with VL permissions, registered or not. A profile stays when the permissions go (R02).
CREATE TABLE users (
    id             text PRIMARY KEY,
    org_id         text NOT NULL REFERENCES organizations,
    sign_in_email  text NOT NULL,
    sign_in_key    text NOT NULL,
    business_email text NOT NULL,
    name           text NOT NULL CHECK (name <> ''),
    name_key       text NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('internal', 'external')),
    object_id      text,
    in_tenant      boolean NOT NULL, -- internal people: kept by the directory's events, and by an admin's re-check (R84, R86)
    issuer         text, -- who registered, where the identity provider says it (L05)
    subject        text,
    registered_at  text,
    created_at     text NOT NULL,
    erased_at      text, -- set: nothing is left but the id, for the audit (L10)
    -- what a downstream system knows of the person (L08): see the triggers at the end
    version        integer NOT NULL DEFAULT 0,
    told_version   integer NOT NULL DEFAULT 0,
    told_up_to     text,
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
    id         integer PRIMARY KEY,
    license_id text NOT NULL REFERENCES agreements,
    kind       text NOT NULL CHECK (kind IN ('primary', 'notices', 'online_administrator', 'bill_to')),
    user_id    text NOT NULL REFERENCES users,
    business_email text NOT NULL,
    sign_in_email  text, -- null: the contract gives none
    since      text NOT NULL,
    until      text,
    suspended  boolean NOT NULL DEFAULT false, -- has left the tenant since: may not opt in until re-checked (R86)
    inherit_ended_at text -- an admin deleted the contact: only who is named anew may opt in again (R80)
);
CREATE UNIQUE INDEX contacts_one ON contacts (license_id, kind) WHERE until IS NULL;
CREATE INDEX contacts_user ON contacts (user_id, license_id) WHERE until IS NULL;

-- Who wants to inherit Administrator on everything below an agreement; it holds only while the contract names the person
-- there (R88–R90).
CREATE TABLE preferences (
    user_id    text NOT NULL REFERENCES users,
    license_id text NOT NULL REFERENCES agreements,
    inherit    boolean NOT NULL,
    changed_at text NOT NULL,
    PRIMARY KEY (user_id, license_id)
);
CREATE INDEX preferences_license ON preferences (license_id) WHERE inherit;

-- Where one user's roles on one License ID stand: the unit of status and lock (R45, R52).
CREATE TABLE assignments (
    user_id    text NOT NULL REFERENCES users,
    license_id text NOT NULL REFERENCES agreements,
    org_id     text NOT NULL REFERENCES organizations,
    state      text NOT NULL CHECK (state IN ('pending', 'propagating', 'active', 'failed')),
    change_id  text,  -- the fence: only the run of this change may settle it
    due_at     text,
    attempts   integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    reason     text,
    reference  text,
    added_by   text REFERENCES users,
    changed_at text NOT NULL,
    suspended  boolean NOT NULL DEFAULT false, -- the user has left the tenant since: no access until an admin there says so (R86)
    name_key   text NOT NULL DEFAULT '', -- the user's, kept by the triggers below: the order of the list
    PRIMARY KEY (user_id, license_id),
    CHECK ((state = 'propagating') = (due_at IS NOT NULL)),
    CHECK (state <> 'propagating' OR change_id IS NOT NULL),
    CHECK (state <> 'failed' OR reason IS NOT NULL)
);
CREATE INDEX assignments_suspended ON assignments (license_id, user_id) WHERE suspended;
CREATE INDEX assignments_list ON assignments (license_id, name_key, user_id);
CREATE INDEX assignments_state ON assignments (license_id, state, name_key, user_id, due_at);

-- An assignment carries its user's name_key, so that a page of the list is read from one index whatever the number of people.
-- +goose StatementBegin
CREATE TRIGGER assignments_name AFTER INSERT ON assignments BEGIN
    UPDATE assignments
    SET name_key = COALESCE((SELECT u.name_key FROM users u WHERE u.id = NEW.user_id), '')
    WHERE user_id = NEW.user_id AND license_id = NEW.license_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER users_name AFTER UPDATE OF name_key ON users WHEN OLD.name_key <> NEW.name_key BEGIN
    UPDATE assignments SET name_key = NEW.name_key WHERE user_id = NEW.id;
END;
-- +goose StatementEnd

-- One role of one user on one License ID (R08).
CREATE TABLE grants (
    license_id text NOT NULL,
    user_id    text NOT NULL,
    role       text NOT NULL CHECK (role IN ('administrator', 'license_position_reader', 'product_download_manager',
        'product_keys_reader', 'benefits_reader', 'online_services_manager', 'invoice_reader')),
    origin     text NOT NULL CHECK (origin IN ('admin', 'contract', 'bill_to')), -- inherited is computed, never stored (R88)
    effective  boolean NOT NULL,
    contract_email text, -- of what a contract gave: the address there (R28)
    suspended  boolean NOT NULL DEFAULT false, -- would be effective, were the assignment not suspended (R86)
    granted_by text REFERENCES users,
    granted_at text NOT NULL,
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
    id               text PRIMARY KEY,
    org_id           text NOT NULL REFERENCES organizations,
    user_id          text NOT NULL REFERENCES users, -- the addressee
    generation       integer NOT NULL CHECK (generation >= 1), -- rises with each reset; older links are dead (R58)
    state            text NOT NULL CHECK (state IN ('open', 'accepted', 'expired', 'failed', 'cancelled')),
    key_id           text NOT NULL, -- which key signs this generation's link
    invite_seconds   integer NOT NULL CHECK (invite_seconds > 0),
    expires_at       text NOT NULL,
    remind_at        text,
    sendings         integer NOT NULL DEFAULT 1 CHECK (sendings >= 1), -- of this generation
    last_sent_at     text NOT NULL,
    invited_by       text REFERENCES users,
    reason           text,
    accepted_at      text,
    accepted_by      text REFERENCES users,
    accepted_request text,
    accepted_contract text, -- the address on a contract whose link was used, in lower case (R27)
    created_at       text NOT NULL,
    CHECK ((state = 'accepted') = (accepted_at IS NOT NULL))
);
-- A person has at most one invitation that has not ended.
CREATE UNIQUE INDEX invitations_one_open ON invitations (user_id) WHERE state NOT IN ('accepted', 'cancelled');
CREATE INDEX invitations_contract ON invitations (org_id, accepted_contract) WHERE accepted_contract IS NOT NULL;
CREATE INDEX invitations_user ON invitations (user_id, created_at);

-- Who hands Administrator over to whom (R30–R32).
CREATE TABLE handovers (
    id         text PRIMARY KEY, -- the request's
    org_id     text NOT NULL REFERENCES organizations,
    from_user  text NOT NULL REFERENCES users,
    to_user    text NOT NULL REFERENCES users CHECK (to_user <> from_user),
    state      text NOT NULL CHECK (state IN ('open', 'agreed', 'done', 'cancelled', 'expired')),
    turns      integer NOT NULL DEFAULT 0, -- how many times roles were removed: each is a request of its own
    created_at text NOT NULL
);
CREATE INDEX handovers_from ON handovers (from_user, created_at);
CREATE INDEX handovers_to ON handovers (to_user, created_at);
CREATE TABLE handover_lines (
    handover_id text NOT NULL REFERENCES handovers,
    license_id  text NOT NULL REFERENCES agreements,
    state       text NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
    rule        text,
    until       text, -- refused as locked: until when (R52)
    PRIMARY KEY (handover_id, license_id)
);

-- The mail ledger: a row is queued in the transaction that decides the mail, and fences its sending.
CREATE TABLE mails (
    id            text PRIMARY KEY CHECK (length(id) <= 200),
    org_id        text NOT NULL REFERENCES organizations,
    user_id       text NOT NULL REFERENCES users,
    invitation_id text REFERENCES invitations,
    generation    integer,
    kind          text NOT NULL CHECK (kind IN ('welcome', 'reminder', 'registered', 'changes', 'confirmation', 'expired', 'forwarded', 'handover')),
    data          text NOT NULL DEFAULT '{}',
    state         text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'refused', 'deferred', 'unknown', 'dropped', 'given_up')),
    address       text, -- where it goes; null: the user's business email as it is when it is sent (R48)
    recipient     text, -- the address of the latest attempt
    attempts      integer NOT NULL DEFAULT 0,
    unknown       integer NOT NULL DEFAULT 0, -- attempts whose outcome was never learnt
    lease_until   text,
    code          integer,
    answer        text,
    queued_at     text NOT NULL,
    not_before    text NOT NULL, -- held until then, so that nobody is flooded (L07)
    mailbox       text NOT NULL, -- a digest of where it goes, to count by
    asked_by      text REFERENCES users, -- the admin whose request it is; null: it follows from something
    settled_at    text,
    erased_at     text, -- recipient, data and answer are gone (L10)
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
    id         text PRIMARY KEY,
    org_id     text NOT NULL REFERENCES organizations,
    by_user    text, -- whoever asked, known or not
    action     text NOT NULL, -- what is asked, as the audit calls it
    digest     text NOT NULL, -- of caller and content
    answer     text NOT NULL DEFAULT '{}',
    answer_version integer NOT NULL, -- of the answer's form
    work       text NOT NULL DEFAULT '[]', -- the runs that have to be told
    dispatched boolean NOT NULL DEFAULT true, -- all of them have been
    created_at text NOT NULL
);

-- Who, when, what, on which License ID, by which request and rule, refusals included. Append-only. No names, no addresses.
CREATE TABLE audit (
    id         integer PRIMARY KEY AUTOINCREMENT,
    at         text NOT NULL,
    org_id     text NOT NULL REFERENCES organizations,
    principal  text NOT NULL CHECK (principal IN ('person', 'partner', 'directory', 'support', 'system')),
    actor      text, -- the person; of a refusal perhaps nobody we know
    named      text, -- a partner or support, as it says
    action     text NOT NULL,
    outcome    text NOT NULL CHECK (outcome IN ('done', 'refused')),
    user_id    text REFERENCES users,
    license_id text,
    request_id text,
    rule       text,
    before     text,
    after      text,
    detail     text NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_user ON audit (user_id, id);
CREATE INDEX audit_license ON audit (license_id, id);
CREATE INDEX audit_org ON audit (org_id, id);

-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
-- +goose StatementEnd

-- The number of what a downstream system must know of a person rises with every change of it (L08): of grants that are effective or
-- may have been told, of the profile, and of what is inherited. Whoever isn't registered has nothing, and no number. What becomes due
-- is no write: each telling takes a number of its own.
-- +goose StatementBegin
CREATE TRIGGER grants_inserted AFTER INSERT ON grants WHEN NEW.effective BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.user_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER grants_updated AFTER UPDATE ON grants BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.user_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER grants_deleted AFTER DELETE ON grants BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = OLD.user_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER assignments_updated AFTER UPDATE ON assignments WHEN OLD.state = 'propagating' BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = OLD.user_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER users_version AFTER UPDATE OF sign_in_email, object_id, in_tenant, registered_at ON users WHEN OLD.sign_in_email IS NOT NEW.sign_in_email OR OLD.object_id IS NOT NEW.object_id
        OR OLD.in_tenant IS NOT NEW.in_tenant OR OLD.registered_at IS NOT NEW.registered_at BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER preferences_insert AFTER INSERT ON preferences BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.user_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contacts_insert AFTER INSERT ON contacts BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.user_id AND EXISTS (
        SELECT 1 FROM preferences p WHERE p.user_id = NEW.user_id AND p.license_id = NEW.license_id AND p.inherit);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER preferences_update AFTER UPDATE ON preferences BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.user_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER contacts_update AFTER UPDATE ON contacts BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND id = NEW.user_id AND EXISTS (
        SELECT 1 FROM preferences p WHERE p.user_id = NEW.user_id AND p.license_id = NEW.license_id AND p.inherit);
END;
-- +goose StatementEnd
-- Who inherits anywhere in the organization: next to nobody.
-- +goose StatementBegin
CREATE TRIGGER agreements_added AFTER INSERT ON agreements WHEN NEW.parent IS NOT NULL BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND org_id = NEW.org_id AND id IN (SELECT user_id FROM preferences WHERE inherit);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER agreements_moved AFTER UPDATE OF parent ON agreements WHEN OLD.parent IS NOT NEW.parent BEGIN
    UPDATE users SET version = version + 1
    WHERE registered_at IS NOT NULL AND org_id = NEW.org_id AND id IN (SELECT user_id FROM preferences WHERE inherit);
END;
-- +goose StatementEnd
