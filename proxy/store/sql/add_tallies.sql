INSERT INTO banyan.tally (route, epoch, minute, shape, outcome, kind, severity, why, step, side, count)
SELECT route, epoch, minute, shape, outcome, kind, severity, why, step, side, sum(count)::bigint
FROM banyan.staged_tally GROUP BY route, epoch, minute, shape, outcome, kind, severity, why, step, side
ON CONFLICT (route, epoch, minute, shape, outcome, kind, severity, why, step, side)
DO UPDATE SET count = tally.count + excluded.count
