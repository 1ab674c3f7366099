-- What replicas tell each other in passing: counts and bad events of their last second. Logged, so that ids go on after a crash.

CREATE TABLE banyan.told (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance text NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
