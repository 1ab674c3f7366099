SELECT state FROM banyan.journal
WHERE scope = $1 AND draw >= $2 AND draw < $3
    AND (state IN ('dead', 'unknown') OR state = 'owed' AND began < clock_timestamp() - make_interval(secs => $4))
LIMIT $5
