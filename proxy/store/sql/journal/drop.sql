DELETE FROM banyan.journal WHERE id = $1 AND state IN ('unknown', 'dead') RETURNING id
