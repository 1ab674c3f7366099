SELECT instance, revision, version, greatest(0, extract(epoch FROM clock_timestamp() - seen))::double precision AS seconds_ago
FROM banyan.presence WHERE seen > clock_timestamp() - make_interval(secs => $1)
