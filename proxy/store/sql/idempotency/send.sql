UPDATE banyan.idempotency SET phase = 'sent', locked_until = now() + make_interval(secs => $3)
FROM unnest($1::bytea[], $2::bytea[]) AS each (record, owner)
WHERE idempotency.record = each.record AND idempotency.owner = each.owner AND phase IN ('claimed', 'sent')
RETURNING idempotency.record, idempotency.owner
