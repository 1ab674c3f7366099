-- $8: the version that the standing must have, or null for any. $9 and $10: kind and cohort in the record.
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
), recorded AS (
    INSERT INTO banyan.order_record (route, kind, actor, at, reason, cohort, side, until, instance)
    SELECT $1, $9, $4, $5, $7, $10, CASE WHEN $10 = '' THEN NULL ELSE $3 END, $6, '' FROM numbered
    ON CONFLICT DO NOTHING
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
