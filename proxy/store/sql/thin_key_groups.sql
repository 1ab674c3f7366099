-- The $1 groups of a route that were met last stay.
DELETE FROM banyan.key_group AS gone USING (
    SELECT route, id, row_number() OVER (PARTITION BY route ORDER BY last_seen DESC, id COLLATE "C") AS place
    FROM banyan.key_group WHERE route IN (SELECT route FROM banyan.staged_key_group)
) AS ranked
WHERE place > $1 AND gone.route = ranked.route AND gone.id = ranked.id
