SELECT route, bad, numbers, updated FROM banyan.guard
