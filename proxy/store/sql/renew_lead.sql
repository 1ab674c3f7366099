UPDATE banyan.lease SET granted = $4, until = clock_timestamp() + make_interval(secs => $4)
WHERE name = $1 AND holder = $2 AND epoch = $3 AND until > clock_timestamp()
RETURNING epoch
