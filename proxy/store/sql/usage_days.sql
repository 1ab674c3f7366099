SELECT route, caller, day, calls, good, first_seen AS first, last_seen AS last
FROM banyan.usage_day WHERE route = ANY ($1::text[]) ORDER BY route COLLATE "C", caller COLLATE "C", day
