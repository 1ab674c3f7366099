UPDATE banyan.idempotency
SET phase = $3, status = $4, lines = $5, body = $6, tried = false, kept_until = now() + make_interval(secs => $7)
WHERE record = $1 AND owner = $2 AND phase IN ('claimed', 'sent')
