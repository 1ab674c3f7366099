UPDATE banyan.grant_family SET lease = clock_timestamp() + make_interval(secs => $3)
WHERE id = $1 AND epoch = $2 AND state = 'inflight' RETURNING id
