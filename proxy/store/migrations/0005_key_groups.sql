-- Comparisons that are undecided are tallies whose `why` begins with the id of a group of keys; here is which keys they are.

CREATE TABLE banyan.key_group (
    route text NOT NULL,
    id text NOT NULL,
    keys text[] NOT NULL,
    last_seen double precision NOT NULL,
    PRIMARY KEY (route, id)
);
CREATE INDEX key_group_last_seen ON banyan.key_group (last_seen);
CREATE UNLOGGED TABLE banyan.staged_key_group (LIKE banyan.key_group);

-- How many of a cluster's occurrences nothing excused.
ALTER TABLE banyan.cluster ADD COLUMN counted bigint NOT NULL DEFAULT 0;
ALTER TABLE banyan.staged_cluster ADD COLUMN counted bigint NOT NULL DEFAULT 0;
