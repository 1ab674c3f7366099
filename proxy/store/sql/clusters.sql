SELECT id, route, epoch, path, kind, severity, count, first_seen, last_seen, accepted, counted
FROM banyan.cluster WHERE route = $1 AND epoch = $2
