-- $8: the version that the standing must have, or null for any.
WITH turn AS (
    SELECT version FROM banyan.standing FOR UPDATE
), pinned AS (
    INSERT INTO banyan.pin (route, cohort, side, by, since, until, reason)
    SELECT $1, $2, $3, $4, $5, $6, $7 FROM turn WHERE $8::bigint IS NULL OR turn.version = $8
    ON CONFLICT (route, cohort) DO UPDATE SET
        side = excluded.side, by = excluded.by, since = excluded.since, until = excluded.until, reason = excluded.reason
    RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM pinned) RETURNING version
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
