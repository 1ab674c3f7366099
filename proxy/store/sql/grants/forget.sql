DELETE FROM banyan.grant_family WHERE id = $1 AND epoch = $2 AND gen = 0 AND state = 'inflight' RETURNING id
