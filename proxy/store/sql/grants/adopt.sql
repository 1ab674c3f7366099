-- $1 hash, $2 family, $3 provider, $4 client, $5 sealed token, $6 system, $7 whether it may bring tokens never seen
WITH claimed AS (
    INSERT INTO banyan.grant_seen (hash, family, gen)
    SELECT $1, $2, 0
    WHERE $7 OR EXISTS (SELECT FROM banyan.grant_expected WHERE hash = $1 AND provider = $3 AND system = $6)
    ON CONFLICT (hash) DO NOTHING
    RETURNING family
)
INSERT INTO banyan.grant_family (id, provider, client_id, state, rt)
SELECT family, $3, $4, 'active', $5 FROM claimed RETURNING id
