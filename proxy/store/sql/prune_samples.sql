-- Those before $1, those without a cluster, and the oldest ones until at most $2 bytes are left.
DELETE FROM banyan.sample AS sample USING (
    SELECT
        route, epoch, cluster, request_id,
        sum(length(exchange)) OVER (ORDER BY at DESC, request_id COLLATE "C", cluster COLLATE "C" ROWS UNBOUNDED PRECEDING) AS held
    FROM banyan.sample
) AS ranked
WHERE sample.route = ranked.route AND sample.epoch = ranked.epoch
    AND sample.cluster = ranked.cluster AND sample.request_id = ranked.request_id
    AND (
        sample.at < $1 OR held > $2
        OR NOT EXISTS (
            SELECT FROM banyan.cluster AS known
            WHERE known.route = sample.route AND known.epoch = sample.epoch AND known.id = sample.cluster
        )
    )
