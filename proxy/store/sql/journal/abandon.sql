UPDATE banyan.journal SET holder = '', held = clock_timestamp() WHERE id = ANY($1::uuid[]) AND state = 'pending'
