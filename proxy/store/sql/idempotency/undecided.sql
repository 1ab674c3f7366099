SELECT record, route, key, extract(epoch FROM began)::double precision AS began, repeatable FROM banyan.idempotency
WHERE (phase = 'sent' OR phase = 'claimed' AND tried) AND locked_until < now() ORDER BY idempotency.began LIMIT $1
