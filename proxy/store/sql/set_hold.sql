WITH held AS (
    INSERT INTO banyan.hold (route, by, since, until, reason) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (route) DO UPDATE SET
        by = excluded.by, since = excluded.since, until = excluded.until, reason = excluded.reason
    RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM held) RETURNING version
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
