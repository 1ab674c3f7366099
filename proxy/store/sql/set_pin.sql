WITH pinned AS (
    INSERT INTO banyan.pin (route, cohort, side, by, since, until, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (route, cohort) DO UPDATE SET
        side = excluded.side, by = excluded.by, since = excluded.since, until = excluded.until, reason = excluded.reason
    RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM pinned) RETURNING version
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
