-- What comparisons left behind. Times are unix seconds, minutes unix minutes.

CREATE TABLE banyan.applied (            -- increments that are in: the same id never counts twice
    id text PRIMARY KEY,
    at double precision NOT NULL
);
CREATE INDEX applied_at ON banyan.applied (at);

CREATE TABLE banyan.epoch (
    route text NOT NULL,
    number integer NOT NULL,
    legacy_version text NOT NULL,
    new_version text NOT NULL,
    began double precision NOT NULL,
    seen double precision NOT NULL,
    PRIMARY KEY (route, number),
    UNIQUE (route, legacy_version, new_version)
);

CREATE TABLE banyan.tally (
    route text NOT NULL,
    epoch integer NOT NULL,
    minute bigint NOT NULL,
    shape text NOT NULL,
    outcome text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    why text NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (route, epoch, minute, shape, outcome, kind, severity, why)
);
CREATE INDEX tally_minute ON banyan.tally (minute);

CREATE TABLE banyan.cluster (
    route text NOT NULL,
    epoch integer NOT NULL,
    id text NOT NULL,
    path text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    count bigint NOT NULL,
    first_seen double precision NOT NULL,
    last_seen double precision NOT NULL,
    accepted text NOT NULL,
    PRIMARY KEY (route, epoch, id)
);
CREATE INDEX cluster_last_seen ON banyan.cluster (last_seen);

CREATE TABLE banyan.sample (
    route text NOT NULL,
    epoch integer NOT NULL,
    cluster text NOT NULL,
    request_id text NOT NULL,
    at double precision NOT NULL,
    draw double precision NOT NULL,
    exchange bytea NOT NULL,
    PRIMARY KEY (route, epoch, cluster, request_id)
);
CREATE INDEX sample_at ON banyan.sample (at);

CREATE TABLE banyan.recorded (
    route text NOT NULL,
    request_id text NOT NULL,
    at double precision NOT NULL,
    exchange bytea NOT NULL,
    PRIMARY KEY (route, request_id)
);
CREATE INDEX recorded_at ON banyan.recorded (at);

CREATE TABLE banyan.shape (
    route text NOT NULL,
    shape text NOT NULL,
    legacy bigint NOT NULL,
    compared bigint NOT NULL,
    first_seen double precision NOT NULL,
    last_seen double precision NOT NULL,
    PRIMARY KEY (route, shape)
);

CREATE TABLE banyan.rule_hits (
    route text NOT NULL,
    rule text NOT NULL,
    hits bigint NOT NULL,
    last_hit double precision NOT NULL,
    PRIMARY KEY (route, rule)
);

CREATE TABLE banyan.noise_count (
    route text NOT NULL,
    path text NOT NULL,
    asked bigint NOT NULL,
    raw_only bigint NOT NULL,
    noise_only bigint NOT NULL,
    "both" bigint NOT NULL,
    PRIMARY KEY (route, path)
);

CREATE TABLE banyan.noise (
    route text NOT NULL,
    path text NOT NULL,
    numbers double precision[] NOT NULL,
    decided text NOT NULL,
    until double precision,
    updated double precision NOT NULL,
    PRIMARY KEY (route, path)
);

CREATE TABLE banyan.guard (
    route text NOT NULL,
    bad text NOT NULL,
    numbers double precision[] NOT NULL,
    updated double precision NOT NULL,
    PRIMARY KEY (route, bad)
);

-- COPY goes to these. Rows never outlive the transaction that brought them, so nobody sees another's.
CREATE UNLOGGED TABLE banyan.staged_tally (LIKE banyan.tally);
CREATE UNLOGGED TABLE banyan.staged_cluster (LIKE banyan.cluster);
CREATE UNLOGGED TABLE banyan.staged_sample (LIKE banyan.sample);
CREATE UNLOGGED TABLE banyan.staged_recorded (LIKE banyan.recorded);
CREATE UNLOGGED TABLE banyan.staged_shape (LIKE banyan.shape);
CREATE UNLOGGED TABLE banyan.staged_rule_hits (LIKE banyan.rule_hits);
CREATE UNLOGGED TABLE banyan.staged_noise_count (LIKE banyan.noise_count);
