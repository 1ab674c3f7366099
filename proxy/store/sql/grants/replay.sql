-- $1 family, $2 provider, $3 client, $4 generation, $5 sealed token, $6 its hash, $7 hash of the token before it or null
WITH there AS (
    INSERT INTO banyan.grant_family (id, provider, client_id, state, gen, rt) VALUES ($1, $2, $3, 'active', $4, $5)
    ON CONFLICT (id) DO UPDATE SET
        state = 'active', gen = excluded.gen, rt = excluded.rt, epoch = grant_family.epoch + 1, attempts = 0,
        next_at = NULL, lease = NULL, why = '', moved_at = clock_timestamp()
    WHERE grant_family.gen < excluded.gen AND grant_family.state <> 'ended'
    RETURNING id
), before AS (
    INSERT INTO banyan.grant_seen (hash, family, gen) SELECT $7, $1, $4 - 1 WHERE $7::bytea IS NOT NULL
    ON CONFLICT (hash) DO NOTHING
), seen AS (
    INSERT INTO banyan.grant_seen (hash, family, gen) VALUES ($6, $1, $4) ON CONFLICT (hash) DO NOTHING
)
SELECT count(*) FROM there
