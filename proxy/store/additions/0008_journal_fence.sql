-- What moved to another side, and with which version of the standing: a write of these cohorts that was decided by an earlier one is not
-- begun. A fence is made in the transaction of the move, out of the hold of its writes. `decided` of a write is the version it was decided
-- by; none where the kill switch did, which outranks what stands.

CREATE TABLE banyan.journal_fence (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL,
    low double precision NOT NULL,       -- of their draws, and below `high`
    high double precision NOT NULL,
    version bigint NOT NULL,
    made timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX journal_fence_scope ON banyan.journal_fence (scope);
ALTER TABLE banyan.journal ADD COLUMN decided bigint;
