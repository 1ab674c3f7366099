-- The $1 epochs of each route that were announced last stay, with what was found in them.
WITH gone AS (
    DELETE FROM banyan.epoch AS epoch USING (
        SELECT route, number, row_number() OVER (PARTITION BY route ORDER BY seen DESC, number DESC) AS place FROM banyan.epoch
    ) AS ranked
    WHERE place > $1 AND epoch.route = ranked.route AND epoch.number = ranked.number
    RETURNING epoch.route, epoch.number
), tallies AS (
    DELETE FROM banyan.tally USING gone WHERE tally.route = gone.route AND tally.epoch = gone.number
), noise AS (
    DELETE FROM banyan.noise_count USING gone WHERE noise_count.route = gone.route AND noise_count.epoch = gone.number
), clusters AS (
    DELETE FROM banyan.cluster USING gone WHERE cluster.route = gone.route AND cluster.epoch = gone.number
)
DELETE FROM banyan.sample USING gone WHERE sample.route = gone.route AND sample.epoch = gone.number
