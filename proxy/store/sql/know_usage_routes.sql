-- $1 are all routes, in order, $2 what they take: one that takes something else, or was not there, is known since $3.
-- One that is gone is known below 0. So is what a route took before, under its name and the digest of that.
WITH gone AS (UPDATE banyan.usage_route SET since = -$3::double precision WHERE route <> ALL ($1::text[]) AND since > 0),
former AS (
    INSERT INTO banyan.usage_route AS before (route, takes, since)
    SELECT route || ' ' || split_part(known.takes, ' ', 1), known.takes,
        CASE WHEN known.since > 0 THEN -$3::double precision ELSE known.since END
    FROM banyan.usage_route AS known JOIN unnest($1::text[], $2::text[]) AS asked (route, takes) USING (route)
    WHERE split_part(known.takes, ' ', 1) <> split_part(asked.takes, ' ', 1)
    ORDER BY route
    ON CONFLICT (route) DO UPDATE SET since = least(before.since, excluded.since)
)
INSERT INTO banyan.usage_route AS known (route, takes, since)
SELECT route, takes, $3 FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (route, takes, place) ORDER BY place
ON CONFLICT (route) DO UPDATE SET
    takes = excluded.takes,
    since = CASE
        WHEN known.since > 0 AND split_part(known.takes, ' ', 1) = split_part(excluded.takes, ' ', 1) THEN known.since
        ELSE excluded.since
    END
RETURNING route, since
