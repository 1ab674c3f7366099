SELECT route, state, count(*) AS count, extract(epoch FROM clock_timestamp() - min(began))::float8 AS oldest
FROM banyan.journal GROUP BY route, state
