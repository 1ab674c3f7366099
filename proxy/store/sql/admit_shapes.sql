-- A route has at most $1 shapes; the counts of further ones go to $2.
WITH fresh AS (
    SELECT route, shape, row_number() OVER (PARTITION BY route ORDER BY shape COLLATE "C") AS place
    FROM (SELECT DISTINCT route, shape FROM banyan.staged_shape) AS staged
    WHERE NOT EXISTS (SELECT FROM banyan.shape AS known WHERE known.route = staged.route AND known.shape = staged.shape)
), held AS (
    SELECT route, count(*) AS shapes FROM banyan.shape WHERE route IN (SELECT route FROM fresh) GROUP BY route
), refused AS (
    SELECT fresh.route, fresh.shape FROM fresh LEFT JOIN held USING (route) WHERE place + coalesce(shapes, 0) > $1
), renamed AS (
    UPDATE banyan.staged_tally AS staged SET shape = $2 FROM refused
    WHERE staged.route = refused.route AND staged.shape = refused.shape
)
UPDATE banyan.staged_shape AS staged SET shape = $2 FROM refused
WHERE staged.route = refused.route AND staged.shape = refused.shape
