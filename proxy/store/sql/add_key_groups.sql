INSERT INTO banyan.key_group (route, id, keys, last_seen)
SELECT DISTINCT ON (route, id) route, id, keys, last_seen FROM banyan.staged_key_group ORDER BY route, id, last_seen DESC
ON CONFLICT (route, id) DO UPDATE SET last_seen = greatest(key_group.last_seen, excluded.last_seen)
