SELECT route, shape, legacy, compared, first_seen, last_seen FROM banyan.shape WHERE route = $1
