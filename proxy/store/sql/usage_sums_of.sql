SELECT route, caller, sum(calls)::bigint AS calls, sum(good)::bigint AS good, min(first_seen) AS first,
    max(last_seen) AS last, count(*)::integer AS days
FROM banyan.usage_day WHERE route = ANY ($1::text[])
GROUP BY route, caller ORDER BY route COLLATE "C", caller COLLATE "C"
