SELECT route, path, numbers, decided, until, updated FROM banyan.noise WHERE route = $1
