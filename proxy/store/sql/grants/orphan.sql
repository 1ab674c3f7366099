-- $1 who died: nobody knows what became of its calls
UPDATE banyan.grant_family SET state = 'unknown', epoch = epoch + 1, attempts = attempts + 1, lease = NULL,
    moved_at = clock_timestamp()
WHERE intent_by = $1 AND state = 'inflight' RETURNING id
