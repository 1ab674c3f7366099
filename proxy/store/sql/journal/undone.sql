SELECT key FROM banyan.journal WHERE scope = $1 AND draw >= $2 AND draw < $3 LIMIT $4
