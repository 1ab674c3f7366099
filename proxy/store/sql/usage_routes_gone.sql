SELECT route, takes FROM banyan.usage_route WHERE since <= 0
