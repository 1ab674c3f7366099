SELECT route, epoch, minute, shape, outcome, kind, severity, why, step, side, count FROM banyan.tally
WHERE route = $1 AND epoch = $2 AND minute >= $3
