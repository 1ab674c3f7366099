WITH compared AS (
    SELECT sum(count) AS all_told FROM banyan.tally WHERE route = $1 AND epoch = $2 AND outcome <> 'incomparable'
)
SELECT
    id, route, epoch, path, kind, severity, count, first_seen, last_seen, accepted,
    least(1, coalesce(count / nullif(all_told, 0), 0))::double precision AS share
FROM banyan.cluster, compared WHERE route = $1 AND epoch = $2
