-- What all replicas obey. Whatever changes it takes the next version in the same transaction (the row lock puts changes in
-- order), so a version that was seen means that every change up to it was seen.

CREATE TABLE banyan.standing (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);
INSERT INTO banyan.standing (version) VALUES (0);

CREATE TABLE banyan.position (
    route text PRIMARY KEY,
    stage text NOT NULL,
    split double precision NOT NULL,
    version bigint NOT NULL,
    latched boolean NOT NULL,
    held boolean NOT NULL,
    cause text NOT NULL,
    since double precision NOT NULL,
    file_stage text NOT NULL,
    file_split double precision NOT NULL
);

CREATE TABLE banyan.transition (
    standing bigint PRIMARY KEY,         -- the standing's version that it made
    route text NOT NULL,
    version bigint NOT NULL,
    from_stage text NOT NULL,
    from_split double precision NOT NULL,
    to_stage text NOT NULL,
    to_split double precision NOT NULL,
    cause text NOT NULL,
    actor text NOT NULL,
    at double precision NOT NULL,
    names text[] NOT NULL,
    numbers double precision[] NOT NULL,
    reason text NOT NULL,
    UNIQUE (route, version)
);

CREATE TABLE banyan.pin (
    route text NOT NULL,
    cohort text NOT NULL,
    side text NOT NULL,
    by text NOT NULL,
    since double precision NOT NULL,
    until double precision,
    reason text NOT NULL,
    PRIMARY KEY (route, cohort)
);

CREATE TABLE banyan.hold (
    route text PRIMARY KEY,
    by text NOT NULL,
    since double precision NOT NULL,
    until double precision,
    reason text NOT NULL
);

CREATE TABLE banyan.kill (
    route text PRIMARY KEY,
    "on" boolean NOT NULL,
    by text NOT NULL,
    since double precision NOT NULL,
    reason text NOT NULL
);

CREATE TABLE banyan.lease (
    name text PRIMARY KEY,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    granted double precision NOT NULL,   -- seconds
    until timestamptz NOT NULL
);

CREATE TABLE banyan.presence (
    instance text PRIMARY KEY,
    revision text NOT NULL,
    version bigint NOT NULL,
    seen timestamptz NOT NULL
);
