INSERT INTO banyan.journal_id (scope, legacy, new) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING legacy
