-- What replicas tell each other in passing: counts and bad events of their last second. Nothing of it is worth a disk's wait.

CREATE UNLOGGED TABLE banyan.told (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance text NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
