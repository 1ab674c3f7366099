SELECT key FROM banyan.journal
WHERE scope = $1 AND draw >= $2 AND draw < $3 AND began <= clock_timestamp() - make_interval(secs => $5)
LIMIT $4
