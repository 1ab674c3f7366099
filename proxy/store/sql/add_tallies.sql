INSERT INTO banyan.tally (route, epoch, minute, shape, outcome, kind, severity, why, count)
SELECT route, epoch, minute, shape, outcome, kind, severity, why, sum(count)::bigint
FROM banyan.staged_tally GROUP BY route, epoch, minute, shape, outcome, kind, severity, why
ON CONFLICT (route, epoch, minute, shape, outcome, kind, severity, why)
DO UPDATE SET count = tally.count + excluded.count
