WITH made AS (INSERT INTO banyan.usage_record (began) VALUES ($1) ON CONFLICT (id) DO NOTHING RETURNING began)
SELECT began FROM made UNION ALL SELECT began FROM banyan.usage_record LIMIT 1
