DELETE FROM banyan.recorded AS recorded USING (
    SELECT route, request_id, row_number() OVER (PARTITION BY route ORDER BY at DESC, request_id COLLATE "C") AS place
    FROM banyan.recorded WHERE route IN (SELECT route FROM banyan.staged_recorded)
) AS ranked
WHERE place > $1 AND recorded.route = ranked.route AND recorded.request_id = ranked.request_id
