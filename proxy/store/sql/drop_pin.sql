-- $3: the version that the standing must have, or null for any. $4 to $8: kind, actor, time, reason and cohort in the record, or nulls.
WITH turn AS (
    SELECT version FROM banyan.standing FOR UPDATE
), dropped AS (
    DELETE FROM banyan.pin USING turn
    WHERE route = $1 AND cohort = $2 AND ($3::bigint IS NULL OR turn.version = $3)
    RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM dropped) RETURNING version
), recorded AS (
    INSERT INTO banyan.order_record (route, kind, actor, at, reason, cohort, side, until, instance)
    SELECT $1, $4, $5, $6, $7, $8, NULL, NULL, '' FROM numbered WHERE $4::text IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
