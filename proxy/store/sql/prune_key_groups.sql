-- Those last met before $1 go, and the oldest ones until $2 are left.
DELETE FROM banyan.key_group AS gone USING (
    SELECT route, id, row_number() OVER (ORDER BY last_seen DESC, id COLLATE "C", route COLLATE "C") AS place
    FROM banyan.key_group
) AS ranked
WHERE (place > $2 OR last_seen < $1) AND gone.route = ranked.route AND gone.id = ranked.id
