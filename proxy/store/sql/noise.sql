SELECT route, path, numbers, decided, until, updated, why FROM banyan.noise WHERE route = $1
