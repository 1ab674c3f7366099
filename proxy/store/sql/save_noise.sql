INSERT INTO banyan.noise (route, path, numbers, decided, until, updated, why) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (route, path) DO UPDATE SET
    numbers = excluded.numbers, decided = excluded.decided, until = excluded.until, updated = excluded.updated, why = excluded.why
