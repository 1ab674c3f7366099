SELECT id FROM banyan.journal WHERE id = $1 AND state = 'owed' AND holder = $2 FOR UPDATE
