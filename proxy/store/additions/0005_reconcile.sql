-- Runs of `banyan reconcile`: `position` is the key up to which all is settled, by which a run is gone on with.

CREATE TABLE banyan.reconcile_run (
    id text PRIMARY KEY,
    check_name text NOT NULL,
    mark text NOT NULL,
    started double precision NOT NULL,
    ended double precision,
    position text[] NOT NULL,
    legacy_rows bigint NOT NULL,
    new_rows bigint NOT NULL,
    differences bigint NOT NULL,
    unsettled bigint NOT NULL,
    actor text NOT NULL
);

CREATE INDEX ON banyan.reconcile_run (check_name, started);
