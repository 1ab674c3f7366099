-- A route has at most $1 paths with counts of noise; further ones are not learned.
WITH fresh AS (
    SELECT route, path, row_number() OVER (PARTITION BY route ORDER BY path COLLATE "C") AS place
    FROM (SELECT DISTINCT route, path FROM banyan.staged_noise_count) AS staged
    WHERE NOT EXISTS (SELECT FROM banyan.noise_count AS known WHERE known.route = staged.route AND known.path = staged.path)
), held AS (
    SELECT route, count(*) AS paths FROM banyan.noise_count WHERE route IN (SELECT route FROM fresh) GROUP BY route
), refused AS (
    SELECT fresh.route, fresh.path FROM fresh LEFT JOIN held USING (route) WHERE place + coalesce(paths, 0) > $1
)
INSERT INTO banyan.noise_count (route, path, asked, raw_only, noise_only, "both")
SELECT route, path, sum(asked)::bigint, sum(raw_only)::bigint, sum(noise_only)::bigint, sum("both")::bigint
FROM banyan.staged_noise_count WHERE (route, path) NOT IN (SELECT route, path FROM refused) GROUP BY route, path
ON CONFLICT (route, path) DO UPDATE SET
    asked = noise_count.asked + excluded.asked,
    raw_only = noise_count.raw_only + excluded.raw_only,
    noise_only = noise_count.noise_only + excluded.noise_only,
    "both" = noise_count."both" + excluded."both"
