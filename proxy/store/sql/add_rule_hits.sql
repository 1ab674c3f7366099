INSERT INTO banyan.rule_hits (route, rule, hits, last_hit)
SELECT route, rule, sum(hits)::bigint, max(last_hit) FROM banyan.staged_rule_hits GROUP BY route, rule
ON CONFLICT (route, rule) DO UPDATE SET
    hits = rule_hits.hits + excluded.hits,
    last_hit = greatest(rule_hits.last_hit, excluded.last_hit)
