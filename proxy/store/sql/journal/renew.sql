UPDATE banyan.journal SET holder = $2, held = clock_timestamp() + make_interval(secs => $3)
WHERE id = ANY($1::uuid[]) AND state = 'pending'
