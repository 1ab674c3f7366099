SELECT route, id, keys, last_seen FROM banyan.key_group WHERE route = $1
