DELETE FROM banyan.journal WHERE id = ANY($1::uuid[]) AND state = 'owed' AND holder = $2 RETURNING id
