WITH ended AS (
    DELETE FROM banyan.journal_hold WHERE id = ANY($1::bigint[]) AND $2::double precision <= 0
)
UPDATE banyan.journal_hold SET until = clock_timestamp() + make_interval(secs => $2) WHERE id = ANY($1::bigint[]) AND $2 > 0
