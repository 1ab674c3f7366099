INSERT INTO banyan.grant_expected (hash, provider, system) SELECT unnest($1::bytea[]), $2, $3 ON CONFLICT DO NOTHING
