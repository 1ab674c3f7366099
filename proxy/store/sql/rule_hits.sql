SELECT route, rule, hits, last_hit FROM banyan.rule_hits WHERE route = $1
