INSERT INTO banyan.grant_credential (hash, client_id) VALUES ($1, $2) ON CONFLICT (hash) DO UPDATE SET ok_at = clock_timestamp()
