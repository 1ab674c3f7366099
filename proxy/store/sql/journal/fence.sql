-- In the transaction of a move, after the standing's version was counted up. Fewer rows than holds: one of them is over, and writes of
-- these cohorts may have been begun since: the move must not be made. The lock on a hold keeps it until the move is there to be seen.
WITH held AS (
    UPDATE banyan.journal_hold SET until = greatest(until, clock_timestamp() + interval '1 second') WHERE id = ANY($1::bigint[])
    RETURNING scope, low, high
)
INSERT INTO banyan.journal_fence (scope, low, high, version)
SELECT scope, low, high, (SELECT version FROM banyan.standing) FROM held
RETURNING id
