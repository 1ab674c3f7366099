DELETE FROM banyan.idempotency
WHERE record = $1 AND (phase = 'sent' OR phase = 'claimed' AND tried) AND locked_until < now() RETURNING route, key
