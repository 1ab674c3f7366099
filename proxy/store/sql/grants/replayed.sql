-- $1 identity of this database now, $2 host that has replayed, $3 hosts that will not come back
WITH told AS (
    INSERT INTO banyan.grant_host (host, identity) VALUES ($2, $1)
    ON CONFLICT (host) DO UPDATE SET identity = excluded.identity, seen = clock_timestamp()
), missing AS (
    SELECT host FROM banyan.grant_host
    WHERE host <> $2 AND identity <> $1 AND NOT host = ANY ($3::text[]) AND seen > clock_timestamp() - interval '7 days'
), opened AS (
    UPDATE banyan.grant_database SET identity = $1 WHERE NOT EXISTS (SELECT FROM missing)
)
SELECT host FROM missing ORDER BY host
