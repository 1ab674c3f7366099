-- $1 hash, $2 system, $3 slot; is_same: this database is the one that it was
SELECT f.id, f.client_id, f.state, f.gen, f.rt, f.epoch, f.attempts, f.why, f.intent_by, s.gen AS shown,
    (SELECT identity FROM banyan.grant_database) IS NOT DISTINCT FROM (
        SELECT system_identifier || '/' || ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
            || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
        FROM pg_control_system()
    ) AS is_same,
    extract(epoch FROM clock_timestamp())::float8 AS now,
    coalesce(extract(epoch FROM f.lease), 0)::float8 AS lease,
    coalesce(extract(epoch FROM f.next_at), 0)::float8 AS next_at,
    coalesce(m.gen, -1) AS marked,
    a.body, coalesce(extract(epoch FROM a.begun), 0)::float8 AS begun, coalesce(extract(epoch FROM a.ends), 0)::float8 AS ends
FROM banyan.grant_seen s
JOIN banyan.grant_family f ON f.id = s.family
LEFT JOIN banyan.grant_mark m ON m.family = f.id AND m.system = $2
LEFT JOIN banyan.grant_access a ON a.family = f.id AND a.slot = $3
WHERE s.hash = $1
