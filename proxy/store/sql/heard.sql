SELECT id, instance, body FROM banyan.told WHERE id > $1 AND instance <> $2 ORDER BY id LIMIT 1000
