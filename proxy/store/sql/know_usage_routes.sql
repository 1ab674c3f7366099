-- $1 are all routes, in order, $2 what they take: one that takes something else, or was not there, is known since $3.
WITH gone AS (DELETE FROM banyan.usage_route WHERE route <> ALL ($1::text[]))
INSERT INTO banyan.usage_route AS known (route, takes, since)
SELECT route, takes, $3 FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (route, takes, place) ORDER BY place
ON CONFLICT (route) DO UPDATE SET
    takes = excluded.takes,
    since = CASE WHEN known.takes = excluded.takes THEN known.since ELSE excluded.since END
RETURNING route, since
