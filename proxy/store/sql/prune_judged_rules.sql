-- The $1 rules of each route that were edited last stay.
DELETE FROM banyan.judged_rules AS rules USING (
    SELECT route, mark, row_number() OVER (PARTITION BY route ORDER BY minute DESC, mark) AS place FROM banyan.judged_rules
) AS ranked
WHERE place > $1 AND rules.route = ranked.route AND rules.mark = ranked.mark
