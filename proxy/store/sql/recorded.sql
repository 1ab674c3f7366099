SELECT exchange FROM banyan.recorded WHERE route = $1 ORDER BY at DESC, request_id COLLATE "C" LIMIT $2
