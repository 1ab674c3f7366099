-- Of those that are not among $1: what is gone since before $2, and has no records from its time.
DELETE FROM banyan.usage_route AS known WHERE route <> ALL ($1::text[]) AND since <= 0 AND -since < $2
AND NOT EXISTS (
    SELECT FROM banyan.usage_day AS used
    WHERE used.route = split_part(known.route, ' ', 1) AND (used.route = known.route OR used.first_seen <= -known.since)
)
