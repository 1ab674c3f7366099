SELECT record, owner, fingerprint, phase, tried, locked_until >= now() AS is_locked, status, lines, body
FROM banyan.idempotency WHERE record = ANY ($1::bytea[])
