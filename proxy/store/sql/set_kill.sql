WITH switched AS (
    INSERT INTO banyan.kill (route, "on", by, since, reason) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (route) DO UPDATE SET
        "on" = excluded."on", by = excluded.by, since = excluded.since, reason = excluded.reason
    RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM switched) RETURNING version
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
