SELECT route, takes FROM banyan.usage_route WHERE route <> ALL ($1::text[])
