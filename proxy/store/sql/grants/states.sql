SELECT provider, state, count(*) AS families,
    max(extract(epoch FROM clock_timestamp() - coalesce(CASE WHEN state = 'inflight' THEN intent_at END, moved_at)))::float8 AS oldest
FROM banyan.grant_family GROUP BY provider, state
