-- Fences of an hour ago are known to everybody who is not stopped: they become one of the whole scope, but for what keeps none out that
-- was begun (`abandoned.sql`).
WITH old AS (
    DELETE FROM banyan.journal_hold WHERE until < clock_timestamp() - interval '1 minute'
), known AS (
    DELETE FROM banyan.journal_fence AS fence WHERE scope = $1 AND made < clock_timestamp() - interval '1 hour' AND NOT EXISTS (
        SELECT FROM banyan.journal AS begun
        WHERE begun.scope = $1 AND begun.state = 'pending' AND begun.decided < fence.version
    )
    RETURNING version, made
), joined AS (
    INSERT INTO banyan.journal_fence (scope, low, high, version, made)
    SELECT $1, 0, 2, max(version), max(made) FROM known HAVING count(*) > 0
)
INSERT INTO banyan.journal_hold (scope, low, high, until)
VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
RETURNING id
