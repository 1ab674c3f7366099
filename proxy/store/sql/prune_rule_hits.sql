DELETE FROM banyan.rule_hits WHERE last_hit < $1
