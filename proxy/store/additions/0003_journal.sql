-- Writes that both sides are to get; `proxy/core/journal/intent.py` has the rules. A row is gone when both have it, or none is to.
-- `request` and `answer` are JSON as `proxy/store/journal_json.py` writes it; times are the database's own.

CREATE SEQUENCE banyan.journal_turn;
CREATE TABLE banyan.journal (
    id uuid PRIMARY KEY,
    scope text NOT NULL,
    key text NOT NULL,
    route text NOT NULL,
    cohort text NOT NULL,
    draw double precision NOT NULL,
    side text NOT NULL,
    state text NOT NULL,
    began timestamptz NOT NULL DEFAULT clock_timestamp(),
    turn bigint,                         -- the order in which the first side did them; none while pending
    attempts integer NOT NULL DEFAULT 0,
    due timestamptz NOT NULL DEFAULT clock_timestamp(),
    holder text NOT NULL,                -- who has it in hand: until `held` nobody else takes it
    held timestamptz NOT NULL,
    said text NOT NULL DEFAULT '',
    request bytea NOT NULL,
    answer bytea
);
CREATE UNIQUE INDEX journal_pending ON banyan.journal (scope, key) WHERE state = 'pending';
CREATE INDEX journal_turn_of_key ON banyan.journal (scope, key, turn) WHERE state <> 'pending';
CREATE INDEX journal_due ON banyan.journal (due) WHERE state = 'owed';
CREATE INDEX journal_draw ON banyan.journal (scope, draw);

CREATE TABLE banyan.journal_hold (       -- cohorts that are about to move: no write of theirs is begun
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL,
    low double precision NOT NULL,       -- of their draws, and below `high`
    high double precision NOT NULL,
    until timestamptz NOT NULL
);

CREATE TABLE banyan.journal_id (         -- what each side calls the same thing
    scope text NOT NULL,
    legacy text NOT NULL,
    new text NOT NULL,
    PRIMARY KEY (scope, legacy)
);
CREATE UNIQUE INDEX journal_id_new ON banyan.journal_id (scope, new);
