-- A route has at most $1 counts of noise; further ones are not learned.
WITH fresh AS (
    SELECT route, path, measure, epoch, row_number() OVER (
        PARTITION BY route ORDER BY path COLLATE "C", measure COLLATE "C", epoch
    ) AS place
    FROM (SELECT DISTINCT route, path, measure, epoch FROM banyan.staged_noise_count) AS staged
    WHERE NOT EXISTS (
        SELECT FROM banyan.noise_count AS known
        WHERE (known.route, known.path, known.measure, known.epoch) = (staged.route, staged.path, staged.measure, staged.epoch)
    )
), held AS (
    SELECT route, count(*) AS counts FROM banyan.noise_count WHERE route IN (SELECT route FROM fresh) GROUP BY route
), refused AS (
    SELECT fresh.* FROM fresh LEFT JOIN held USING (route) WHERE place + coalesce(counts, 0) > $1
)
INSERT INTO banyan.noise_count (route, path, measure, epoch, asked, raw_only, noise_only, "both")
SELECT route, path, measure, epoch, sum(asked)::bigint, sum(raw_only)::bigint, sum(noise_only)::bigint, sum("both")::bigint
FROM banyan.staged_noise_count
WHERE (route, path, measure, epoch) NOT IN (SELECT route, path, measure, epoch FROM refused)
GROUP BY route, path, measure, epoch
ON CONFLICT (route, path, measure, epoch) DO UPDATE SET
    asked = noise_count.asked + excluded.asked,
    raw_only = noise_count.raw_only + excluded.raw_only,
    noise_only = noise_count.noise_only + excluded.noise_only,
    "both" = noise_count."both" + excluded."both"
