-- A route has at most $8 callers; calls of further ones go to $9.
INSERT INTO banyan.usage_day AS u (route, caller, day, calls, good, first_seen, last_seen)
SELECT $1::text, CASE
    WHEN EXISTS (SELECT FROM banyan.usage_day WHERE route = $1 AND caller = $2::text) THEN $2::text
    WHEN (SELECT count(DISTINCT caller) FROM banyan.usage_day WHERE route = $1) < $8::integer THEN $2::text
    ELSE $9::text
END, $3::integer, $4::bigint, $5::bigint, $6::double precision, $7::double precision
ON CONFLICT (route, caller, day) DO UPDATE SET
    calls = u.calls + excluded.calls,
    good = u.good + excluded.good,
    first_seen = least(u.first_seen, excluded.first_seen),
    last_seen = greatest(u.last_seen, excluded.last_seen)
