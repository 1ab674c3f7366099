-- $1 identity of this database now, $2 host; the first one names it
WITH first AS (
    INSERT INTO banyan.grant_database (identity) VALUES ($1) ON CONFLICT DO NOTHING RETURNING identity
), known AS (
    SELECT identity FROM first UNION ALL SELECT identity FROM banyan.grant_database LIMIT 1
), host AS (
    INSERT INTO banyan.grant_host (host, identity) SELECT $2, identity FROM known
    ON CONFLICT (host) DO UPDATE SET seen = clock_timestamp()
)
SELECT identity FROM known
