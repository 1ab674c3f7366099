-- A hold lasts as long as its row, whatever the time: who finds it over takes it away, unless a move is being made under it.
-- `is_outdated`: the cohort has moved since the write was decided, and nothing else keeps it out.
WITH over AS (
    DELETE FROM banyan.journal_hold WHERE id IN (
        SELECT id FROM banyan.journal_hold WHERE until <= clock_timestamp() FOR UPDATE SKIP LOCKED
    )
), kept_out AS MATERIALIZED (
    SELECT begun.id, EXISTS (
        SELECT FROM banyan.journal AS other
        WHERE other.scope = begun.scope AND other.key = begun.key AND other.side <> begun.side AND other.state <> 'pending'
    ) OR EXISTS (
        SELECT FROM banyan.journal_hold AS held
        WHERE held.scope = begun.scope AND begun.draw >= held.low AND begun.draw < held.high
    ) AS waits, EXISTS (
        SELECT FROM banyan.journal_fence AS fence
        WHERE fence.scope = begun.scope AND begun.draw >= fence.low AND begun.draw < fence.high
            AND fence.version > begun.decided
    ) AS is_outdated
    FROM banyan.journal AS begun
    WHERE begun.id = ANY($1::uuid[]) AND begun.state = 'pending'
)
DELETE FROM banyan.journal AS begun USING kept_out
WHERE begun.id = kept_out.id AND begun.state = 'pending' AND (kept_out.waits OR kept_out.is_outdated)
RETURNING begun.id, kept_out.is_outdated AND NOT kept_out.waits AS is_outdated
