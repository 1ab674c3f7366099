UPDATE banyan.idempotency SET phase = 'sent', locked_until = now() - interval '1 second'
WHERE record = $1 AND owner = $2 AND phase IN ('claimed', 'sent')
