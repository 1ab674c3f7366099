INSERT INTO banyan.guard (route, bad, numbers, updated) VALUES ($1, $2, $3, $4)
ON CONFLICT (route, bad) DO UPDATE SET numbers = excluded.numbers, updated = excluded.updated
