-- A route has at most $1 clusters in an epoch; what happens in further ones is counted in one called $2.
WITH fresh AS (
    SELECT route, epoch, id, row_number() OVER (PARTITION BY route, epoch ORDER BY id COLLATE "C") AS place
    FROM (SELECT DISTINCT route, epoch, id FROM banyan.staged_cluster) AS staged
    WHERE NOT EXISTS (
        SELECT FROM banyan.cluster AS known
        WHERE known.route = staged.route AND known.epoch = staged.epoch AND known.id = staged.id
    )
), held AS (
    SELECT route, epoch, count(*) AS clusters FROM banyan.cluster
    WHERE (route, epoch) IN (SELECT route, epoch FROM fresh) GROUP BY route, epoch
)
UPDATE banyan.staged_cluster AS staged SET id = $2, path = $2
FROM fresh LEFT JOIN held USING (route, epoch)
WHERE place + coalesce(clusters, 0) > $1
    AND staged.route = fresh.route AND staged.epoch = fresh.epoch AND staged.id = fresh.id
