-- $1 provider, $2 system: families whose current token it has not shown
SELECT f.id, f.client_id, f.gen, f.rt FROM banyan.grant_family f
LEFT JOIN banyan.grant_mark m ON m.family = f.id AND m.system = $2
WHERE f.provider = $1 AND f.rt IS NOT NULL AND coalesce(m.gen, -1) < f.gen ORDER BY f.id
