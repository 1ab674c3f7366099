UPDATE banyan.journal_hold SET until = clock_timestamp() + make_interval(secs => $2) WHERE id = ANY($1::bigint[])
