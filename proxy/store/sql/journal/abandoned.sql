-- What a fence would keep out was never sent: a move waits for every write that was. Whoever began it died before it could take it back.
WITH unsent AS MATERIALIZED (
    SELECT begun.id FROM banyan.journal AS begun
    WHERE begun.state = 'pending' AND begun.held < clock_timestamp() AND NOT begun.id = ANY($4::uuid[]) AND EXISTS (
        SELECT FROM banyan.journal_fence AS fence
        WHERE fence.scope = begun.scope AND begun.draw >= fence.low AND begun.draw < fence.high
            AND fence.version > begun.decided
    )
), gone AS (
    DELETE FROM banyan.journal WHERE id IN (SELECT id FROM unsent) AND state = 'pending'
)
UPDATE banyan.journal SET holder = $1, held = clock_timestamp() + make_interval(secs => $2), attempts = attempts + 1
WHERE id IN (
    SELECT id FROM banyan.journal
    WHERE state = 'pending' AND held < clock_timestamp() AND NOT id = ANY($4::uuid[]) AND NOT id IN (SELECT id FROM unsent)
    ORDER BY began LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING *, extract(epoch FROM began)::float8 AS since
