SELECT route, cohort, side, by, since, until, reason FROM banyan.pin
