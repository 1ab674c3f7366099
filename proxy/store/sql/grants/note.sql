INSERT INTO banyan.grant_event (provider, family, kind, system, detail) VALUES ($1, $2, $3, $4, $5)
