-- One statement: the lead ($23 to $25, or nulls) is held, the position replaced if its version is $11, the move recorded under
-- the standing's next version, old moves ($22 versions back) dropped, and everyone told. No row: nothing was done.
-- The standing is locked first, as in lock_standing: so no two that change it wait for each other.
WITH turn AS (
    SELECT version FROM banyan.standing FOR UPDATE
), led AS (
    SELECT true FROM banyan.lease
    WHERE name = $23 AND holder = $24 AND epoch = $25 AND until > clock_timestamp()
    FOR SHARE
), moved AS (
    INSERT INTO banyan.position AS known
        (route, stage, split, version, latched, held, cause, since, file_stage, file_split, begun)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $26 FROM turn
    WHERE ($23::text IS NULL OR EXISTS (SELECT FROM led))
        AND ($11::bigint = 0 OR EXISTS (SELECT FROM banyan.position WHERE route = $1))
    ON CONFLICT (route) DO UPDATE SET
        stage = excluded.stage, split = excluded.split, version = excluded.version,
        latched = excluded.latched, held = excluded.held, cause = excluded.cause, since = excluded.since,
        file_stage = excluded.file_stage, file_split = excluded.file_split, begun = excluded.begun
    WHERE known.version = $11
    RETURNING known.route
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM moved) RETURNING version
), recorded AS (
    INSERT INTO banyan.transition
        (standing, route, version, from_stage, from_split, to_stage, to_split, cause, actor, at, names, numbers, reason)
    SELECT version, $1, $4, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21 FROM numbered
), dropped AS (
    DELETE FROM banyan.transition USING numbered WHERE transition.standing <= numbered.version - $22
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
