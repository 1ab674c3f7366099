-- Those before $1, and the oldest ones until at most $2 bytes are left.
DELETE FROM banyan.recorded AS recorded USING (
    SELECT
        route, request_id,
        sum(length(exchange)) OVER (ORDER BY at DESC, request_id COLLATE "C", route COLLATE "C" ROWS UNBOUNDED PRECEDING) AS held
    FROM banyan.recorded
) AS ranked
WHERE recorded.route = ranked.route AND recorded.request_id = ranked.request_id AND (recorded.at < $1 OR held > $2)
