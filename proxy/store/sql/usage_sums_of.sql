-- Of routes that are named; of what one took before it took something else, up to then.
SELECT route, caller, sum(calls)::bigint AS calls, sum(good)::bigint AS good, min(first_seen) AS first,
    max(last_seen) AS last, count(*)::integer AS days
FROM banyan.usage_day WHERE route = ANY ($1::text[])
GROUP BY route, caller
UNION ALL
SELECT former.route, caller, sum(calls)::bigint, sum(good)::bigint, min(first_seen),
    max(least(last_seen, -former.since)), count(*)::integer
FROM banyan.usage_route AS former
JOIN banyan.usage_day AS used ON used.route = split_part(former.route, ' ', 1) AND used.first_seen <= -former.since
WHERE former.route = ANY ($1::text[]) AND former.route LIKE '% %'
GROUP BY former.route, caller
ORDER BY route, caller
