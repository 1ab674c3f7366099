-- Of what does not add up, the latest counts.
INSERT INTO banyan.cluster (route, epoch, id, path, kind, severity, count, first_seen, last_seen, accepted, counted)
SELECT
    route, epoch, id, min(path),
    (array_agg(kind ORDER BY last_seen DESC, accepted COLLATE "C" DESC, severity COLLATE "C" DESC, kind COLLATE "C" DESC))[1],
    (array_agg(severity ORDER BY last_seen DESC, accepted COLLATE "C" DESC, severity COLLATE "C" DESC))[1],
    sum(count)::bigint, min(first_seen), max(last_seen),
    (array_agg(accepted ORDER BY last_seen DESC, accepted COLLATE "C" DESC))[1],
    sum(counted)::bigint
FROM banyan.staged_cluster GROUP BY route, epoch, id
ON CONFLICT (route, epoch, id) DO UPDATE SET
    kind = CASE WHEN excluded.last_seen >= cluster.last_seen THEN excluded.kind ELSE cluster.kind END,
    severity = CASE WHEN excluded.last_seen >= cluster.last_seen THEN excluded.severity ELSE cluster.severity END,
    accepted = CASE WHEN excluded.last_seen >= cluster.last_seen THEN excluded.accepted ELSE cluster.accepted END,
    count = cluster.count + excluded.count,
    counted = cluster.counted + excluded.counted,
    first_seen = least(cluster.first_seen, excluded.first_seen),
    last_seen = greatest(cluster.last_seen, excluded.last_seen)
