SELECT route, "on", by, since, reason FROM banyan.kill
