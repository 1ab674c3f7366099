SELECT EXISTS (SELECT FROM banyan.grant_credential WHERE hash = $1 AND ok_at > clock_timestamp() - make_interval(secs => $2))
