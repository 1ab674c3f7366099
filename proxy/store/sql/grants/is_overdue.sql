-- $1 family, $2 its epoch: whether the call that somebody else makes was not renewed in time, and nothing came of it since
SELECT EXISTS (SELECT FROM banyan.grant_family WHERE id = $1 AND epoch = $2 AND state = 'inflight' AND lease <= clock_timestamp())
