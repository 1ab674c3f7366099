SELECT route, by, since, until, reason FROM banyan.hold
