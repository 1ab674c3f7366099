-- $2 to $5: kind, actor, time and reason in the record.
WITH turn AS (
    SELECT version FROM banyan.standing FOR UPDATE
), lifted AS (
    DELETE FROM banyan.suspension USING turn WHERE subject = $1 RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM lifted) RETURNING version
), recorded AS (
    INSERT INTO banyan.order_record (route, kind, actor, at, reason, cohort, side, until, instance)
    SELECT '', $2, $3, $4, $5, $1, NULL, NULL, '' FROM numbered
    ON CONFLICT DO NOTHING
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
