-- $1 family, $2 its epoch, $3 who, $4 lease in seconds
UPDATE banyan.grant_family SET
    state = 'inflight', epoch = epoch + 1, intent_at = clock_timestamp(), intent_by = $3,
    lease = clock_timestamp() + make_interval(secs => $4)
WHERE id = $1 AND epoch = $2 AND (
    (state IN ('active', 'unknown') AND (next_at IS NULL OR next_at <= clock_timestamp()))
    OR (state = 'inflight' AND lease <= clock_timestamp())
)
RETURNING epoch, gen, rt, extract(epoch FROM intent_at)::float8 AS intent_at
