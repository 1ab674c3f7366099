-- $1 family, $2 provider, $3 client, $4 sealed token, $5 its hash, $6 slot, $7 sealed answer or null, $8 begun, $9 ends,
-- $10 hash of the access token, $11 hash of the subject or null
WITH older AS (
    SELECT id, gen FROM banyan.grant_family
    WHERE provider = $2 AND client_id = $3 AND key_hash = $11 AND id <> $1 AND state <> 'ended'
), born AS (
    INSERT INTO banyan.grant_family (id, provider, client_id, state, gen, rt, key_hash)
    SELECT $1, $2, $3, 'active', coalesce((SELECT max(gen) + 1 FROM older), 0), $4, $11
    WHERE NOT EXISTS (SELECT FROM banyan.grant_seen WHERE hash = $5)
    ON CONFLICT (id) DO NOTHING
    RETURNING id, gen
), seen AS (
    INSERT INTO banyan.grant_seen (hash, family, gen) SELECT $5, id, gen FROM born
), kept AS (
    INSERT INTO banyan.grant_access (family, slot, gen, body, begun, ends, at_hash)
    SELECT id, $6, gen, $7, to_timestamp($8), to_timestamp($9), $10 FROM born WHERE $7::bytea IS NOT NULL
), led AS (
    UPDATE banyan.grant_seen SET family = (SELECT id FROM born)
    WHERE family IN (SELECT id FROM older) AND EXISTS (SELECT FROM born)
), over AS (
    UPDATE banyan.grant_family SET state = 'ended', why = 'replaced', rt = NULL, epoch = epoch + 1, lease = NULL,
        moved_at = clock_timestamp()
    WHERE id IN (SELECT id FROM older) AND EXISTS (SELECT FROM born)
), erased AS (
    DELETE FROM banyan.grant_access WHERE family IN (SELECT id FROM older) AND EXISTS (SELECT FROM born)
)
SELECT count(*) FROM born
