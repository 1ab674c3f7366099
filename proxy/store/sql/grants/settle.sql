-- $1 family, $2 epoch of the intent, $3 where it goes, $4 tries so far, $5 seconds until the next one, $6 why
UPDATE banyan.grant_family SET
    state = $3, epoch = epoch + 1, attempts = $4, why = $6, lease = NULL, moved_at = clock_timestamp(),
    next_at = CASE WHEN $5::float8 > 0 THEN clock_timestamp() + make_interval(secs => $5) END
WHERE id = $1 AND epoch = $2 AND state = 'inflight' RETURNING id
