-- $1 of the lowest draws stay, which is a fair sample however the rest came and from wherever, and the $1 newest.
DELETE FROM banyan.sample AS sample USING (
    SELECT
        route, epoch, cluster, request_id,
        row_number() OVER (PARTITION BY route, epoch, cluster ORDER BY draw, request_id COLLATE "C") AS by_draw,
        row_number() OVER (PARTITION BY route, epoch, cluster ORDER BY at DESC, request_id COLLATE "C") AS by_age
    FROM banyan.sample
    WHERE (route, epoch, cluster) IN (SELECT route, epoch, cluster FROM banyan.staged_sample)
) AS ranked
WHERE by_draw > $1 AND by_age > $1
    AND sample.route = ranked.route AND sample.epoch = ranked.epoch
    AND sample.cluster = ranked.cluster AND sample.request_id = ranked.request_id
