-- Idempotency keys. `record` stands for route, cohort, credentials and key; `route` (its origin) and `key` are for people. `owner` is the
-- request that holds the key, whose lock runs out when nobody renews it. `tried`: an earlier request with the key was sent, and its outcome
-- is unknown. `repeatable`: such a request may be sent again.

CREATE TABLE banyan.idempotency (
    record bytea PRIMARY KEY,
    owner bytea NOT NULL,
    fingerprint bytea NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    repeatable boolean NOT NULL,
    tried boolean NOT NULL DEFAULT false,
    phase text NOT NULL,
    began timestamptz NOT NULL DEFAULT now(),
    locked_until timestamptz NOT NULL,
    status integer NOT NULL DEFAULT 0,
    lines bytea[] NOT NULL DEFAULT '{}',
    body bytea NOT NULL DEFAULT '',
    kept_until timestamptz NOT NULL
);
CREATE INDEX idempotency_kept ON banyan.idempotency (kept_until);
CREATE INDEX idempotency_sent ON banyan.idempotency (began) WHERE phase = 'sent' OR phase = 'claimed' AND tried;
