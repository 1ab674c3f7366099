UPDATE banyan.journal SET
    state = $3,
    said = $4,
    due = clock_timestamp() + make_interval(secs => $5),
    clashes = clashes OR $6,
    held = clock_timestamp(),
    holder = ''
WHERE id = $1 AND state = 'owed' AND holder = $2
