-- Tokens that exist once (docs/grants.md). What is sealed is AES-256-GCM, key id in front, bound to its family.
CREATE TABLE banyan.grant_family (
    id uuid PRIMARY KEY,
    provider text NOT NULL,
    client_id text NOT NULL,
    state text NOT NULL,
    gen integer NOT NULL DEFAULT 0,
    rt bytea,
    epoch bigint NOT NULL DEFAULT 0,
    intent_at timestamptz,
    intent_by text NOT NULL DEFAULT '',
    lease timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz,
    why text NOT NULL DEFAULT '',
    key_hash bytea,
    moved_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX grant_family_key ON banyan.grant_family (provider, client_id, key_hash) WHERE key_hash IS NOT NULL;
CREATE INDEX grant_family_open ON banyan.grant_family (intent_by) WHERE state = 'inflight';

CREATE TABLE banyan.grant_seen (
    hash bytea PRIMARY KEY,
    family uuid NOT NULL REFERENCES banyan.grant_family ON DELETE CASCADE,
    gen integer NOT NULL,
    given text[] NOT NULL DEFAULT '{}',
    uses integer NOT NULL DEFAULT 0,
    last_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX grant_seen_family ON banyan.grant_seen (family);

CREATE TABLE banyan.grant_mark (
    family uuid NOT NULL REFERENCES banyan.grant_family ON DELETE CASCADE,
    system text NOT NULL,
    gen integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (family, system)
);

CREATE TABLE banyan.grant_access (
    family uuid NOT NULL REFERENCES banyan.grant_family ON DELETE CASCADE,
    slot text NOT NULL,
    gen integer NOT NULL,
    body bytea NOT NULL,
    begun timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    at_hash bytea NOT NULL,
    PRIMARY KEY (family, slot)
);
CREATE INDEX grant_access_hash ON banyan.grant_access (at_hash);

-- tokens that a system may bring though it adopts none: told of by `banyan grants import`
CREATE TABLE banyan.grant_expected (
    hash bytea PRIMARY KEY, provider text NOT NULL, system text NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE banyan.grant_credential (
    hash bytea PRIMARY KEY, client_id text NOT NULL, ok_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE banyan.grant_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    provider text NOT NULL,
    family uuid,
    kind text NOT NULL,
    system text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT ''
);
CREATE INDEX grant_event_at ON banyan.grant_event (at);

-- which database it was when it was last known to hold everything, and which hosts have a spool
CREATE TABLE banyan.grant_database (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), identity text NOT NULL);
CREATE TABLE banyan.grant_host (
    host text PRIMARY KEY, identity text NOT NULL, seen timestamptz NOT NULL DEFAULT clock_timestamp()
);
