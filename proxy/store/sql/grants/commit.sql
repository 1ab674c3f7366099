-- $1 family, $2 new generation, $3 sealed token, $4 its hash, $5 slot, $6 sealed answer or null, $7 begun, $8 ends,
-- $9 hash of the access token, $10 hash of the credentials or null, $11 client, $12 hash of the subject or null
WITH moved AS (
    UPDATE banyan.grant_family SET
        state = 'active', gen = $2, rt = $3, epoch = epoch + 1, attempts = 0, next_at = NULL, lease = NULL, why = '',
        key_hash = coalesce(key_hash, $12), moved_at = clock_timestamp()
    WHERE id = $1 AND gen = $2 - 1 AND state <> 'ended'
    RETURNING id
), seen AS (
    INSERT INTO banyan.grant_seen (hash, family, gen) SELECT $4, id, $2 FROM moved
    ON CONFLICT (hash) DO UPDATE SET gen = excluded.gen WHERE grant_seen.family = excluded.family
), kept AS (
    INSERT INTO banyan.grant_access (family, slot, gen, body, begun, ends, at_hash)
    SELECT id, $5, $2, $6, to_timestamp($7), to_timestamp($8), $9 FROM moved WHERE $6::bytea IS NOT NULL
    ON CONFLICT (family, slot) DO UPDATE SET
        gen = excluded.gen, body = excluded.body, begun = excluded.begun, ends = excluded.ends, at_hash = excluded.at_hash
), right_one AS (
    INSERT INTO banyan.grant_credential (hash, client_id) SELECT $10, $11 FROM moved WHERE $10::bytea IS NOT NULL
    ON CONFLICT (hash) DO UPDATE SET ok_at = clock_timestamp()
)
SELECT count(*) FROM moved
