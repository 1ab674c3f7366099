UPDATE banyan.journal SET holder = $1, held = clock_timestamp() + make_interval(secs => $2), attempts = attempts + 1
WHERE id IN (
    SELECT id FROM banyan.journal
    WHERE state = 'pending' AND held < clock_timestamp() AND NOT id = ANY($4::uuid[])
    ORDER BY began LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING *, extract(epoch FROM began)::float8 AS since
