SELECT route, caller, day, calls, good, first_seen AS first, last_seen AS last
FROM banyan.usage_day WHERE route = $1 ORDER BY caller COLLATE "C", day
