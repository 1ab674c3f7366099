-- The oldest of each by the index `journal_began`: no look at every write.
SELECT route, state, count, bytes, coalesce(extract(epoch FROM clock_timestamp() - (
    SELECT began FROM banyan.journal AS one WHERE one.route = known.route AND one.state = known.state ORDER BY began LIMIT 1
))::float8, 0) AS oldest
FROM (
    SELECT route, state, sum(writes)::bigint AS count, sum(bytes)::bigint AS bytes FROM banyan.journal_count GROUP BY route, state
) AS known
WHERE count > 0
