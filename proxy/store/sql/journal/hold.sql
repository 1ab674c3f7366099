WITH old AS (
    DELETE FROM banyan.journal_hold WHERE until < clock_timestamp() - interval '1 minute'
)
INSERT INTO banyan.journal_hold (scope, low, high, until)
VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
RETURNING id
