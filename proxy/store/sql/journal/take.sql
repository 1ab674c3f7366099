UPDATE banyan.journal SET holder = $1, held = clock_timestamp() + make_interval(secs => $2), attempts = attempts + 1
WHERE id IN (
    SELECT id FROM banyan.journal AS one
    WHERE state = 'owed' AND due <= clock_timestamp() AND held <= clock_timestamp() AND NOT EXISTS (
        SELECT FROM banyan.journal AS earlier
        WHERE earlier.scope = one.scope AND earlier.key = one.key AND earlier.turn < one.turn
            AND earlier.state <> 'pending'
    ) AND (one.needs = '{}' OR NOT EXISTS (
        SELECT FROM banyan.journal AS maker
        WHERE maker.made <> '{}' AND maker.made && one.needs AND maker.scope = one.scope AND maker.side = one.side
            AND maker.turn < one.turn
    ))
    ORDER BY due LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING *, extract(epoch FROM began)::float8 AS since
