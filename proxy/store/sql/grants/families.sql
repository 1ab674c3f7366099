-- $1 provider or '', $2 system whose proof is asked for or '', $3 only those that it has not proved, $4 most
SELECT f.id, f.provider, f.client_id, f.state, f.gen, f.why, f.attempts, coalesce(m.gen, -1) AS marked,
    extract(epoch FROM clock_timestamp() - f.moved_at)::float8 AS age,
    (SELECT coalesce(json_object_agg(system, gen), '{}') FROM banyan.grant_mark WHERE family = f.id)::text AS marks
FROM banyan.grant_family f
LEFT JOIN banyan.grant_mark m ON m.family = f.id AND m.system = $2
WHERE ($1 = '' OR f.provider = $1) AND (NOT $3 OR (coalesce(m.gen, -1) < f.gen AND f.state NOT IN ('ended', 'needs_consent')))
ORDER BY f.moved_at, f.id LIMIT $4
