-- $3: the version that the standing must have, or null for any.
WITH turn AS (
    SELECT version FROM banyan.standing FOR UPDATE
), dropped AS (
    DELETE FROM banyan.pin USING turn
    WHERE route = $1 AND cohort = $2 AND ($3::bigint IS NULL OR turn.version = $3)
    RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM dropped) RETURNING version
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
