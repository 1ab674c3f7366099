-- Of what a route took before it took something else: up to then.
SELECT asked.route, caller, sum(calls)::bigint AS calls, sum(good)::bigint AS good, min(first_seen) AS first,
    max(least(last_seen, -former.since)) AS last, count(*)::integer AS days
FROM unnest($1::text[]) AS asked (route)
LEFT JOIN banyan.usage_route AS former ON former.route = asked.route AND asked.route LIKE '% %'
JOIN banyan.usage_day AS used ON used.route = split_part(asked.route, ' ', 1)
WHERE former.route IS NULL OR used.first_seen <= -former.since
GROUP BY asked.route, caller ORDER BY asked.route COLLATE "C", caller COLLATE "C"
