-- One that is there stays as it is, as does one too many. $5: how many there may be, $6: kind in the record.
WITH turn AS (
    SELECT version FROM banyan.standing FOR UPDATE
), suspended AS (
    INSERT INTO banyan.suspension (subject, by, since, reason)
    SELECT $1, $2, $3, $4 FROM turn WHERE (SELECT count(*) FROM banyan.suspension) < $5
    ON CONFLICT (subject) DO NOTHING
    RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM suspended) RETURNING version
), recorded AS (
    INSERT INTO banyan.order_record (route, kind, actor, at, reason, cohort, side, until, instance)
    SELECT '', $6, $2, $3, $4, $1, NULL, NULL, '' FROM numbered
    ON CONFLICT DO NOTHING
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
